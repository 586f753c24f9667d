"""Training finds what was put into the pictures."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.residual import tables
from benchmarks.residual.material import Pictures
from tests.workers.team.residuals import scene
from workers.team.residual_codec import make_tables
from workers.team.residual_contexts import FEATURES, MODELS
from workers.team.residual_prediction import CLASSES, MARGIN, PAIRS, SPREAD, predict


@pytest.fixture(scope="module")
def pictures() -> list[Pictures]:
    return [Pictures(plain, made) for made, plain in (scene(128, 128, seed) for seed in range(3))]


def test_filters_lessen_the_error(pictures: list[Pictures]) -> None:
    filters = tables.fit_filters(pictures)
    assert filters.shape == (CLASSES, len(PAIRS))
    for each in pictures:
        padded = np.pad(each.plain, MARGIN, "edge").astype(np.int16)
        guess = np.empty(each.plain.shape, np.int16)
        predict(padded, filters, np.empty(SPREAD, np.int16), guess)
        wanted = each.made.astype(float) - each.plain
        assert np.mean((wanted - guess / 8) ** 2) < 0.8 * np.mean(wanted**2)


def test_weights_and_models_have_the_shapes_of_the_tables(pictures: list[Pictures]) -> None:
    filters = tables.fit_filters(pictures)
    parts = [p for number, each in enumerate(pictures) for p in tables.parts(each, number, filters)]
    order = tables.order_of(parts)
    assert sorted(order) == list(range(64))
    weights, block_weights = tables.fit_weights(parts, order)
    assert weights.shape == (64, FEATURES) and block_weights.shape == (3,)
    # A level beside makes another one likelier.
    assert block_weights[2] > 0 and np.mean(weights[order[:8], 2]) > 0
    starts = tables.fit_models(parts, lambda q: make_tables(q, order, weights, block_weights))
    assert starts.shape == (MODELS,) and starts.min() >= 15


def test_tables_are_written_as_python() -> None:
    text = tables.table("A", "Rows.", np.arange(80).reshape(2, 40))
    found: dict[str, tuple[tuple[int, ...], ...]] = {}
    exec(text, found)
    assert np.array_equal(found["A"], np.arange(80).reshape(2, 40))
    assert max(map(len, text.splitlines())) <= 100
