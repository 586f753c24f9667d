"""The entropy coder with static tables."""

from __future__ import annotations

import numpy as np
import pytest

from workers.kernels.rans import CODE, KEEP, TOTAL, decode_plane, rans_encode

CLASSES = np.array([[0, 3000, 3800, TOTAL], [0, 1000, 3000, TOTAL], [0, 40, 60, TOTAL]], np.int64)
CODES = np.array([0, 1, 2000, 2001, 4000, TOTAL], np.int64)


def coded(symbols: np.ndarray, space: int = 1 << 16) -> np.ndarray | None:
    """The bytes of symbols -1, 0, 1..5 under the tables above."""
    starts, counts = [], []
    before = KEEP
    for symbol in symbols.tolist():
        kind = min(symbol, 1) + 1
        pairs = [(CLASSES[before], kind)] + ([(CODES, symbol - 1)] if kind == CODE else [])
        for table, place in pairs:
            starts.append(table[place])
            counts.append(table[place + 1] - table[place])
        before = kind
    out = np.zeros(space, np.uint8)
    begin = rans_encode(np.array(starts, np.int64), np.array(counts, np.int64), out)
    return None if begin < 0 else out[begin:]


def decoded(data: np.ndarray, count: int) -> np.ndarray | None:
    out = np.full(count, 99, np.int16)
    return out if decode_plane(data, CLASSES, CODES, out) else None


def drawn(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-1, 6, count).astype(np.int16)


@pytest.mark.parametrize("count", [1, 2, 100, 3000])
def test_symbols_come_back(count: int) -> None:
    symbols = drawn(count, count)
    data = coded(symbols)
    assert data is not None
    found = decoded(data, count)
    assert found is not None and np.array_equal(found, symbols)


def test_a_long_run_of_the_likely_symbol_takes_its_entropy() -> None:
    symbols = np.full(8000, -1, np.int16)
    data = coded(symbols)
    assert data is not None
    bits = 8000 * -np.log2(3000 / TOTAL)
    assert len(data) <= bits / 8 + 5


def test_the_bytes_are_always_the_same() -> None:
    """Written down once: another machine or compiler must not give others."""
    data = coded(np.array([-1, -1, 0, 3, 5, 1, 0, -1, 2, 4], np.int16))
    assert data is not None
    assert data.tobytes().hex() == GOLDEN


GOLDEN = "024f7965a02258c039bc"


def test_too_little_space_is_said() -> None:
    assert coded(drawn(100, 1), space=20) is None
    assert coded(drawn(100, 1), space=3) is None
    assert coded(np.zeros(0, np.int16), space=3) is None


def test_cut_bytes_are_noticed() -> None:
    symbols = drawn(200, 3)
    data = coded(symbols)
    assert data is not None
    for kept in range(len(data)):
        assert decoded(data[:kept], 200) is None
    assert decoded(np.append(data, np.uint8(0)), 200) is None


def test_most_changed_bytes_are_noticed() -> None:
    symbols = drawn(200, 4)
    data = coded(symbols)
    assert data is not None
    found = 0
    for place in range(len(data)):
        damaged = data.copy()
        damaged[place] ^= 0x55
        other = decoded(damaged, 200)
        # The state at the end is right by chance in one of millions.
        found += other is None
    assert found >= len(data) - 1


def test_noise_never_writes_beyond_the_plane() -> None:
    rng = np.random.default_rng(5)
    for _ in range(300):
        data = rng.integers(0, 256, int(rng.integers(0, 60)), np.uint8)
        out = np.full(52, 77, np.int16)
        decode_plane(data, CLASSES, CODES, out[1:51])
        assert out[0] == out[51] == 77
