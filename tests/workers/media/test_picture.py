from __future__ import annotations

import av
import numpy as np
import pytest

from workers.media.picture import Colour, Picture


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
