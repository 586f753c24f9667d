from __future__ import annotations

import pytest

from workers.media.cubic import place_of, weights_at


@pytest.mark.parametrize(
    ("place", "first", "weights"),
    [
        (0.0, -1, (0.0, 1.0, 0.0, 0.0)),
        (-1.0, -2, (0.0, 1.0, 0.0, 0.0)),
        (0.5, -1, (-0.09375, 0.59375, 0.59375, -0.09375)),
        (-0.25, -2, (-0.03515625, 0.26171875, 0.87890625, -0.10546875)),
    ],
)
def test_weights_are_those_of_the_four_samples_around(
    place: float, first: int, weights: tuple[float, ...]
) -> None:
    found_first, found = weights_at(place)
    assert found_first == first
    assert found == pytest.approx(weights, abs=1e-12) and sum(found) == pytest.approx(1.0)


def test_samples_lie_evenly_whatever_the_offset() -> None:
    assert [place_of(phase, 2, 0.5) for phase in range(2)] == [-0.25, 0.25]
    assert [place_of(phase, 2, 0.25) for phase in range(2)] == [-0.125, 0.375]
    assert place_of(0, 1, 0.25) == 0.0
