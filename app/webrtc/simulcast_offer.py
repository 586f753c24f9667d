"""Simulcast in offers (RFC 8853) and restriction identifiers (RFC 8851): what an answer takes.

All layers are taken, since OBS and browsers give up where one is refused. Which of them becomes
the source is chosen when they flow: ``app/rtp/layer_choice.py``.
"""

from __future__ import annotations

import dataclasses
import re

from app.errors import BadOffer
from app.webrtc.sdp_description import Section

MAX_LAYERS = 6
"""OBS sends four at most, browsers three; each has a retransmission's source beside its own."""

_RID = re.compile(r"([A-Za-z0-9_-]{1,32}) +(send|recv)(?: +([!-~]{1,400}))?")
_PART = re.compile(r"(send|recv) +([A-Za-z0-9_~,;-]{1,600})")


@dataclasses.dataclass(frozen=True, slots=True)
class SimulcastLayer:
    """One stream that the offerer sends under a restriction identifier."""

    rid: str
    payloads: tuple[int, ...] = ()
    "Payload types that it is restricted to; empty means all of the section."

    def line(self) -> str:
        """Returns the value of the answer's ``a=rid``."""
        types = ",".join(str(number) for number in self.payloads)
        return f"{self.rid} recv" + (f" pt={types}" if types else "")


@dataclasses.dataclass(frozen=True, slots=True)
class SimulcastOffer:
    """The layers that an offerer sends."""

    layers: tuple[SimulcastLayer, ...] = ()
    "Layers in the offer's order of preference."
    is_simulcast: bool = False
    "True if they stand in ``a=simulcast``: then the answer has that line too."

    def lines(self) -> list[str]:
        """Returns the answer's lines."""
        found = [f"a=rid:{layer.line()}" for layer in self.layers]
        if self.is_simulcast and self.layers:
            found.append("a=simulcast:recv " + ";".join(layer.rid for layer in self.layers))
        return found


def read_simulcast(section: Section, accepted: set[int]) -> SimulcastOffer:
    """Returns the layers of a publisher's section; ``accepted`` are the answer's payload types.

    Raises BadOffer for a malformed or contradictory ``a=simulcast`` line.
    """
    layers = _layers(section, accepted)
    values = section.values("simulcast")
    if not values:
        return SimulcastOffer(tuple(layers.values())[:MAX_LAYERS])
    if len(values) > 1:
        raise BadOffer("The offer has more than one a=simulcast line in a section.")
    parts = _parts(values[0])
    if "send" not in parts:
        return SimulcastOffer()
    chosen: dict[str, SimulcastLayer] = {}
    for alternatives in parts["send"].split(";"):
        # RFC 8853 section 5.1: commas part alternatives, ~ marks one that begins paused.
        names = [name.removeprefix("~") for name in alternatives.split(",")]
        usable = [name for name in names if name in layers and name not in chosen]
        if usable:
            chosen[usable[0]] = layers[usable[0]]
    return SimulcastOffer(tuple(chosen.values())[:MAX_LAYERS], is_simulcast=True)


def _parts(value: str) -> dict[str, str]:
    """Reads ``send`` and ``recv`` of an ``a=simulcast`` value."""
    parts: dict[str, str] = {}
    rest = value
    while rest:
        match = _PART.match(rest)
        if match is None or match[1] in parts:
            raise BadOffer("The a=simulcast line is malformed.")
        parts[match[1]] = match[2]
        rest = rest[match.end() :].strip()
    if not parts:
        raise BadOffer("The a=simulcast line is malformed.")
    return parts


def _layers(section: Section, accepted: set[int]) -> dict[str, SimulcastLayer]:
    """Returns the layers of ``a=rid`` lines; the malformed are discarded (RFC 8851 6.2)."""
    found: dict[str, SimulcastLayer] = {}
    for value in section.values("rid"):
        match = _RID.fullmatch(value)
        if match is None or match[2] != "send" or match[1] in found:
            continue
        limits = [p for p in (match[3] or "").split(";") if p.startswith("pt=")]
        types = limits[0].removeprefix("pt=").split(",") if limits else []
        kept = tuple(n for n in sorted(accepted) if str(n) in types)
        # A layer that is restricted to codecs which were not taken cannot be received.
        if limits and not kept:
            continue
        found[match[1]] = SimulcastLayer(match[1], kept)
    return found
