"""Messages about one frame: the request to the scheduler, its decision, and the usage."""

from __future__ import annotations

import dataclasses
import enum

from workers.scheduling.option import MAX_FRACTION, MethodInfo, Option


class Reason(enum.Enum):
    """The reason for a frame's quality level: what keeps it from the next better one."""

    BEST = "best"
    "There is no better one."
    ALLOCATION = "allocation"
    "The stream's allocation of the engine does not pay for a better one."
    SAVED = "saved"
    "It is better than the allocation pays for on every frame: paid with what was saved."
    LATE = "late"
    "A better one would come too late."
    BUSY = "busy"
    "A better one would be in time if other streams' frames were not before it."
    SLOW = "slow"
    "A better one takes so long that it would hold up the stream."
    PROBE = "probe"
    "It is better than the allocation pays for: once in a while, to measure its cost again."
    NO_NET = "no_net"
    "There is no net yet."
    TOO_LATE = "too_late"
    "Nobody would see the frame in its place."
    OVERCOMMITTED = "overcommitted"
    "More frames come than the cores can put out; some are left out, so that the others are young."


DROP = "drop"
"""Quality level of a frame that is not put out."""

TEAM = "team"
"""Quality level of a frame of which helpers made a part in time, whatever this device added."""


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """The decision on one frame."""

    method: MethodInfo | None
    "None: it is dropped."
    fraction: float = 0.0
    "Fraction that a method which does one may do, 0 to 1; 0 for others."
    reason: Reason = Reason.BEST

    @property
    def level(self) -> str:
        """Name of the quality level."""
        return DROP if self.method is None else self.method.name


@dataclasses.dataclass(frozen=True, slots=True)
class FrameRequest:
    """One frame and its options."""

    arrived: float
    "Time at which its last packet reached the server, on the clock of ``now``."
    interval_s: float
    "Seconds from frame to frame."
    pixels: int
    "Number of pixels of the source's picture."
    options: tuple[Option, ...]
    "Options that it has now; each method at most once."
    energy: float | None = None
    """Residual energy of the net's picture in squared luma levels per pixel, where no option knows
    better. None: not measured; the stream then counts as an average one."""
    refused: Reason | None = None
    "Reason why options with a plan were taken out before they were planned."
    has_helpers: bool = False
    """Other devices work on it: it gets partial work on top of theirs, however little of it, or a
    resize around it."""

    def planned(self) -> FrameRequest:
        """Returns the request with every plan carried out."""
        # Frames without a plan are the usual case on streams that cannot propagate: no copy.
        if all(option.plan is None for option in self.options):
            return self
        options = (option if option.plan is None else option.plan() for option in self.options)
        return dataclasses.replace(self, options=tuple(options))

    def considered(self) -> FrameRequest:
        """Returns the request without the whole of a method whose fraction is small: it would make
        the same picture, later.
        """
        if self.has_helpers:
            # The whole of a net would make again what helpers made.
            kept = (one for one in self.options if one.method.part_of or one.method.is_free)
            return dataclasses.replace(self, options=tuple(kept))
        for option in self.options:
            if option.method.part_of is not None and option.wanted <= MAX_FRACTION:
                return self.without(option.method.part_of)
        return self

    def without(self, *methods: MethodInfo | None) -> FrameRequest:
        """Returns the request without these methods' options."""
        kept = tuple(option for option in self.options if option.method not in methods)
        return self if len(kept) == len(self.options) else dataclasses.replace(self, options=kept)

    @property
    def methods(self) -> frozenset[MethodInfo]:
        """The methods among the options that are not free."""
        return frozenset(one.method for one in self.options if not one.method.is_free)

    @property
    def best_energy(self) -> float | None:
        """Residual energy as an option knows it, or as it was measured."""
        known = (one.energy for one in self.options if one.energy is not None)
        return next(known, self.energy)

    @property
    def wanted(self) -> float:
        """Fraction that the method which does one wants; 1 if there is none."""
        for option in self.options:
            if option.method.part_of is not None:
                return option.wanted
        return 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class Usage:
    """The usage of one frame, in seconds."""

    passed_s: float
    "Time from its decision to the enlarged picture, without waiting for the engine."
    engine_s: float
    "Time of the engine, as it would be if nobody else had work for the cores."
    hold_s: float
    "Time for which it held the engine."
    cpu_s: float
    "CPU time beside the engine: planning, chroma, padding."
    planned_s: float = 0.0
    "Time before its decision that planning took."
    plan_cpu_s: float = 0.0
    "Part of ``cpu_s`` that planning took."
    fraction: float = 1.0
    "Work that was done, in parts of the whole net's."
