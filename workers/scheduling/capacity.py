"""The measured capacity of one machine, in streams of a reference size."""

from __future__ import annotations

import dataclasses

from workers.scheduling.job_load import HEADROOM
from workers.scheduling.stream_state import MIN_RATIO_TO_START, PRIOR_CHANGE

WIDTH, HEIGHT, FPS = 480, 270, 30
"""The stream that capacity and load are counted in; the default net is measured on it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Capacity:
    """The measured machine."""

    streams: float
    "Streams of 480x270 at 30 frames per second that it holds in time."
    ms_per_frame: float
    "The default net on one such frame."
    macs: dict[str, int]
    "Multiply-adds per input pixel by model."
    model: str
    "The default model."
    scales: dict[str, int] = dataclasses.field(default_factory=dict)
    "Enlargement of each model; 2 where it is not told."
    smaller: dict[str, str] = dataclasses.field(default_factory=dict)
    "The net that may serve in a model's place when time is short, where there is one."
    core_ms: float = 0.0
    "Time of one core for a frame of that stream, in ms; 0 where it was not measured."
    is_fixed: bool = False
    "The operator said how many streams it holds."
    propagating: frozenset[str] = frozenset()
    "Models whose pictures are propagated here, so that the net runs on regions."
    planning_ms: float = 0.0
    "Time of one core to plan propagation for a frame of that stream, in ms."

    def within(self, cores: float) -> float:
        """Returns the streams that it holds where so many cores' time is granted: a quota may be
        less than what there was when it was measured, and change.
        """
        if self.is_fixed or self.core_ms <= 0.0:
            return self.streams
        return min(self.streams, HEADROOM * 1000.0 / FPS * cores / self.core_ms)

    def frame_ms(self, model: str, width: int, height: int) -> float:
        """Returns what a net is expected to take for a frame of a size, in milliseconds."""
        # In proportion to multiply-adds and pixels. Threads and caches make that inexact; it has to
        # serve only until frames of this size were measured. A model that is not known here counts
        # as much as the default one.
        base = self.macs.get(self.model, 0)
        heavier = self.macs.get(model, base) / base if base else 1.0
        return self.ms_per_frame * heavier * width * height / (WIDTH * HEIGHT)

    def least_ms(self, model: str, width: int, height: int) -> float:
        """Returns the same for the model's cheapest net: the one that may serve in its place, or
        itself.
        """
        return self.frame_ms(self.smaller.get(model, model), width, height)

    def partial_ms(
        self, model: str, width: int, height: int, *, whole_ms: float | None = None
    ) -> float | None:
        """Returns what as much of propagation as is worth having is expected to take for a frame,
        where the whole net takes ``whole_ms``; None where nothing is propagated.
        """
        if model not in self.propagating:
            return None
        whole_ms = whole_ms or self.frame_ms(model, width, height)
        part = MIN_RATIO_TO_START * PRIOR_CHANGE
        return self.planning_ms * width * height / (WIDTH * HEIGHT) + part * whole_ms
