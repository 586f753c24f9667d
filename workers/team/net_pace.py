"""The time that tasks take here, learnt from those that were done. No clock."""

from __future__ import annotations

__all__ = ["NetPace"]

_DECAY = 0.8
"""Weight of a task against that of the next one: the last five or so tell the pace, which is that
of a device whose other work comes and goes."""

_MAX_STALL = 4.0
"""Factor of its expected time that a task counts at most: one stall of the machine is not the pace,
and a device that really is ten times as slow is known as such after a few tasks."""

_FORGET = 0.9
"""Factor for each task that was refused for its expected time. Without it a pace that was once
learnt too slow would refuse every task, and never be measured again."""


class NetPace:
    """Pace of one net on one device, by the samples that it works on, halos included."""

    def __init__(self) -> None:
        # Sums, not a mean of ratios: a small task is mostly overhead, and tells little of a large
        # one.
        self._samples = self._whole_s = self._engine_s = 0.0

    def learn(self, samples: int, *, whole_s: float, engine_s: float) -> None:
        """Takes a task that was done: its elapsed time, and that of the net in it."""
        if self._samples:
            whole_s = min(whole_s, _MAX_STALL * self.expected_s(samples))
            engine_s = min(engine_s, whole_s)
        self._samples = _DECAY * self._samples + samples
        self._whole_s = _DECAY * self._whole_s + whole_s
        self._engine_s = _DECAY * self._engine_s + engine_s

    def refused(self) -> None:
        """Notes that a task was refused for its expected time."""
        self._whole_s *= _FORGET

    def expected_s(self, samples: int) -> float:
        """Returns the time that a task is expected to take; 0 before the first one was done."""
        return self._whole_s / self._samples * samples if self._samples else 0.0

    @property
    def ms_per_megasample(self) -> float:
        """Time of the net per million samples; 0 before it was measured."""
        return 1e9 * self._engine_s / self._samples if self._samples else 0.0
