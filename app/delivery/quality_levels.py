"""The renditions among which a viewer's connection chooses, with their rates; no I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping

from app.delivery.adaptation import RenditionLevel
from wire import keys
from wire.rendition_record import RenditionSpec

AUTO = "auto"
"""The name by which a viewer leaves the choice of the rendition to its connection."""

SMALLER = "smaller"
"""Name of the rendition for weak links, which workers make only while somebody watches it."""

SMALLER_PART = 0.4
"""Its rate as a part of the source's: what carries neither sound nor this carries no video."""
MIN_SMALLER_KBPS, MAX_SMALLER_KBPS = 250, 600
"""Its bounds: the upper one, with sound, fits a connection of 0.8 Mbit/s."""

WORTH_PART = 0.7
"""It is worth an encode only where its rate is below this part of the source's."""

HALVED_LINES = 400
"""A higher source is halved, since at such rates a full picture has fewer than 0.05 bits a pixel;
below, half the size would be too small to be looked at."""

USUAL_GAIN = 2.5
"""The enhanced rendition's rate over the source's, where it was not measured yet."""

DISTANCE = 0.8
"""The source is a level of its own where its rate is below this part of the enhanced one's."""


def smaller_spec(kbps: float, height: int) -> RenditionSpec | None:
    """Returns the specification of the smaller rendition of a source of this rate and height; None
    where the source itself is small enough.
    """
    rate = min(max(round(SMALLER_PART * kbps), MIN_SMALLER_KBPS), MAX_SMALLER_KBPS)
    if rate > WORTH_PART * kbps:
        return None
    return RenditionSpec(factor=-2 if height > HALVED_LINES else -1, kbps=rate)


def levels(
    source_kbps: float, measured: Mapping[str, float], *, has_source: bool, has_smaller: bool
) -> list[RenditionLevel]:
    """Returns the levels by growing rate.

    ``measured`` are rates in kbit/s by rendition, of those that are read here. ``has_source``: the
    viewer can decode the source.
    """
    enhanced = measured.get(keys.ENHANCED) or USUAL_GAIN * source_kbps
    found = [RenditionLevel(keys.ENHANCED, 1000 * enhanced)]
    if has_source and 0 < source_kbps < DISTANCE * enhanced:
        found.insert(0, RenditionLevel(keys.SOURCE, 1000 * source_kbps))
    spec = smaller_spec(source_kbps, 0)
    if has_smaller:
        kbps = measured.get(SMALLER) or (spec.kbps if spec is not None else MIN_SMALLER_KBPS)
        found.insert(0, RenditionLevel(SMALLER, 1000 * kbps))
    return sorted(found, key=lambda level: level.bps)
