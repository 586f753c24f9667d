from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.scheduling.capacity import FPS, HEIGHT, WIDTH, Capacity
from workers.scheduling.stream_state import MIN_RATIO_TO_START, PRIOR_CHANGE

CAPACITY = Capacity(
    streams=2.0,
    ms_per_frame=20.0,
    macs={"light": 10, "heavy": 30, "half": 15},
    model="light",
    scales={"light": 2, "heavy": 3},
    smaller={"heavy": "half"},
)


def test_the_reference_is_a_stream_of_480x270_at_thirty_frames() -> None:
    assert (WIDTH, HEIGHT, FPS) == (480, 270, 30)
    assert CAPACITY.frame_ms("light", WIDTH, HEIGHT) == 20.0


@pytest.mark.parametrize(
    ("model", "size", "expected"),
    [
        ("light", (960, 540), 80.0),
        ("light", (240, 135), 5.0),
        ("heavy", (480, 270), 60.0),
        ("heavy", (960, 540), 240.0),
        ("half", (480, 270), 30.0),
        # One that is not known counts as the default.
        ("unheard-of", (480, 270), 20.0),
        ("light", (0, 0), 0.0),
    ],
)
def test_time_grows_with_pixels_and_multiply_adds(
    model: str, size: tuple[int, int], expected: float
) -> None:
    assert CAPACITY.frame_ms(model, *size) == pytest.approx(expected)


def test_without_a_weight_of_the_default_net_all_nets_weigh_the_same() -> None:
    for macs in ({}, {"light": 0, "heavy": 30}):
        bare = Capacity(streams=1.0, ms_per_frame=20.0, macs=macs, model="light")
        assert bare.frame_ms("heavy", WIDTH, HEIGHT) == 20.0


def test_the_cheapest_net_is_the_one_that_may_serve_in_a_models_place_or_itself() -> None:
    assert CAPACITY.least_ms("heavy", WIDTH, HEIGHT) == 30.0
    assert CAPACITY.least_ms("light", WIDTH, HEIGHT) == 20.0
    assert CAPACITY.least_ms("unheard-of", WIDTH, HEIGHT) == 20.0


@given(
    st.sampled_from(["light", "heavy", "half", "unheard-of"]),
    st.integers(1, 4096),
    st.integers(1, 4096),
)
def test_no_net_costs_more_than_the_one_whose_place_it_takes(
    model: str, width: int, height: int
) -> None:
    least, whole = CAPACITY.least_ms(model, width, height), CAPACITY.frame_ms(model, width, height)
    assert 0 < least <= whole
    assert CAPACITY.frame_ms(model, height, width) == pytest.approx(whole)


def test_a_quota_leaves_what_its_cores_hold() -> None:
    quoted = dataclasses.replace(CAPACITY, core_ms=15.0)
    # Nine tenths of 0.3 core: 9 of the 15 ms that a frame takes of each 33.3.
    assert quoted.within(0.3) == pytest.approx(0.9 * 1000 / 30 * 0.3 / 15.0)
    assert quoted.within(0.3) == pytest.approx(0.6)
    assert quoted.within(0.6) == pytest.approx(1.2)
    # More cores than it was measured with make it no faster.
    assert quoted.within(64.0) == 2.0


def test_a_quota_changes_nothing_where_nothing_was_measured_or_the_operator_said_it() -> None:
    assert CAPACITY.within(0.1) == 2.0
    fixed = dataclasses.replace(CAPACITY, core_ms=15.0, is_fixed=True)
    assert fixed.within(0.1) == 2.0


def test_propagation_is_expected_to_take_planning_and_a_part_of_the_net() -> None:
    able = dataclasses.replace(CAPACITY, propagating=frozenset(("light",)), planning_ms=2.0)
    part = MIN_RATIO_TO_START * PRIOR_CHANGE
    assert able.partial_ms("light", WIDTH, HEIGHT) == pytest.approx(2.0 + part * 20.0)
    assert able.partial_ms("light", 2 * WIDTH, HEIGHT) == pytest.approx(4.0 + part * 40.0)
    assert able.partial_ms("light", WIDTH, HEIGHT, whole_ms=100.0) == pytest.approx(
        2.0 + part * 100.0
    )
    assert able.partial_ms("heavy", WIDTH, HEIGHT) is None
    assert CAPACITY.partial_ms("light", WIDTH, HEIGHT) is None
