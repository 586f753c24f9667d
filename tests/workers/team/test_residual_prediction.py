"""The plain picture alone tells a part of what a net makes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.workers.team.residuals import Bytes, energy, scene
from workers.team import residual_tables
from workers.team.residual_prediction import (
    CLASSES,
    MARGIN,
    PAIRS,
    SPREAD,
    class_of,
    correlate,
    pad,
    predict,
    rebase,
    round_samples,
    subtract,
)


def padded(plain: Bytes) -> Any:
    height, width = (-(-side // 8) * 8 for side in plain.shape)
    out = np.empty((height + 2 * MARGIN, width + 2 * MARGIN), np.int16)
    pad(plain, out)
    return out


def predicted(plane: Any, filters: Any) -> Any:
    out = np.empty([side - 2 * MARGIN for side in plane.shape], np.int16)
    predict(plane, filters, np.empty(SPREAD, np.int16), out)
    return out


def trained() -> Any:
    return np.array(residual_tables.FILTERS, np.int16)


def test_edges_are_repeated() -> None:
    plain = np.arange(15, dtype=np.uint8).reshape(3, 5)
    right, below = MARGIN + 8 - 5, MARGIN + 8 - 3
    assert np.array_equal(padded(plain), np.pad(plain, ((MARGIN, below), (MARGIN, right)), "edge"))


@pytest.mark.parametrize("width", [8, 504, 1100])
def test_filters_are_sums_over_pairs_of_taps(width: int) -> None:
    rng = np.random.default_rng(0)
    plane = padded(rng.integers(0, 256, (16, width)).astype(np.uint8))
    filters = rng.integers(-40, 40, (CLASSES, len(PAIRS))).astype(np.int16)
    found = predicted(plane, filters)
    wide = plane.astype(int)
    for y, x in ((0, 0), (9, width - 1), (15, width // 2)):
        kind = class_of(plane, y // 8 * 8 + MARGIN, x // 8 * 8 + MARGIN)
        row, column = y + MARGIN, x + MARGIN
        total = sum(
            int(weight)
            * (
                wide[row + down, column + across]
                + wide[row - down, column - across]
                - 2 * wide[row, column]
            )
            for weight, (down, across) in zip(filters[kind], PAIRS, strict=True)
        )
        assert found[y, x] == min(max((total + 16) >> 5, -2047), 2047)


def test_classes_tell_directions_and_activities_apart() -> None:
    y, x = np.indices((24, 24))
    patterns = {
        "flat": np.full((24, 24), 9),
        "columns": x // 3 % 2 * 90,
        "rows": y // 3 % 2 * 90,
        "falling": (x - y) // 3 % 2 * 90,
        "rising": (x + y) // 3 % 2 * 90,
        "faint columns": x // 3 % 2 * 6,
    }
    kinds = {
        name: class_of(padded(each.astype(np.uint8)), 8 + MARGIN, 8 + MARGIN)
        for name, each in patterns.items()
    }
    assert len(set(kinds.values())) == len(kinds)
    assert kinds["flat"] == 0 and max(kinds.values()) < CLASSES
    # The direction is what is left by nine, the activity what goes into it.
    assert kinds["columns"] % 9 == kinds["faint columns"] % 9
    assert kinds["columns"] // 9 > kinds["faint columns"] // 9


def test_flat_pictures_are_predicted_to_stay() -> None:
    plane = padded(np.full((16, 16), 200, np.uint8))
    assert not predicted(plane, trained()).any()


def test_the_trained_filters_go_towards_the_sharp_picture() -> None:
    made, plain = scene(128, 160)
    plane = padded(plain)
    base = predicted(plane, trained())
    both, own = correlate(made, plane, base)
    assert both > 0 and own > 0
    rebase(plane, base, min(round(8 * both / own), 15))
    guess = np.empty_like(plain)
    round_samples(base, guess)
    assert energy(guess, made) < 0.9 * energy(plain, made)


def test_no_gain_leaves_the_plain_picture() -> None:
    _, plain = scene(19, 30)
    plane = padded(plain)
    base = predicted(plane, trained())
    rebase(plane, base, 0)
    back = np.empty_like(plain)
    round_samples(base, back)
    assert np.array_equal(back, plain)


def test_what_is_beyond_the_prediction_goes_on_past_the_edges() -> None:
    made, plain = scene(11, 13)
    plane = padded(plain)
    base = predicted(plane, trained())
    rebase(plane, base, 8)
    beyond = np.empty_like(base)
    subtract(made, base, beyond)
    assert np.array_equal(beyond[:11, :13] + base[:11, :13], 8 * made.astype(int))
    assert (beyond[11:, :13] == 8 * made[10].astype(int) - base[10, :13]).all()
    assert (beyond[:, 13:] == beyond[:, 12:13]).all()


def test_correlation_is_in_eighths() -> None:
    plain = np.full((8, 8), 10, np.uint8)
    guess = np.full((8, 8), 8, np.int16)
    assert correlate(np.full((8, 8), 12, np.uint8), padded(plain), guess) == (64 * 128, 64 * 64)


def test_samples_are_rounded_and_clipped() -> None:
    out = np.empty((1, 5), np.uint8)
    round_samples(np.array([[-900, 3, 4, 11, 9000]], np.int16), out)
    assert out.tolist() == [[0, 0, 1, 1, 255]]
