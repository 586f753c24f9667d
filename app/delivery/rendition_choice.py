"""The choice of the log that a viewer reads, by the codecs that it can decode; no I/O, no clock."""

from __future__ import annotations

import dataclasses

from app.errors import BadOffer
from media.codec_table import ENCODED, title_of
from wire import keys

USUAL = ENCODED[0].name
"""The codec of a usual log where no lead has chosen one. Whoever takes the rendition makes the log
that the viewer was promised, whatever it prefers itself."""


@dataclasses.dataclass(frozen=True, slots=True)
class Coding:
    """The codecs of a stream and a rendition, as their records say."""

    source: str
    "Codec of the source."
    output: str = ""
    "Codec of the rendition's usual log; empty while nobody has chosen."


@dataclasses.dataclass(frozen=True, slots=True)
class PlayRequest:
    """A viewer's request, with the codecs that it can decode."""

    rendition: str
    "``source``, a simulcast layer's, or the name of an enhanced one."
    fallback: bool
    "The source may stand in for the enhanced rendition."
    codecs: frozenset[str]
    "Video codecs that it can decode, in lower case."
    whole: frozenset[str]
    "Codecs of which it has all tools that workers use, as High in H.264."
    adapts: bool = False
    "It leaves the choice of the rendition to its connection."


def choose(request: PlayRequest, coding: Coding) -> str:
    """Chooses the rendition whose log the viewer reads. Raises BadOffer (422) where there is none.

    In this order: the enhanced rendition that all share, where the viewer has both codecs that it
    may hold (a lead that does not enhance copies the source into it), with all tools of the one
    that is encoded; the enhanced rendition in one codec that the viewer has, the lead's first; the
    source, where it may stand in.
    """
    has_source = coding.source in request.codecs
    if request.rendition == keys.SOURCE or keys.is_layer(request.rendition):
        if not has_source:
            raise BadOffer(
                f"The source is coded as {title_of(coding.source)}, which the offer has not.",
                status=422,
            )
        return request.rendition
    usual = coding.output or USUAL
    # A lead may begin or cease to copy the source at any time, so a viewer of the usual log must be
    # able to decode both codecs.
    if has_source and usual in request.whole:
        return request.rendition
    # A variant never holds another codec than its own, whatever the lead prefers, copies or is
    # replaced by, and is encoded with no more tools than every decoder has.
    for codec in (usual, *keys.VARIANTS):
        if codec in request.codecs and codec in keys.VARIANTS:
            return keys.variant(request.rendition, codec)
    if request.fallback and has_source:
        return keys.SOURCE
    known = dict.fromkeys((*keys.VARIANTS, *((coding.source,) if request.fallback else ())))
    *first, last = (title_of(codec) for codec in known)
    raise BadOffer(
        f"The stream can be had as {', '.join(first)} or {last}, and the offer has none of them.",
        status=422,
    )
