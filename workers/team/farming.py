"""Choice between farming a net by regions of each frame and by whole frames in turn."""

from __future__ import annotations

import dataclasses
import enum
import math
from collections.abc import Sequence

from workers.media.frame_info import CELL
from workers.team.device_model import Offer
from workers.team.partition import WantedRegion, work_of
from workers.temporal.region_selection import Region

__all__ = ["Farming", "FarmingChoice", "FarmingMode", "NetProfile", "choose_farming"]

CHOICE_S = 1.0
"""Time between two choices: helpers come and go in seconds."""

WANTED_WEIGHT = 0.03
"""Weight of a frame in the mean of what frames want: a second's."""

MIN_ADVANTAGE = 1.25
"""Throughput by frames in relation to that by regions from which frames are taken: below it the
shorter delay is worth more, and regions leave out what is well predicted."""


class FarmingMode(enum.Enum):
    """The way in which a net's work on a stream is divided."""

    REGIONS = "regions"
    FRAMES = "frames"
    ALONE = "alone"


@dataclasses.dataclass(frozen=True, slots=True)
class NetProfile:
    """The properties of a net on pictures of one size that decide how it can be divided."""

    width: int
    height: int
    halo: int
    "Receptive radius in samples of the decoded picture."
    sees_one_picture: bool = True
    "False for a recurrent net, whose state would have to travel."

    def whole(self) -> int:
        """Returns the samples of a whole picture with its halo."""
        return (self.width + 2 * self.halo) * (self.height + 2 * self.halo)

    def by_regions(self, count: int) -> int:
        """Returns the samples that the net works on where ``count`` devices have one part each, in
        the grid that costs least.
        """
        best = self.whole() if count == 1 else 0
        for rows in range(1, count + 1):
            if count % rows == 0:
                height = math.ceil(self.height / rows) + 2 * self.halo
                width = math.ceil(self.width * rows / count) + 2 * self.halo
                cost = count * height * width
                best = min(best, cost) if best else cost
        return best


@dataclasses.dataclass(frozen=True, slots=True)
class FarmingChoice:
    """A mode with its reason."""

    mode: FarmingMode
    reason: str
    "A sentence for people."


def choose_farming(
    profile: NetProfile, helpers: Sequence[Offer], *, max_delay_s: float, wanted: float = 1.0
) -> FarmingChoice:
    """Returns how a net is best divided among these devices, where results may take
    ``max_delay_s``, the path included. ``wanted`` is the part of a whole frame's work that frames
    want of the net, where only regions of them are worth it.
    """
    if not helpers:
        return FarmingChoice(FarmingMode.ALONE, "No device helps.")
    if not profile.sees_one_picture:
        return FarmingChoice(
            FarmingMode.ALONE,
            "The net remembers earlier pictures, so a helper would need its whole state.",
        )
    count = len(helpers) + 1
    overhead = max(wanted, 0.01) * profile.by_regions(count) / profile.whole()
    slow_ms = [each.work_ms(1, profile.whole()) for each in helpers]
    paths_ms = [1000.0 * (each.start_s + each.return_s) for each in helpers]
    longest_ms = 1000.0 * max_delay_s
    in_time = [ms for ms, path in zip(slow_ms, paths_ms, strict=True) if ms + path <= longest_ms]
    if not in_time:
        return FarmingChoice(
            FarmingMode.REGIONS,
            f"A whole frame would take a helper {min(slow_ms):.0f} ms, "
            f"more than the delay of {longest_ms:.0f} ms allows.",
        )
    by_frames = sum(1.0 / ms for ms in in_time)
    by_parts = sum(1.0 / ms for ms in slow_ms) / overhead
    if by_frames < MIN_ADVANTAGE * by_parts:
        return FarmingChoice(
            FarmingMode.REGIONS,
            f"Regions of {count} devices cost {overhead:.2f} times the work of whole frames, "
            f"and are back sooner than the {min(in_time):.0f} ms that a whole frame takes.",
        )
    return FarmingChoice(
        FarmingMode.FRAMES,
        f"The net sees {profile.halo} samples around each, so that regions of {count} devices "
        f"would cost {overhead:.2f} times the work of whole frames.",
    )


class Farming:
    """Mode of one rendition's team, chosen anew once a second. ``now`` never goes back."""

    def __init__(self, profile: NetProfile, max_delay_s: float) -> None:
        self._profile, self._max_delay_s = profile, max_delay_s
        self._wanted = 1.0
        self._chosen_at: float | None = None
        self.choice = FarmingChoice(FarmingMode.ALONE, "No device helps.")
        self.pinned: FarmingMode | None = None
        "The operator's mode; None leaves it to the profile."

    def plan(
        self, wanted: tuple[WantedRegion, ...], helpers: Sequence[Offer], *, now: float
    ) -> tuple[WantedRegion, ...]:
        """Returns what is to be given out of a frame that wants these regions: all of it as one
        region where the net is farmed by frames.
        """
        profile = self._profile
        part = sum(work_of(one.region, profile.halo) for one in wanted) / profile.whole()
        self._wanted += WANTED_WEIGHT * (min(1.0, part) - self._wanted)
        if self._chosen_at is None or now - self._chosen_at >= CHOICE_S:
            self._chosen_at = now
            choice = choose_farming(
                profile, helpers, max_delay_s=self._max_delay_s, wanted=self._wanted
            )
            self.choice = _as_pinned(choice, self.pinned)
        if self.choice.mode is not FarmingMode.FRAMES or not wanted:
            return wanted
        height, width = (-(-side // CELL) * CELL for side in (profile.height, profile.width))
        worth = sum(one.worth for one in wanted)
        return (WantedRegion(Region(0, 0, height, width), worth, 0),)


def _as_pinned(choice: FarmingChoice, pinned: FarmingMode | None) -> FarmingChoice:
    """Returns the operator's mode, where there is anybody to divide the work with."""
    if pinned is None or choice.mode is FarmingMode.ALONE:
        return choice
    reason = f"An operator pinned {pinned.value}."
    if choice.mode is not pinned:
        reason += f" Otherwise it would be {choice.mode.value}: {choice.reason}"
    return FarmingChoice(pinned, reason)
