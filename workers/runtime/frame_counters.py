"""Counters of the frames of one stream, written by several threads and read by the event loop."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping

_OTHERS = ("dropped", "levels", "temporal_wanted", "temporal_done", "samples", "results")


@dataclasses.dataclass(frozen=True, slots=True)
class Counts:
    """Values of all counters since the session began; they only grow."""

    frames_in: int = 0
    "Video units read, without replayed ones."
    frames_out: int = 0
    enhanced: int = 0
    bicubic: int = 0
    bypassed: int = 0
    key_frames: int = 0
    replayed: int = 0
    "Units that were only decoded, at a take-over, so that later frames can be decoded."
    dropped: dict[str, int] = dataclasses.field(default_factory=dict)
    levels: dict[str, dict[str, int]] = dataclasses.field(default_factory=dict)
    "Frames that were to be enhanced, by quality level and then by ``Reason``."
    temporal_wanted: float = 0.0
    """Work that frames on temporal propagation asked the net for, in whole pictures."""
    temporal_done: float = 0.0
    "Work that the net did for them, in whole pictures."
    samples: dict[str, int] = dataclasses.field(default_factory=dict)
    """Decoded luma samples that the wanted net enlarged in time, halos left out, by device; this
    one is ``""``."""
    results: dict[str, int] = dataclasses.field(default_factory=dict)
    "Results of helpers by what became of them."


class FrameCounters:
    """Thread-safe counters of the frames of one stream.

    Reasons of drops: ``late``, ``broken``, ``no_key_frame``, ``encoder``, ``redis``, ``hidden``
    (the unit has no picture to show). With the prefix ``recode_`` they count copied frames that
    could not be encoded for viewers who lack the source's codec.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(
            (f.name for f in dataclasses.fields(Counts) if f.name not in _OTHERS), 0
        )
        self._dropped: dict[str, int] = {}
        self._levels: dict[str, dict[str, int]] = {}
        self._temporal_wanted = 0.0
        self._temporal_done = 0.0
        self._samples: dict[str, int] = {}
        self._results: dict[str, int] = {}

    def count(self, name: str, number: int = 1) -> None:
        """Adds to the counter of that name in ``Counts``."""
        # Adding is a read and a write; between them another thread could add, and one is lost.
        with self._lock:
            self._counts[name] += number

    def drop(self, reason: str, number: int = 1) -> None:
        """Counts frames that are not put out."""
        with self._lock:
            self._dropped[reason] = self._dropped.get(reason, 0) + number

    def count_level(self, level: str, reason: str) -> None:
        """Counts a frame by its quality level and the reason for it."""
        with self._lock:
            reasons = self._levels.setdefault(level, {})
            reasons[reason] = reasons.get(reason, 0) + 1

    def count_refresh(self, *, wanted: float, done: float) -> None:
        """Adds the work that a frame on temporal propagation asked for and got, as fractions of
        the whole net's.
        """
        with self._lock:
            self._temporal_wanted += wanted
            self._temporal_done += done

    def count_samples(self, samples: Mapping[str, int]) -> None:
        """Adds the samples that devices enlarged for a frame."""
        with self._lock:
            for device, number in samples.items():
                self._samples[device] = self._samples.get(device, 0) + number

    def count_results(self, outcome: str, number: int = 1) -> None:
        """Counts results of helpers by what became of them."""
        with self._lock:
            self._results[outcome] = self._results.get(outcome, 0) + number

    def read(self) -> Counts:
        """Returns the current values."""
        # Copies, down to the inner dictionaries: the loop encodes the report while the threads go
        # on counting, and a dictionary that grows meanwhile raises.
        with self._lock:
            levels = {level: dict(reasons) for level, reasons in self._levels.items()}
            return Counts(
                **self._counts,
                dropped=dict(self._dropped),
                levels=levels,
                temporal_wanted=self._temporal_wanted,
                temporal_done=self._temporal_done,
                samples=dict(self._samples),
                results=dict(self._results),
            )
