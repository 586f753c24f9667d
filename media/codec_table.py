"""The table of codecs: whoever adds one adds its file and its line here."""

from __future__ import annotations

from media.av1 import AV1
from media.codec import Codec, CodecDescriptor
from media.h264 import H264
from media.opus import OPUS
from media.vp8 import VP8
from media.vp9 import VP9

TABLE: tuple[CodecDescriptor, ...] = (H264, VP8, VP9, AV1, OPUS)
"""All codecs, in the order in which sentences name them."""

DESCRIPTORS: dict[Codec, CodecDescriptor] = {each.codec: each for each in TABLE}
"""Descriptors by their numbers on the wire."""

BY_NAME: dict[str, CodecDescriptor] = {each.name: each for each in TABLE}
"""Descriptors by their names in records and in the API: SDP's encoding names in lower case."""

ENCODED: tuple[CodecDescriptor, ...] = tuple(
    each for each in TABLE if each.encoder and each.kind == "video"
)
"""Video codecs in which renditions can be encoded; the first is the default."""


def title_of(name: str) -> str:
    """Returns a codec's name in sentences by that in records, also of one that is not known."""
    described = BY_NAME.get(name)
    return described.title if described is not None else name.upper()


def names_of(kind: str) -> str:
    """Returns the names of all codecs of a kind, for descriptions of the API: ``a, b or c``."""
    *first, last = (each.name for each in TABLE if each.kind == kind)
    return f"{', '.join(first)} or {last}" if first else last
