"""Division of a frame's regions among devices, by expected finish before the deadline.

List scheduling (Graham 1969) on unrelated machines: the region that is worth most for its work
first, to the device that is expected to have its result first. A region that no device finishes
whole in time, or only much later than two would, is cut along cells. What nobody can finish stays
with the lead's ordinary policy. Pure and deterministic.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from workers.media.frame_info import CELL
from workers.team.device_model import Offer
from workers.temporal.region_selection import Region

__all__ = [
    "MAX_REGIONS_PER_TASK",
    "Order",
    "Partition",
    "WantedRegion",
    "is_part",
    "partition",
    "work_of",
]

MAX_REGIONS_PER_TASK = 8
"""Regions for one device of one frame: each is a run of the net, with 0.5 ms of its own."""

MIN_PART_CELLS = 6
"""Cells along a part of a cut region: with a halo of 7 samples, 48x48 costs the net 1.7 times its
samples already."""

MIN_GAIN_S = 0.004
"""Time by which a cut must bring the finish forward where the whole would be in time too: an eighth
of a frame of 30 a second. Cuts cost halo, which others could have used."""

MAX_CUTS = 16
"""Cuts for a frame: each costs halo, and a run of the net more."""


@dataclasses.dataclass(frozen=True, slots=True)
class WantedRegion:
    """A region that is worth the net."""

    region: Region
    worth: float
    "Error that the net is expected to remove, summed over its samples; the unit does not matter."
    place: int
    "Place in the frame's plan; parts keep that of the whole."


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """The regions of a frame for one device."""

    name: str
    "Name of the helper; empty for the lead itself."
    regions: tuple[WantedRegion, ...]
    samples: int
    "Samples that the net works on, halos included."
    finish_s: float
    "Expected time from now until the result is here."


@dataclasses.dataclass(frozen=True, slots=True)
class Partition:
    """A frame's regions by device."""

    orders: tuple[Order, ...]
    "One for each device that has any, by name."
    left: tuple[WantedRegion, ...]
    "Regions that nobody is expected to finish in time."


@dataclasses.dataclass(slots=True)
class _Load:
    """One device while a frame is divided."""

    offer: Offer
    halo: int
    regions: list[WantedRegion] = dataclasses.field(default_factory=list)
    _samples: int = 0
    _work_ms: float = 0.0

    @property
    def samples(self) -> int:
        return self._samples

    def finish_s(self, samples: int = 0) -> float:
        """Returns the expected finish, with one more region if that has any samples."""
        work_ms = self._work_ms + (self.offer.work_ms(1, samples) if samples else 0.0)
        return self.offer.start_s + work_ms / 1000.0 + self.offer.return_s

    def takes(self, samples: int, within_s: float, *, is_least: bool = False) -> bool:
        """True if one more region can be finished in time and within what it should get;
        ``is_least``: no less than that can be given.
        """
        if len(self.regions) >= MAX_REGIONS_PER_TASK or self.finish_s(samples) > within_s:
            return False
        if is_least and not self.regions and self.offer.takes_one:
            return True
        return self._work_ms + self.offer.work_ms(1, samples) <= self.offer.max_work_ms

    def fitting(self, within_s: float) -> int:
        """Returns the samples of the largest region that it should still get."""
        left_ms = 1000.0 * (within_s - self.offer.start_s - self.offer.return_s) - self._work_ms
        left_ms = min(left_ms, self.offer.max_work_ms - self._work_ms) - self.offer.ms_per_region
        if len(self.regions) >= MAX_REGIONS_PER_TASK or left_ms <= 0.0:
            return 0
        return int(1e6 * left_ms / max(self.offer.ms_per_megasample, 1e-9))

    def give(self, wanted: WantedRegion) -> None:
        samples = work_of(wanted.region, self.halo)
        self.regions.append(wanted)
        self._samples += samples
        self._work_ms += self.offer.work_ms(1, samples)


def work_of(region: Region, halo: int) -> int:
    """Returns the samples that the net works on for a region."""
    return (region.height + 2 * halo) * (region.width + 2 * halo)


def is_part(part: WantedRegion, whole: WantedRegion) -> bool:
    """True if the part was cut from that region, or is all of it."""
    inner, outer = part.region, whole.region
    return (
        part.place == whole.place
        and outer.top <= inner.top
        and outer.left <= inner.left
        and inner.top + inner.height <= outer.top + outer.height
        and inner.left + inner.width <= outer.left + outer.width
    )


