"""What a helper made comes back about as it was, by few bytes and on every machine alike."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.workers.team.residuals import Bytes, energy, scene
from wire.errors import BadMessage
from workers.team import residual_codec
from workers.team.residual_codec import MAX_QUALITY, STEPS, decode_region, encode_region

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 3), (8, 8), (17, 40), (64, 1), (96, 130)])
def test_any_size_comes_back(shape: tuple[int, int]) -> None:
    made, plain = scene(*shape)
    for quality in (0, 10, MAX_QUALITY):
        back = decode_region(encode_region(made, plain, quality), plain)
        assert back.shape == shape and back.dtype == np.uint8
        assert energy(back, made) <= max(energy(plain, made), 1.0)


def test_a_finer_quality_takes_more_bytes_and_leaves_less_error() -> None:
    made, plain = scene(120, 160)
    found = []
    for quality in range(0, MAX_QUALITY + 1, 4):
        data = encode_region(made, plain, quality)
        found.append((len(data), energy(decode_region(data, plain), made)))
    sizes, errors = zip(*found, strict=True)
    assert list(sizes) == sorted(set(sizes)) and list(errors) == sorted(errors, reverse=True)
    assert errors[-1] < 0.5


def test_the_error_is_about_what_the_step_says() -> None:
    rng = np.random.default_rng(1)
    plain = np.full((64, 64), 128, np.uint8)
    made = rng.integers(64, 192, (64, 64)).astype(np.uint8)
    for quality in (4, 8, 12):
        left = energy(decode_region(encode_region(made, plain, quality), plain), made)
        step = STEPS[quality] / 16
        assert 0.5 < left / (step**2 / 12 + 1 / 12) < 1.6


def test_equal_pictures_take_next_to_nothing() -> None:
    plain = scene(270, 480)[1]
    data = encode_region(plain, plain, 10)
    assert len(data) < 40
    assert energy(decode_region(data, plain), plain) < 0.01


def test_flat_pictures_take_the_head_alone() -> None:
    flat = np.full((80, 80), 77, np.uint8)
    data = encode_region(flat, flat, 12)
    assert len(data) == 2 and np.array_equal(decode_region(data, flat), flat)


def test_extremes_come_back() -> None:
    checks = np.indices((40, 40)).sum(axis=0) % 2 == 0
    made = np.where(checks, 255, 0).astype(np.uint8)
    for plain in (255 - made, np.zeros_like(made), np.full_like(made, 255)):
        back = decode_region(encode_region(made, plain, MAX_QUALITY), plain)
        assert np.abs(back.astype(int) - made).max() <= 4


def test_noise_at_the_finest_quality_fits() -> None:
    rng = np.random.default_rng(2)
    made, plain = rng.integers(0, 256, (2, 48, 72)).astype(np.uint8)
    back = decode_region(encode_region(made, plain, MAX_QUALITY), plain)
    assert energy(back, made) < 1.0


def test_views_and_read_only_pictures_are_taken() -> None:
    made, plain = scene(64, 96)
    whole = encode_region(made[8:40, 16:80].copy(), plain[8:40, 16:80].copy(), 12)
    made.flags.writeable = plain.flags.writeable = False
    assert encode_region(made[8:40, 16:80], plain[8:40, 16:80], 12) == whole
    part = decode_region(whole, plain[8:40, 16:80])
    assert part.flags.writeable and np.array_equal(part, decode_region(whole, plain[8:40, 16:80]))


def test_the_plain_picture_is_left_alone() -> None:
    made, plain = scene(40, 40)
    before = plain.copy()
    decode_region(encode_region(made, plain, 12), plain)
    assert np.array_equal(plain, before)


def test_what_cannot_be_coded_is_refused() -> None:
    plain = np.zeros((8, 8), np.uint8)
    for made, quality in ((plain[:4], 3), (plain, -1), (plain, MAX_QUALITY + 1)):
        with pytest.raises(ValueError):
            encode_region(made, plain, quality)
    for empty in (plain[:0], plain[0]):
        with pytest.raises(ValueError):
            encode_region(empty, empty, 3)
        with pytest.raises(ValueError):
            decode_region(encode_region(plain, plain, 3), empty)


def test_heads_that_cannot_be_read_are_refused() -> None:
    made, plain = scene(24, 24)
    good = encode_region(made, plain, 12)
    bad = (b"", good[:1], bytes([good[0] ^ 0x30]) + good[1:], good[:1] + b"\x15" + good[2:])
    for data in bad:
        with pytest.raises(BadMessage):
            decode_region(data, plain)


def test_bytes_after_the_end_are_refused() -> None:
    made, plain = scene(24, 24)
    with pytest.raises(BadMessage):
        decode_region(encode_region(made, plain, 12) + bytes(range(1, 20)), plain)


def test_truncated_data_makes_some_picture() -> None:
    made, plain = scene(64, 64)
    good = encode_region(made, plain, 14)
    for size in range(2, len(good), 7):
        assert decode_region(good[:size], plain).shape == plain.shape


def test_a_picture_of_another_size_does_no_harm() -> None:
    made, plain = scene(64, 64)
    good = encode_region(made, plain, 14)
    for shape in ((1, 1), (200, 8), (9, 300)):
        try:
            assert decode_region(good, scene(*shape)[1]).shape == shape
        except BadMessage:
            continue


def digest(*parts: bytes | Bytes) -> str:
    made = hashlib.sha256()
    for part in parts:
        made.update(part if isinstance(part, bytes) else part.tobytes())
    return made.hexdigest()[:16]


def ramps() -> tuple[Bytes, Bytes]:
    """Two pictures by integers alone, which no library's rounding can change."""
    y, x = np.indices((40, 56))
    plain = (y * 3 + x * 2 + (x // 9 + y // 7) % 2 * 60) % 256
    made = plain + ((x * y) % 23 - 11) * ((x // 8) % 3)
    return made.clip(0, 255).astype(np.uint8), plain.astype(np.uint8)


def coded() -> str:
    """A digest of what is coded and decoded at three qualities."""
    made, plain = ramps()
    data = [encode_region(made, plain, quality) for quality in (2, 11, MAX_QUALITY)]
    return digest(*(part for one in data for part in (one, decode_region(one, plain))))


def test_the_interpreter_decodes_the_same_samples_as_machine_code() -> None:
    made, plain = ramps()
    data = encode_region(made, plain, 11)
    text = (
        "import sys, hashlib\n"
        "from tests.workers.team.test_residual_codec import ramps\n"
        "from workers.team.residual_codec import decode_region\n"
        "data = bytes.fromhex(sys.argv[1])\n"
        "back = decode_region(data, ramps()[1])\n"
        "print(hashlib.sha256(back.tobytes()).hexdigest()[:16])"
    )
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", text, data.hex()],
        cwd=ROOT,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.stdout.split() == [digest(decode_region(data, plain))], ended.stderr


def test_the_format_is_what_it_was() -> None:
    # A change here is a change of the format: VERSION goes up, or every end is updated at once.
    assert (residual_codec.VERSION, coded()) == (1, "46dcb6b9371f2067")
