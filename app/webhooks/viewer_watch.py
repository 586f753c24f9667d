"""Finds out which viewers came and left, from those who are there; no I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping

Viewer = tuple[str, str]
"""(stream, name); the name is that of a person, who may have several sessions."""


class ViewerWatch:
    """Compares who watches with who watched before. A change of rendition is no news."""

    def __init__(self) -> None:
        self._present: dict[Viewer, str] = {}

    def step(self, present: Mapping[Viewer, str]) -> tuple[dict[Viewer, str], dict[Viewer, str]]:
        """Takes the rendition of each viewer; returns those who came and those who left."""
        before, self._present = self._present, dict(present)
        came = {each: self._present[each] for each in sorted(present.keys() - before.keys())}
        left = {each: before[each] for each in sorted(before.keys() - present.keys())}
        return came, left
