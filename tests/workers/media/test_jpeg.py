"""Small JPEG files of pictures."""

from __future__ import annotations

import io
import time

import av
import cv2
import numpy as np
import pytest

from wire.thumbnail import JPEG_START, MAX_BYTES
from workers.media.jpeg import WIDTH, encode_small, small_size
from workers.media.picture import Picture

from ..clips import picture


@pytest.mark.parametrize(
    ("size", "small"),
    [
        ((480, 270), (320, 180)),
        ((1920, 1080), (320, 180)),
        ((270, 480), (180, 320)),
        ((160, 90), (160, 90)),
        ((101, 75), (100, 76)),
        ((4000, 16), (320, 2)),
    ],
)
def test_the_shape_stays_and_nothing_is_enlarged(
    size: tuple[int, int], small: tuple[int, int]
) -> None:
    assert small_size(*size) == small
    assert max(small) <= WIDTH


def test_the_file_shows_the_picture() -> None:
    made = picture(3, 480, 270)
    jpeg = encode_small(made)
    assert jpeg.startswith(JPEG_START) and 1000 < len(jpeg) < MAX_BYTES
    with av.open(io.BytesIO(jpeg), "r") as file:
        shown = next(file.decode(video=0)).to_ndarray(format="gray")
    assert shown.shape == (180, 320)
    # Full range in the file, limited in the stream.
    luma = (made.y.astype(np.float32) - 16) * 255 / 219
    expected = cv2.resize(luma, (320, 180), interpolation=cv2.INTER_AREA)
    assert np.abs(shown.astype(np.float32) - np.clip(expected, 0, 255)).mean() < 4


def test_odd_sides_are_no_trouble() -> None:
    assert encode_small(picture(0, 99, 51)).startswith(JPEG_START)


def test_noise_stays_below_the_limit_of_the_wire() -> None:
    noise = Picture.blank(1280, 720)
    noise.y[:] = np.random.default_rng(1).integers(16, 236, noise.y.shape, dtype=np.uint8)
    assert len(encode_small(noise)) < MAX_BYTES


def test_it_takes_little_of_a_core() -> None:
    """Measured at 1.4 ms; the limit here only finds a fault by its order of magnitude."""
    made = picture(0, 480, 270)
    encode_small(made)
    begun = time.thread_time()
    for _ in range(10):
        encode_small(made)
    assert (time.thread_time() - begun) / 10 < 0.05
