from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


@settings(deadline=None)
@given(st.floats(-4, 4))
def test_a_flat_and_a_sloping_line_stay_what_they_are(place: float) -> None:
    first, weights = weights_at(place)
    assert first <= place - 1 + 1e-9 and place + 1 - 1e-9 <= first + 3
    assert sum(weights) == pytest.approx(1.0, abs=1e-12)
    # Weights mirror themselves about the middle.
    back_first, back = weights_at(-place)
    if place != round(place):
        assert back == pytest.approx(weights[::-1], abs=1e-12)
        assert back_first == -first - 3


@settings(deadline=None)
@given(st.integers(1, 8), st.sampled_from([0.25, 0.5]))
def test_the_samples_of_a_block_are_spaced_by_the_scale(scale: int, offset: float) -> None:
    places = [place_of(phase, scale, offset) for phase in range(scale)]
    assert all(-1.0 < place < 1.0 for place in places)
    for before, after in zip(places, places[1:], strict=False):
        assert after - before == pytest.approx(1 / scale)
    # Of a block that is not enlarged the sample stays where it is.
    assert scale > 1 or places == [0.0]
