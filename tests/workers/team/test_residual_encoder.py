"""The encoder spends bits where they save the most error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from workers.team import residual_tables
from workers.team.residual_codec import LAGRANGIAN, STEPS, make_tables
from workers.team.residual_contexts import MAX_LEVEL, MODELS, no_levels, restored
from workers.team.residual_decoder import Coded, decode_blocks
from workers.team.residual_encoder import MAX_BLOCK_BYTES, Residual, encode_blocks

QUALITY = 12
STEP = STEPS[QUALITY]


def models() -> Any:
    return np.repeat(np.array(residual_tables.STARTS, np.int32)[:, None], 2, axis=1)


def encoded(coefficients: Any, plain: Any, lagrangian: float = LAGRANGIAN, across: int = 4) -> Any:
    residual = Residual(coefficients, plain, across, STEP, round(lagrangian * STEP**2))
    count = len(coefficients)
    data = np.zeros(count * MAX_BLOCK_BYTES + 64, np.uint8)
    size = encode_blocks(residual, make_tables(QUALITY), models(), no_levels(count), data)
    return data[:size].copy()


def decoded(data: Any, plain: Any, across: int = 4) -> Any:
    """Returns the picture in eighths, over one of zeros."""
    base = np.zeros((len(plain) // across * 8, across * 8), np.int16)
    coded = Coded(data, plain, STEP)
    decode_blocks(coded, make_tables(QUALITY), models(), no_levels(len(plain)), base)
    return base


def sample(seed: int, scale: float, blocks: int = 16) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    plain = np.rint(rng.laplace(0, 4 * scale, (blocks, 64))).astype(np.int32)
    return np.rint(rng.laplace(0, scale, (blocks, 64))).astype(np.int32), plain


def test_a_residual_of_zeros_takes_next_to_nothing() -> None:
    nothing = np.zeros((400, 64), np.int32)
    assert len(encoded(nothing, nothing)) < 8


def test_small_coefficients_are_not_coded() -> None:
    coefficients, plain = sample(0, STEP / 50)
    coefficients = np.clip(coefficients, -STEP // 2, STEP // 2)
    assert not decoded(encoded(coefficients, plain), plain).any()


def test_dearer_bits_are_fewer() -> None:
    coefficients, plain = sample(1, STEP)
    sizes = [len(encoded(coefficients, plain, each)) for each in (0.0, 0.05, 0.1, 0.3)]
    assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) == 4


def test_decisions_save_more_than_they_lose() -> None:
    coefficients, plain = sample(2, STEP / 1.5, blocks=64)
    price = LAGRANGIAN * (STEP / 16) ** 2
    totals = []
    exact = decoded(encoded(coefficients * 16, plain, 0.0), plain).astype(float)
    exact /= 16
    for lagrangian in (0.0, LAGRANGIAN):
        data = encoded(coefficients, plain, lagrangian)
        error = np.sum((decoded(data, plain) - exact) ** 2) / 64
        totals.append(error + price * 8 * len(data))
    assert totals[1] < totals[0]


@pytest.mark.parametrize("level", [1, 2, 14, 15, 16, 300, MAX_LEVEL])
def test_any_level_comes_back(level: int) -> None:
    coefficients = np.zeros((4, 64), np.int32)
    coefficients[2, 0] = -level * STEP
    plain = np.zeros_like(coefficients)
    found = decoded(encoded(coefficients, plain, 0.0), plain)
    # A coefficient at frequency 0 is the mean of a block: an eighth for each sixteenth of it.
    value = min(restored(level, STEP), (1 << 15) - 1)
    mean = found[:, 16:24].mean() if found.shape[0] == 8 else found[8:].mean()
    assert abs(mean + min(value / 16, 1 << 14)) < 1
    assert not found[:, :16].any() and not found[:, 24:].any()


def test_levels_beyond_what_can_be_coded_are_cut() -> None:
    coefficients = np.full((4, 64), 3 * MAX_LEVEL * STEP, np.int32)
    data = encoded(coefficients, coefficients)
    assert len(data) <= 4 * MAX_BLOCK_BYTES
    assert decoded(data, coefficients).any()


def test_what_has_no_room_is_not_written() -> None:
    coefficients, plain = sample(3, 4 * STEP)
    residual = Residual(coefficients, plain, 4, STEP, 0)
    data = np.zeros(MAX_BLOCK_BYTES + 20, np.uint8)
    assert encode_blocks(residual, make_tables(QUALITY), models(), no_levels(16), data) == -1


def test_the_worst_block_fits_its_room() -> None:
    # Levels of all sizes under models that expect the opposite.
    rng = np.random.default_rng(4)
    coefficients = rng.choice((0, 1, 17, MAX_LEVEL), (40, 64)).astype(np.int32) * STEP
    plain = np.zeros_like(coefficients)
    wrong = np.full((MODELS, 2), (1 << 15) - 15, np.int32)
    residual = Residual(coefficients, plain, 4, STEP, 0)
    data = np.zeros(40 * MAX_BLOCK_BYTES + 64, np.uint8)
    assert 0 < encode_blocks(residual, make_tables(QUALITY), wrong, no_levels(40), data) < data.size
