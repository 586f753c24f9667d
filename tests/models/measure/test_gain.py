"""What a net gains over bicubic."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx")

from models.measure.gain import measure_upscalers, psnr
from models.measure.graph_runner import bicubic
from models.training.clip import Bytes
from tests.models.training.material import panned


def level(value: int) -> Bytes:
    return np.full((2, 4, 4), value, np.uint8)


@pytest.mark.parametrize(("error", "db"), [(1, 48.13), (10, 28.13), (255, 0.0), (0, 108.13)])
def test_psnr_is_that_of_the_mean_squared_error(error: int, db: float) -> None:
    def same(luma: Bytes) -> Bytes:
        return luma

    assert psnr(level(0), level(error), same) == pytest.approx(db, abs=0.01)


def test_frames_are_counted_together_and_not_averaged_in_decibels() -> None:
    seen, truth = level(0), level(0)
    truth[1] = 10
    assert psnr(seen, truth, lambda luma: luma) == pytest.approx(10 * np.log10(255**2 / 50))


def test_there_is_a_row_for_each_codec_and_rate_and_bicubic_gains_nothing() -> None:
    rows = measure_upscalers(
        "panned",
        panned(6),
        {"fp32": lambda height, width: lambda luma: bicubic(luma, 2)},
        rates=(0.1, 0.4),
        codecs=("h264", "vp8"),
    )
    assert [(row.codec, row.bpp) for row in rows] == [
        ("h264", 0.1), ("h264", 0.4), ("vp8", 0.1), ("vp8", 0.4),
    ]  # fmt: skip
    for row in rows:
        assert row.clip == "panned"
        assert row.net_db["fp32"] == row.bicubic_db
    assert rows[0].bicubic_db < rows[1].bicubic_db


def test_an_upscaler_is_made_anew_for_each_row_with_the_decoded_size() -> None:
    made: list[tuple[int, int]] = []

    def make(height: int, width: int) -> object:
        made.append((height, width))
        return lambda luma: bicubic(luma, 2)

    measure_upscalers(
        "panned",
        panned(3),
        {"fp32": make},  # type: ignore[dict-item]
        rates=(0.2,),
        codecs=("h264", "vp8"),
    )
    assert made == [(64, 96)] * 2
