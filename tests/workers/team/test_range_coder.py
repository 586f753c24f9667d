"""Bits come back as they were coded, in about as many bytes as they are worth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from workers.kernels.jit import compiled
from workers.team.range_coder import (
    FRESH,
    MAX_EVEN_BITS,
    ONE,
    decode_bit,
    decode_even,
    encode_bit,
    encode_even,
    finish,
    open_decoder,
)


@compiled
def coded(bits: Any, which: Any, models: Any, data: Any) -> int:
    state = FRESH
    for number in range(bits.size):
        state = encode_bit(data, models, which[number], bits[number], state)
    return finish(data, state)


@compiled
def decoded(data: Any, which: Any, models: Any, bits: Any) -> int:
    state = open_decoder(data)
    for number in range(bits.size):
        bits[number], state = decode_bit(data, models, which[number], state)
    return state[2]


@compiled
def coded_numbers(numbers: Any, counts: Any, data: Any) -> int:
    state = FRESH
    for at in range(numbers.size):
        state = encode_even(data, numbers[at], counts[at], state)
    return finish(data, state)


@compiled
def decoded_numbers(data: Any, counts: Any, numbers: Any) -> None:
    state = open_decoder(data)
    for at in range(numbers.size):
        numbers[at], state = decode_even(data, counts[at], state)


def models(count: int) -> Any:
    return np.full((count, 2), ONE // 2, np.int32)


def round_trip(bits: Any, which: Any) -> int:
    data = np.zeros(bits.size + 64, np.uint8)
    size = coded(bits, which, models(8), data)
    back = np.empty_like(bits)
    read = decoded(data[:size].copy(), which, models(8), back)
    assert np.array_equal(back, bits) and read >= size
    return size


@pytest.mark.parametrize("share", [0.0, 0.001, 0.05, 0.5, 0.97, 1.0])
def test_bits_come_back(share: float) -> None:
    rng = np.random.default_rng(3)
    bits = (rng.random(20_000) < share).astype(np.int64)
    round_trip(bits, rng.integers(0, 8, bits.size))


def test_the_size_is_near_the_entropy() -> None:
    rng = np.random.default_rng(4)
    for share in (0.02, 0.2, 0.5):
        bits = (rng.random(40_000) < share).astype(np.int64)
        ideal = -(share * np.log2(share) + (1 - share) * np.log2(1 - share)) * bits.size / 8
        assert round_trip(bits, np.zeros(bits.size, np.int64)) < 1.05 * ideal + 8


def test_a_model_adapts_to_a_change() -> None:
    bits = np.repeat([0, 1], 5000).astype(np.int64)
    assert round_trip(bits, np.zeros(bits.size, np.int64)) < 60


def test_zeros_at_the_end_are_left_out() -> None:
    bits = np.zeros(5000, np.int64)
    assert round_trip(bits, np.zeros(bits.size, np.int64)) == 0


def test_carries_run_through_bytes_that_are_full() -> None:
    # An improbable 1 after many probable bits puts the low end near the top of a byte, again and
    # again: over so many beginnings carries cross several full bytes.
    rng = np.random.default_rng(5)
    for _ in range(300):
        bits = (rng.random(200) < rng.random()).astype(np.int64)
        round_trip(bits, rng.integers(0, 2, bits.size))


def test_numbers_come_back() -> None:
    rng = np.random.default_rng(6)
    counts = rng.integers(1, MAX_EVEN_BITS + 1, 4000)
    numbers = rng.integers(0, 1 << counts)
    data = np.zeros(10_000, np.uint8)
    size = coded_numbers(numbers, counts, data)
    assert abs(size - counts.sum() / 8) < 40
    back = np.empty_like(numbers)
    decoded_numbers(data[:size].copy(), counts, back)
    assert np.array_equal(back, numbers)


def test_numbers_of_damaged_data_stay_in_their_range() -> None:
    counts = np.full(500, MAX_EVEN_BITS)
    for fill in (0, 0x7F, 0xFF):
        back = np.empty(500, np.int64)
        decoded_numbers(np.full(80, fill, np.uint8), counts, back)
        assert back.min() >= 0 and back.max() < 1 << MAX_EVEN_BITS
