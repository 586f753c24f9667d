from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.codec import Codec
from workers.encode.encoder import CLOCK_RATE, EncoderSpec, MonotonicPts
from workers.media.picture import Colour

SPEC = EncoderSpec(
    codec=Codec.H264, width=320, height=180, kbps=900, preset="superfast", colour=Colour()
)


def test_encoder_time_grows_whatever_the_publisher_says() -> None:
    ticks = MonotonicPts()
    stamps = [10_000, 13_000, 13_000, 12_000, 15_000, 9_000_000]
    assert [ticks.at(pts, 90_000) for pts in stamps] == [0, 3000, 3001, 3002, 6002, 96_002]


@pytest.mark.parametrize(
    ("clock_rate", "step", "expected"),
    [
        (45_000, 1500, 3000),
        (90_000, 3000, 3000),
        (1000, 33, 2970),
        # A clock coarser than the pictures: less than one tick is one tick.
        (192_000, 1, 1),
        (1, 1, CLOCK_RATE),
    ],
)
def test_other_clocks_are_converted(clock_rate: int, step: int, expected: int) -> None:
    ticks = MonotonicPts()
    assert ticks.at(7, clock_rate) == 0
    assert ticks.at(7 + step, clock_rate) == expected


def test_a_second_is_the_longest_step() -> None:
    ticks = MonotonicPts()
    ticks.at(0, 90_000)
    assert ticks.at(90_000, 90_000) == 90_000
    assert ticks.at(180_001, 90_000) == 180_000
    # The publisher's clock goes on from where it is, not from where the encoder's is.
    assert ticks.at(183_001, 90_000) == 183_000


@given(
    st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=60),
    st.sampled_from([1, 1000, 48_000, 90_000, 192_000]),
)
def test_every_picture_has_a_time_of_its_own_at_most_a_second_after_the_last(
    stamps: list[int], clock_rate: int
) -> None:
    ticks = MonotonicPts()
    found = [ticks.at(pts, clock_rate) for pts in stamps]
    assert found[0] == 0
    assert all(1 <= b - a <= CLOCK_RATE for a, b in zip(found, found[1:], strict=False))


@given(st.integers(-(2**40), 2**40), st.lists(st.integers(1, 90_000), max_size=40))
def test_a_clean_clock_passes_unchanged(first: int, steps: list[int]) -> None:
    ticks, pts, expected = MonotonicPts(), first, 0
    assert ticks.at(pts, CLOCK_RATE) == 0
    for step in steps:
        pts, expected = pts + step, expected + step
        assert ticks.at(pts, CLOCK_RATE) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"codec": Codec.VP8},
        {"width": 322},
        {"height": 182},
        {"kbps": 901.0},
        {"preset": "medium"},
        {"colour": Colour(range=2)},
    ],
)
def test_whatever_needs_a_new_encoder_makes_another_specification(
    change: dict[str, object],
) -> None:
    assert dataclasses.replace(SPEC) == SPEC
    assert dataclasses.replace(SPEC, **change) != SPEC  # type: ignore[arg-type]
