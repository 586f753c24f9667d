"""The regions of a picture that the net runs on, within a budget of samples."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workers.media.frame_info import CELL, cells
from workers.temporal.cell_state import CellState, refresh_priority
from workers.temporal.region_selection import Region, call_overhead, choose, pixels

__all__ = [
    "FREE_FRACTION",
    "MAX_AGE",
    "MIN_PRICE",
    "PRICE_OF_GAIN",
    "VISIBLE_PRICE",
    "RefreshPlanner",
]

PRICE_OF_GAIN = 0.25
"""Error removed for a sample of the net's work, as a fraction of the mean gain, from which the work
is done: a quarter of what the net corrects at all is the least that differs from leaving it out.
"""

MIN_PRICE = 0.02
"""Squared levels; below it nobody sees a difference, whatever the net does to the picture."""

FREE_FRACTION = 0.2
"""Fraction of the full net's work that is spent on any error above the least price."""

VISIBLE_PRICE = 1.1
"""Squared levels: error for a sample of the net's work, from which more than FREE_FRACTION is
spent. In a picture that is nearly right already the last tenth of the net's gain takes half of the
work and is not seen: 1.1 squared levels alone would make 47.7 dB.
"""

MAX_AGE = 90
"""Pictures after which a tile is refreshed whatever its estimate says, which may be wrong; up to
half as many more, so that tiles are refreshed at different times. Three seconds at 30 fps.
"""

MAX_LIFETIME = 16.0
"""Upper bound, in pictures, on the predicted lifetime of a cell's content. A cell that was stable
for n pictures is assumed to stay for n more: an error there is seen n times but repaired once.
"""

TILE = 4
"""Cells along a tile's side; the cells of a tile are refreshed by age together, since a region of
one cell costs mostly halo.
"""


class RefreshPlanner:
    """Chooses regions from the state of the cells; for pictures of one size and one net."""

    def __init__(
        self, width: int, height: int, halo: int, *, free_fraction: float = FREE_FRACTION
    ) -> None:
        """``free_fraction`` of the full net's work is spent on any error above the least price."""
        grid = cells(width, height)
        self._free_fraction = free_fraction
        self._halo = halo
        self._whole = (width + 2 * halo) * (height + 2 * halo)
        self._due_age = _due_ages(grid)
        self._priority = np.zeros(grid, np.float32)

    def plan(
        self,
        state: CellState,
        mean_gain: float,
        max_pixels: int,
        *,
        price_of_gain: float = PRICE_OF_GAIN,
    ) -> list[Region]:
        """Returns the regions for a picture; the sum of their samples, halos included, is at most
        ``max_pixels``.
        """
        least = max(price_of_gain * mean_gain, MIN_PRICE)
        price = max(least, VISIBLE_PRICE)
        priority, halo, side = self._priority, self._halo, TILE * CELL
        # A tile that is due is worth the net even alone.
        alone = ((side + 2 * halo) ** 2 + call_overhead(priority.size)) / side**2
        refresh_priority(state, self._due_age, MAX_LIFETIME, 1.01 * price * alone, priority)
        found = choose(priority, price, halo=halo, max_pixels=max_pixels)
        # What the first choice took counts: the free part is for the whole picture, not on top.
        free = min(max_pixels, int(self._free_fraction * self._whole)) - pixels(found, halo)
        if price > least and free > 0:
            rest = priority.copy()
            for region in found:
                # Already chosen, so that the second choice looks at the rest.
                rest[region.cells()] = 0.0
            found += choose(rest, least, halo=halo, max_pixels=free)
        return found

    def worth(self, region: Region) -> float:
        """Returns the error that refreshing a region removes by the last plan, summed over samples
        and the pictures that will show it.
        """
        return CELL**2 * float(self._priority[region.cells()].sum())


def _due_ages(grid: tuple[int, int]) -> npt.NDArray[np.int16]:
    """Returns the age at which each cell is refreshed; the same for all cells of a tile."""
    rows, columns = np.indices(grid) // TILE
    # Neighbours far apart in time: multiples of the golden ratio fill an interval evenly.
    fraction = ((rows * 89 + columns * 55) % 144) / 144
    return (MAX_AGE * (1 + fraction / 2)).astype(np.int16)
