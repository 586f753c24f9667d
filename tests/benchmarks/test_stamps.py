"""Frame numbers in the picture survive what viewers' pictures go through."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.stamps import read
from cli.publisher.stamp import BITS, burn


def picture(width: int = 480, height: int = 270) -> np.ndarray:
    noise = np.random.default_rng(3).integers(0, 256, (height, width)).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 3), np.uint8)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 2**BITS - 1))
def test_every_number_is_read_again(number: int) -> None:
    luma = picture()
    burn(luma, number)
    assert read(luma) == number


def test_numbers_wrap_around() -> None:
    luma = picture()
    burn(luma, 2**BITS + 5)
    assert read(luma) == 5


@pytest.mark.parametrize("factor", [0.5, 0.75, 1.5, 2.0, 3.0])
def test_a_number_survives_scaling(factor: float) -> None:
    luma = picture()
    burn(luma, 0xA5C3)
    size = (round(480 * factor), round(270 * factor))
    assert read(np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_CUBIC))) == 0xA5C3


def test_a_number_survives_blur_and_noise() -> None:
    luma = picture()
    burn(luma, 0x1234)
    rough = cv2.GaussianBlur(luma, (0, 0), 2).astype(np.float32)
    rough += np.random.default_rng(1).normal(0, 20, rough.shape)
    assert read(rough.clip(0, 255).astype(np.uint8)) == 0x1234


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_picture_without_a_stamp_has_no_number(level: int) -> None:
    assert read(np.full((270, 480), level, np.uint8)) is None
    assert read(picture()) is None


def test_one_cell_without_its_inverse_spoils_the_stamp() -> None:
    luma = picture()
    burn(luma, 99)
    luma[:45, 3 * 30 : 4 * 30] = 200
    assert read(luma) is None
