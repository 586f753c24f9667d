"""The choice of the size to send: limits, hysteresis and dwell, without a clock."""

from __future__ import annotations

import pytest

from media.send_size import (
    DWELL_DOWN_S,
    DWELL_UP_S,
    HYSTERESIS,
    SendSize,
    SizeChooser,
    shipped_sizes,
)

SIZES = (SendSize(0.5, 0.0), SendSize(0.75, 0.05), SendSize(1.0, 0.1))
PIXELS_PER_S = 1_000_000.0
"""At a million pixels a second the limits are 50 and 100 kbit/s."""

HISTORIES: dict[str, list[tuple[float, float, float]]] = {
    "the first estimate counts at once": [(0, 200, 1.0)],
    "a slow line begins small": [(0, 10, 0.5)],
    "a limit itself is enough at the beginning": [(0, 50, 0.75)],
    "a line that falls is followed after a while": [
        (0, 200, 1.0), (1, 20, 1.0), (2.9, 20, 1.0), (3, 20, 0.5),
    ],
    "a line that recovers is believed later": [
        (0, 20, 0.5), (3, 200, 0.5), (9.9, 200, 0.5), (10, 200, 1.0),
    ],
    "a rate that wavers about a limit changes nothing": [
        (0, 110, 1.0), (20, 95, 1.0), (40, 105, 1.0), (60, 88, 1.0), (80, 86, 0.75),
        (100, 105, 0.75), (120, 114, 0.75), (140, 116, 1.0),
    ],
    "a step that stops between two limits goes as far as it may": [
        (0, 20, 0.5), (20, 108, 0.75), (40, 108, 0.75),
    ],
    "each change begins the dwell anew": [
        (0, 200, 1.0), (5, 60, 0.75), (7, 20, 0.75), (8, 20, 0.5), (17, 200, 0.5), (18, 200, 1.0),
    ],
    "no rate at all is the smallest size": [(0, 0, 0.5)],
}  # fmt: skip
"""Estimates as (seconds, kbit/s, fraction wanted); the page's chooser is tested by them too."""


@pytest.mark.parametrize("name", HISTORIES)
def test_sizes_follow_the_line(name: str) -> None:
    chooser = SizeChooser(SIZES, pixels_per_s=PIXELS_PER_S)
    found = [chooser.choose(kbps, now=now) for now, kbps, _ in HISTORIES[name]]
    assert found == [fraction for _, _, fraction in HISTORIES[name]]


def test_a_line_that_jumps_every_second_changes_the_size_seldom() -> None:
    chooser = SizeChooser(SIZES, pixels_per_s=PIXELS_PER_S)
    found = [chooser.choose(20 if second % 2 else 200, now=second) for second in range(120)]
    changes = sum(one != other for one, other in zip(found, found[1:], strict=False))
    assert 0 < changes <= 2 * 120 / (DWELL_UP_S + DWELL_DOWN_S) + 1


def test_limits_are_of_the_full_pictures_pixels() -> None:
    twice = SizeChooser(SIZES, pixels_per_s=2 * PIXELS_PER_S)
    assert twice.choose(150, now=0) == 0.75


def test_the_table_that_ships_begins_at_no_rate_and_ends_with_the_full_picture() -> None:
    sizes = shipped_sizes()
    assert len(sizes) >= 2 and sizes[0].min_bpp == 0.0 and sizes[-1].fraction == 1.0
    for small, large in zip(sizes, sizes[1:], strict=False):
        assert small.fraction < large.fraction and small.min_bpp < large.min_bpp < 0.5


def test_hysteresis_is_more_than_estimates_waver() -> None:
    assert 0.1 <= HYSTERESIS <= 0.3 and DWELL_DOWN_S < DWELL_UP_S
