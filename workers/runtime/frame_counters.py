"""What happened to the frames of one stream; counted by several threads, read by the loop."""

from __future__ import annotations

import dataclasses
import threading

_OTHERS = ("dropped", "rungs", "reuse_wanted", "reuse_done")


@dataclasses.dataclass(frozen=True, slots=True)
class Counts:
    """Counters since the lead began; they only grow."""

    frames_in: int = 0
    "Video units read, replayed ones not counted."
    frames_out: int = 0
    enhanced: int = 0
    bicubic: int = 0
    bypassed: int = 0
    key_frames: int = 0
    replayed: int = 0
    "Units only decoded at a take-over, so that the frames after them can be."
    dropped: dict[str, int] = dataclasses.field(default_factory=dict)
    rungs: dict[str, dict[str, int]] = dataclasses.field(default_factory=dict)
    "Frames that were to be enhanced by what they got and why, as ``Rung`` and ``Reason`` say."
    reuse_wanted: float = 0.0
    """How much of the net's work the frames that reuse made asked for together; the whole net on
    one picture is 1."""
    reuse_done: float = 0.0
    "How much of it they got."


class FrameCounters:
    """The counters. Reasons of drops: ``late``, ``broken``, ``no_key_frame``, ``encoder``,
    ``redis``, ``hidden`` (the unit holds no picture to be shown), and with ``recode_`` before it
    what was copied but could not be coded anew for viewers who lack its codec."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(
            (f.name for f in dataclasses.fields(Counts) if f.name not in _OTHERS), 0
        )
        self._dropped: dict[str, int] = {}
        self._rungs: dict[str, dict[str, int]] = {}
        self._reuse_wanted = 0.0
        self._reuse_done = 0.0

    def count(self, name: str, number: int = 1) -> None:
        """Adds to the counter of that name in ``Counts``."""
        with self._lock:
            self._counts[name] += number

    def drop(self, reason: str, number: int = 1) -> None:
        """Counts frames that are not put out."""
        with self._lock:
            self._dropped[reason] = self._dropped.get(reason, 0) + number

    def climb(self, rung: str, reason: str) -> None:
        """Counts a frame by what it got and why."""
        with self._lock:
            reasons = self._rungs.setdefault(rung, {})
            reasons[reason] = reasons.get(reason, 0) + 1

    def refresh(self, *, wanted: float, done: float) -> None:
        """Counts for a frame that reuse made what it asked for of the net and what it got, as
        shares of the whole net's work.
        """
        with self._lock:
            self._reuse_wanted += wanted
            self._reuse_done += done

    def read(self) -> Counts:
        """The counters now."""
        with self._lock:
            rungs = {rung: dict(reasons) for rung, reasons in self._rungs.items()}
            return Counts(
                **self._counts,
                dropped=dict(self._dropped),
                rungs=rungs,
                reuse_wanted=self._reuse_wanted,
                reuse_done=self._reuse_done,
            )
