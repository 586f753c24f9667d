"""The renditions among which a connection chooses."""

from __future__ import annotations

import pytest

from app.delivery.quality_levels import (
    MAX_SMALLER_KBPS,
    MIN_SMALLER_KBPS,
    SMALLER,
    levels,
    smaller_spec,
)
from wire import keys


@pytest.mark.parametrize(
    ("kbps", "height", "expected"),
    [
        (1350.0, 270, (-1, 540)),
        (1350.0, 540, (-2, 540)),
        (6000.0, 1080, (-2, MAX_SMALLER_KBPS)),
        (500.0, 270, (-1, MIN_SMALLER_KBPS)),
    ],
)
def test_the_smaller_one_has_a_part_of_the_sources_rate(
    kbps: float, height: int, expected: tuple[int, int]
) -> None:
    spec = smaller_spec(kbps, height)
    assert spec is not None
    assert (spec.factor, spec.kbps) == expected


@pytest.mark.parametrize("kbps", [0.0, 100.0, 350.0])
def test_a_source_that_is_small_needs_none(kbps: float) -> None:
    assert smaller_spec(kbps, 270) is None


def names(*args: object, **more: object) -> list[tuple[str, int]]:
    found = levels(*args, **more)  # type: ignore[arg-type]
    return [(each.name, round(each.bps / 1000)) for each in found]


def test_levels_stand_by_growing_rate() -> None:
    measured = {keys.ENHANCED: 3700.0, SMALLER: 480.0}
    assert names(1350.0, measured, has_source=True, has_smaller=True) == [
        (SMALLER, 480), (keys.SOURCE, 1350), (keys.ENHANCED, 3700),
    ]  # fmt: skip


def test_what_was_not_measured_is_taken_for_what_it_is_to_be() -> None:
    assert names(1000.0, {}, has_source=True, has_smaller=True) == [
        (SMALLER, 400), (keys.SOURCE, 1000), (keys.ENHANCED, 2500),
    ]  # fmt: skip


def test_a_source_that_takes_as_much_is_no_level() -> None:
    assert names(3600.0, {keys.ENHANCED: 3700.0}, has_source=True, has_smaller=False) == [
        (keys.ENHANCED, 3700)
    ]


def test_nor_one_that_the_viewer_cannot_decode() -> None:
    found = names(1350.0, {keys.ENHANCED: 3700.0}, has_source=False, has_smaller=True)
    assert [name for name, _ in found] == [SMALLER, keys.ENHANCED]
