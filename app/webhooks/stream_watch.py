"""Finds out which streams began and ended, from those that are there; no I/O, no clock."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable


@dataclasses.dataclass(frozen=True, slots=True)
class LiveStream:
    """A stream that is published here and has pictures."""

    name: str
    epoch: int


class StreamWatch:
    """Compares what is live with what was live before."""

    def __init__(self) -> None:
        self._live: set[LiveStream] = set()

    def step(self, live: Iterable[LiveStream]) -> tuple[list[LiveStream], list[LiveStream]]:
        """Returns the streams that began and those that ended since the last call."""
        found = set(live)
        began, ended = found - self._live, self._live - found
        self._live = found
        return sorted(began, key=_order), sorted(ended, key=_order)


def _order(stream: LiveStream) -> tuple[str, int]:
    return stream.name, stream.epoch
