from __future__ import annotations

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.media.picture import FULL_RANGE, Colour, Picture, Siting, chroma_side, colour_of


@pytest.mark.parametrize("size", [(64, 48), (63, 47), (1, 1), (1366, 2)])
def test_planes_are_views_with_the_right_sizes(size: tuple[int, int]) -> None:
    width, height = size
    made = Picture.blank(width, height)
    half = ((height + 1) // 2, (width + 1) // 2)
    assert (made.y.shape, made.u.shape, made.v.shape) == ((height, width), half, half)
    for value, plane in enumerate((made.y, made.u, made.v), 50):
        plane[:] = value
    again = Picture.of_frame(made.frame)
    assert [int(p.mean()) for p in (again.y, again.u, again.v)] == [50, 51, 52]
    assert np.shares_memory(again.y, made.y)


def test_full_range_keeps_its_samples_and_says_so() -> None:
    frame = av.VideoFrame(16, 16, "yuvj420p")
    for plane in frame.planes:
        memoryview(plane).cast("B")[:] = b"\xff" * plane.buffer_size
    made = Picture.of_frame(frame)
    assert made.colour.range == 2 and int(made.y.min()) == 255


def test_other_formats_become_8_bit_420() -> None:
    frame = av.VideoFrame.from_ndarray(np.full((16, 16, 3), 128, np.uint8), format="rgb24")
    made = Picture.of_frame(frame)
    assert made.u.shape == (8, 8) and abs(int(made.u[0, 0]) - 128) < 2


def test_colour_tags_are_read() -> None:
    frame = av.VideoFrame(16, 16, "yuv420p")
    frame.color_range, frame.colorspace = 1, 1
    assert Picture.of_frame(frame).colour == Colour(range=1, matrix=1)


@settings(deadline=None)
@given(st.integers(1, 200))
def test_chroma_covers_luma_and_half_a_sample_more_at_most(side: int) -> None:
    assert 0 <= 2 * chroma_side(side) - side <= 1


def test_rows_that_are_padded_are_left_out() -> None:
    made = Picture.blank(33, 5)
    assert made.frame.planes[0].line_size > 33
    made.y[:] = 9
    assert made.y.strides[0] == made.frame.planes[0].line_size
    assert (made.width, made.height) == (33, 5) and (made.y == 9).all()


def test_a_copy_has_the_samples_and_not_the_memory() -> None:
    colour = Colour(range=1, matrix=9, primaries=9, transfer=16, siting=Siting.CENTRE)
    made = Picture.blank(7, 5, colour)
    made.y[:], made.u[:], made.v[:] = 1, 2, 3
    copied = made.copy()
    assert copied.colour == colour
    made.y[:], made.u[:], made.v[:] = 9, 9, 9
    assert [int(p.max()) for p in (copied.y, copied.u, copied.v)] == [1, 2, 3]


def test_a_frame_that_says_nothing_has_unknown_tags_and_left_chroma() -> None:
    assert colour_of(av.VideoFrame(16, 16, "yuv420p")) == Colour()
    assert Colour().siting is Siting.LEFT


def test_the_full_range_of_a_format_that_is_converted_becomes_limited() -> None:
    frame = av.VideoFrame(16, 16, "yuvj422p")
    for plane in frame.planes:
        memoryview(plane).cast("B")[:] = b"\xff" * plane.buffer_size
    assert colour_of(frame).range == FULL_RANGE
    made = Picture.of_frame(frame)
    assert made.colour.range != FULL_RANGE
    assert int(made.y.max()) == 235


def test_a_tagged_full_range_stays_one_when_chroma_is_averaged() -> None:
    frame = av.VideoFrame(16, 16, "yuv444p")
    frame.color_range = FULL_RANGE
    for plane in frame.planes:
        memoryview(plane).cast("B")[:] = b"\xff" * plane.buffer_size
    made = Picture.of_frame(frame)
    assert made.colour.range == FULL_RANGE and int(made.y.min()) == 255


def test_a_picture_keeps_its_frame_alive() -> None:
    planes = [Picture.blank(64, 48).y for _ in range(3)]
    for value, plane in enumerate(planes):
        plane[:] = value
    assert [int(plane.mean()) for plane in planes] == [0, 1, 2]
