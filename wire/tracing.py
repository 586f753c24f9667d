"""Traces of access units across processes: which units are traced, and the ids of their spans.

Every process finds the same ids by itself, from a unit's stream and presentation time, which a unit
keeps on all its ways; so nothing more goes over the wire. ``current`` is None while traces are off.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping

Attribute = str | int | float

NONE: Mapping[str, Attribute] = {}
"""Facts of a span that has none of its own."""

ROOT = "unit"
"""Name of the span that all others of a unit are below."""

_SAMPLED_BITS = 56


@dataclasses.dataclass(frozen=True, slots=True)
class Span:
    """A piece of work on a unit; times are Unix us."""

    trace_id: int
    span_id: int
    parent_id: int
    "0 for the root."
    name: str
    began_us: int
    ended_us: int
    attributes: Mapping[str, Attribute]


@dataclasses.dataclass(frozen=True, slots=True)
class UnitTrace:
    """The trace of one unit. Spans are named by their work, and by the rendition where they are of
    one.
    """

    trace_id: int
    stream: str
    pts: int
    _emit: Callable[[Span], None]

    def span(
        self,
        name: str,
        began_us: int | None,
        ended_us: int | None,
        *,
        rendition: str = "",
        parent: str = ROOT,
        key: str = "",
        facts: Mapping[str, Attribute] = NONE,
    ) -> None:
        """Records a span, nothing where one of its ends is not known. ``key`` tells spans of one
        name and rendition apart, ``facts`` become attributes.
        """
        if began_us is None or ended_us is None:
            return
        told: dict[str, Attribute] = {"stream": self.stream, "pts": self.pts, **facts}
        if rendition:
            told["rendition"] = rendition
        attributes = {f"sharpcast.{each}": value for each, value in told.items()}
        parent_id = 0 if name == ROOT else self._id(parent, rendition if parent != ROOT else "", "")
        # Stamps of machines whose clocks differ may go backwards; a span has no negative length.
        ended_us = max(began_us, ended_us)
        own = self._id(name, rendition, key)
        self._emit(Span(self.trace_id, own, parent_id, name, began_us, ended_us, attributes))

    def _id(self, *words: str) -> int:
        """Returns a span's id, which every process finds by itself; never 0."""
        text = "\0".join((str(self.trace_id), *words))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) or 1


class UnitTraces:
    """Chooses the units that are traced: the same ones in every process with the same ratio."""

    def __init__(self, ratio: float, emit: Callable[[Span], None]) -> None:
        self._below = round(ratio * 2**_SAMPLED_BITS)
        self._emit = emit

    def of(self, stream: str, pts: int) -> UnitTrace | None:
        """Returns the trace of a video unit; None for one that is not traced."""
        text = f"{stream}\0{pts}".encode()
        trace_id = int.from_bytes(hashlib.blake2b(text, digest_size=16).digest())
        # The last bits decide, as collectors that sample by the id do it.
        if trace_id % 2**_SAMPLED_BITS >= self._below:
            return None
        return UnitTrace(trace_id or 1, stream, pts, self._emit)


current: UnitTraces | None = None
"""The traces of this process, set once at its start; None: they are off."""