def partition(
    wanted: Iterable[WantedRegion],
    offers: Sequence[Offer],
    *,
    halo: int,
    within_s: float,
    may_cut: bool = True,
) -> Partition:
    """Divides a frame's regions; results are needed ``within_s`` from now.

    ``halo`` is the net's receptive radius in samples. Without ``may_cut`` regions stay whole, as
    for a net that is farmed by frames.
    """
    loads = [_Load(offer, halo) for offer in sorted(offers, key=lambda offer: offer.name)]
    waiting = _most_valuable_first(wanted, halo)
    left: list[WantedRegion] = []
    cuts = 0
    while waiting:
        one = waiting.pop(0)
        can_cut = may_cut and cuts < MAX_CUTS and _cells(one.region) >= 2 * MIN_PART_CELLS
        samples = work_of(one.region, halo)
        taker = _first_to_finish(loads, samples, within_s, is_least=not can_cut)
        parts = _cut(one, loads, taker, within_s) if can_cut and loads else None
        if parts is not None:
            cuts += 1
            (device, part), rest = parts
            device.give(part)
            # The rest is still worth the most, and may be cut again for a third device.
            waiting.insert(0, rest)
        elif taker is not None:
            taker.give(one)
        else:
            left.append(one)
    return Partition(tuple(_order(load) for load in loads if load.regions), tuple(left))


def _order(load: _Load) -> Order:
    return Order(load.offer.name, tuple(load.regions), load.samples, load.finish_s())


def _most_valuable_first(wanted: Iterable[WantedRegion], halo: int) -> list[WantedRegion]:
    return sorted(
        wanted,
        key=lambda one: (
            -one.worth / work_of(one.region, halo),
            one.place,
            one.region.top,
            one.region.left,
        ),
    )


def _first_to_finish(
    loads: Sequence[_Load], samples: int, within_s: float, *, is_least: bool
) -> _Load | None:
    takers = [load for load in loads if load.takes(samples, within_s, is_least=is_least)]
    return min(takers, key=lambda load: load.finish_s(samples), default=None)


def _cut(
    one: WantedRegion, loads: Sequence[_Load], taker: _Load | None, within_s: float
) -> tuple[tuple[_Load, WantedRegion], WantedRegion] | None:
    """Returns the device for the first part of a region, that part and the rest, where a cut pays;
    None where the region should stay whole.
    """
    if taker is None:
        return _largest_part(one, loads, within_s)
    return _balanced(one, loads, taker, within_s)


def _largest_part(
    one: WantedRegion, loads: Sequence[_Load], within_s: float
) -> tuple[tuple[_Load, WantedRegion], WantedRegion] | None:
    """Returns the largest part of a region that a device can take, where none takes all of it."""
    best = max(loads, key=lambda load: load.fitting(within_s))
    halo = best.halo
    across = _across(one.region) + 2 * halo
    fitting = (best.fitting(within_s) // across - 2 * halo) // CELL
    count = min(fitting, _cells(one.region) - MIN_PART_CELLS)
    if count < MIN_PART_CELLS:
        # Not even the least part is soon done: that is welcome where little else waits.
        count = MIN_PART_CELLS
        samples = (CELL * count + 2 * halo) * across
        found = _first_to_finish(loads, samples, within_s, is_least=True)
        if found is None:
            return None
        best = found
    part, rest = _parts(one, count)
    return (best, part), rest


def _balanced(
    one: WantedRegion, loads: Sequence[_Load], taker: _Load, within_s: float
) -> tuple[tuple[_Load, WantedRegion], WantedRegion] | None:
    """Returns the cut after which two devices finish together, where that is much sooner."""
    halo, cells = taker.halo, _cells(one.region)
    across = _across(one.region) + 2 * halo
    edge = 2 * halo * across  # both parts have it, the whole had it once
    whole = (CELL * cells + 2 * halo) * across
    whole_s = taker.finish_s(whole)
    best_s = whole_s - MIN_GAIN_S - taker.offer.work_ms(1, edge) / 1000.0
    best: tuple[_Load, int] | None = None
    for other in loads:
        if other is taker or other.finish_s(edge) >= best_s:
            continue
        # Both finish at the same time: a + x k = b + (cells - x) m.
        k, m = (each.offer.ms_per_megasample * CELL * across / 1e9 for each in (taker, other))
        x = (other.finish_s(edge) - taker.finish_s(edge) + cells * m) / (k + m)
        count = max(MIN_PART_CELLS, min(cells - MIN_PART_CELLS, round(x)))
        samples = (CELL * count + 2 * halo) * across
        rest = whole + edge - samples
        finish_s = max(taker.finish_s(samples), other.finish_s(rest))
        if finish_s < best_s and taker.takes(samples, within_s) and other.takes(rest, within_s):
            best_s, best = finish_s, (taker, count)
    if best is None:
        return None
    part, tail = _parts(one, best[1])
    return (taker, part), tail


def _cells(region: Region) -> int:
    """Returns the cells along a region's longer side."""
    return max(region.height, region.width) // CELL


def _across(region: Region) -> int:
    return min(region.height, region.width)


def _parts(one: WantedRegion, cells: int) -> tuple[WantedRegion, WantedRegion]:
    """Returns the first cells of a region along its longer side, and the rest of it."""
    top, left = one.region.top, one.region.left
    height, width = one.region.height, one.region.width
    side = cells * CELL
    if height > width:
        head = Region(top, left, side, width)
        tail = Region(top + side, left, height - side, width)
    else:
        head = Region(top, left, height, side)
        tail = Region(top, left + side, height, width - side)
    worth = one.worth * side / max(height, width)
    return (
        WantedRegion(head, worth, one.place),
        WantedRegion(tail, one.worth - worth, one.place),
    )
