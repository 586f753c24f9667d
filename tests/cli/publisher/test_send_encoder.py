"""The encoder of pictures that come at any time."""

from __future__ import annotations

from fractions import Fraction

import av
import pytest

from cli.publisher.send_encoder import SendEncoder, SendUnit
from cli.publisher.session import SendFormat
from tests.cli.publisher.sources import picture

FORM = SendFormat(64, 48, Fraction(25), 200, False)


def encoded(times: list[int], size: tuple[int, int] = (96, 64)) -> list[SendUnit]:
    encoder = SendEncoder(FORM)
    return [
        unit for index, at in enumerate(times) for unit in encoder.encode(picture(index, size), at)
    ]


def test_each_picture_comes_out_at_once_with_its_time() -> None:
    times = [0, 40_000, 90_000, 91_000, 500_000]
    units = encoded(times)
    assert [unit.at_us for unit in units] == times
    assert [unit.is_key for unit in units] == [True, False, False, False, False]


def test_key_frames_come_by_the_clock_however_few_pictures_come() -> None:
    times = list(range(0, 9_000_000, 500_000))
    keys = [unit.at_us for unit in encoded(times) if unit.is_key]
    assert keys == [0, 2_000_000, 4_000_000, 6_000_000, 8_000_000]


@pytest.mark.parametrize("size", [(96, 64), (32, 32), (1280, 720)])
def test_any_size_is_fitted_and_key_frames_bring_their_sets(size: tuple[int, int]) -> None:
    (unit,) = encoded([0], size)
    decoder = av.CodecContext.create("h264", "r")
    frames = [*decoder.decode(av.Packet(unit.data)), *decoder.decode(None)]
    assert [(frame.width, frame.height) for frame in frames] == [(64, 48)]
