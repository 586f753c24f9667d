"""The decoder follows the encoder bit for bit, and any bytes make a picture in bounded time."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from tests.workers.team.test_residual_encoder import QUALITY, STEP, encoded, models, sample
from workers.team.residual_codec import make_tables
from workers.team.residual_contexts import no_levels
from workers.team.residual_decoder import Coded, decode_blocks


def run(data: Any, plain: Any, across: int = 4) -> tuple[int, Any, Any]:
    """Returns the bytes read, the picture, and what was seen of levels."""
    base = np.zeros((len(plain) // across * 8, across * 8), np.int16)
    seen, adapted = no_levels(len(plain)), models()
    read = decode_blocks(Coded(data, plain, STEP), make_tables(QUALITY), adapted, seen, base)
    return read, base, seen


@pytest.mark.parametrize("scale", [0.1, 0.5, 2.0, 20.0])
def test_all_bytes_are_read_and_none_beyond_the_coders_own(scale: float) -> None:
    for seed in range(4):
        coefficients, plain = sample(seed, scale * STEP)
        data = encoded(coefficients, plain)
        assert run(data, plain)[0] >= data.size


def test_levels_are_those_of_the_encoder() -> None:
    coefficients, plain = sample(5, 3 * STEP, blocks=64)
    seen = run(encoded(coefficients, plain, 0.0), plain)[2]
    # Without a price for bits a level is the nearest one, or one less where that is nearer to what
    # it stands for.
    nearest = (np.abs(coefficients) + STEP // 2) // STEP
    kept = seen.kept[:-1].astype(int)
    small = nearest < 15
    assert (np.abs(kept - nearest)[small] <= 1).all()
    assert (kept == nearest)[small].mean() > 0.8


def test_signs_come_back() -> None:
    coefficients, plain = sample(6, 3 * STEP)
    up = run(encoded(coefficients, plain), plain)[1].astype(int)
    down = run(encoded(-coefficients, plain), plain)[1].astype(int)
    # Rounding goes towards minus infinity in both.
    assert np.abs(up + down).max() <= 1 and np.abs(up).max() > 10


@pytest.mark.parametrize("size", [0, 1, 3, 50, 4000])
def test_any_bytes_make_a_picture_in_bounded_time(size: int) -> None:
    rng = np.random.default_rng(size)
    plain = sample(7, 8 * STEP, blocks=1200)[1]
    for data in (rng.integers(0, 256, size), np.zeros(size), np.full(size, 255)):
        begun = time.process_time()
        read, base, _ = run(data.astype(np.uint8), plain, across=40)
        assert read >= 4 and np.abs(base.astype(int)).max() <= 1 << 14
        # 1200 blocks of 64 coefficients with 18 bits each, at 20 ns a bit, and ample room.
        assert time.process_time() - begun < 2.0
