"""Progress of ``sharpcast enhance`` over all its files: speed and time left; no I/O, no clock."""

from __future__ import annotations

import dataclasses
from typing import Any

_MIN_WORK_S = 1.0
"""Seconds of work before a speed is told: the first pictures come in bursts."""


@dataclasses.dataclass(slots=True)
class _File:
    frames: int = 0
    total: int = 0
    first: tuple[int, float] | None = None
    "Pictures and time of the first figures: loading the net is no speed."


class EnhanceReport:
    """Follows files one after the other. All times are seconds of one clock that only grows."""

    def __init__(self, files: int) -> None:
        self._files = files
        self._finished = 0
        self._file = _File()
        self.done = 0
        self.skipped = 0
        self.failed = 0
        self.frames = 0
        "Pictures of all finished files."

    def begin(self) -> None:
        """Notes that a file begins."""
        self._file = _File()

    def show(self, frames: int, total: int, *, fps: float, now: float) -> dict[str, Any]:
        """Returns the figures of a file that goes on; ``fps`` is that of the film, 0 if unknown.

        What is not known yet is None: speed in the first second, time left without a length.
        """
        self._file.frames, self._file.total = frames, total
        if self._file.first is None:
            self._file.first = frames, now
        made, worked_s = frames - self._file.first[0], now - self._file.first[1]
        rate = made / worked_s if worked_s >= _MIN_WORK_S and made > 0 else None
        left_s = None
        if rate is not None and total:
            left_s = round(max(0, total - frames) / rate, 1)
        return {
            "frames": frames,
            "frames_total": total or None,
            "fps": None if rate is None else round(rate, 2),
            "speed": None if rate is None or not fps else round(rate / fps, 3),
            "left_s": left_s,
            "file": self._finished + 1,
            "files": self._files,
        }

    def end(self, outcome: str) -> None:
        """Notes how a file ended: ``done``, ``skipped`` or ``failed``."""
        self._finished += 1
        if outcome == "done":
            self.done += 1
            self.frames += self._file.frames
        elif outcome == "skipped":
            self.skipped += 1
        else:
            self.failed += 1

    @property
    def summary(self) -> dict[str, Any]:
        """Figures of all files."""
        return {
            "files": self._files,
            "done": self.done,
            "skipped": self.skipped,
            "failed": self.failed,
            "frames": self.frames,
        }
