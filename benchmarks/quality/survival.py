"""Gains before and after the viewer's encode, and what is left of them; pure."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Sequence

from benchmarks.quality.at_viewer import BICUBIC, Passed
from models.measure.kinds import by_kind, mean_of_kinds

__all__ = ["Place", "fraction_left", "gain", "gain_by_kind", "gains", "worst"]


class Place(enum.Enum):
    """The place of a gain, and the picture over which it is one."""

    BEFORE = "before the viewer's encode, over bicubic there"
    PLAYER = "at the viewer, over the source that the player scales, which nobody encodes again"
    ENCODED = "at the viewer, over bicubic through the same encode"


def gains(
    found: Sequence[Passed],
    method: str,
    measure: str,
    place: Place,
    is_meant: Callable[[Passed], bool] = lambda each: True,
) -> list[tuple[str, float]]:
    """Returns a pair of clip and gain for each cell that is meant and has the score."""
    plain = {each.cell: each for each in found if each.method == BICUBIC}
    pairs = []
    for each in found:
        if each.method == method and is_meant(each):
            base = plain[each.cell]
            mine = each.before if place is Place.BEFORE else each.after
            other = base.after if place is Place.ENCODED else base.before
            value = getattr(mine, measure) - getattr(other, measure)
            # The slow scores are not taken of every cell.
            if not math.isnan(value):
                pairs.append((each.cell.clip, value))
    return pairs


def gain(
    found: Sequence[Passed],
    method: str,
    measure: str,
    place: Place,
    is_meant: Callable[[Passed], bool] = lambda each: True,
) -> float:
    """Returns the mean of kinds of the gains; nan if there are none."""
    return mean_of_kinds(gains(found, method, measure, place, is_meant))


def gain_by_kind(
    found: Sequence[Passed], method: str, measure: str, place: Place
) -> dict[str, float]:
    """Returns the mean gain on each kind of content."""
    return by_kind(gains(found, method, measure, place))


def fraction_left(found: Sequence[Passed], method: str, place: Place) -> float:
    """Returns the part of the luma PSNR's gain that is left at the viewer; 1 is all of it.

    nan where nothing was gained before the encode, of which nothing can be left.
    """
    before = gain(found, method, "psnr", Place.BEFORE)
    return gain(found, method, "psnr", place) / before if before > 0 else math.nan


def worst(found: Sequence[Passed], method: str, measure: str, place: Place) -> tuple[str, float]:
    """Returns the worst cell in words, and its gain."""
    least = ("nothing was measured", math.nan)
    for each in found:
        if each.method == method:
            (value,) = [pair[1] for pair in gains(found, method, measure, place, each.__eq__)]
            if not value >= least[1]:
                least = (f"{each.cell.clip}, {each.cell.codec} at {each.cell.bpp} bit/px", value)
    return least
