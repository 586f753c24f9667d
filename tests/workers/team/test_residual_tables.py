"""The trained tables have the shapes and ranges that the loops rely on."""

from __future__ import annotations

import numpy as np

from workers.team import residual_tables as trained
from workers.team.range_coder import ONE
from workers.team.residual_contexts import FEATURES, MODELS
from workers.team.residual_prediction import CLASSES, PAIRS


def test_shapes() -> None:
    assert np.shape(trained.FILTERS) == (CLASSES, len(PAIRS))
    assert np.shape(trained.WEIGHTS) == (64, FEATURES)
    assert np.shape(trained.BLOCK_WEIGHTS) == (3,)
    assert np.shape(trained.STARTS) == (MODELS,)


def test_the_order_has_each_coefficient_once() -> None:
    assert sorted(trained.ORDER) == list(range(64))


def test_models_can_move_either_way() -> None:
    # Of estimates nearer to 0 or 1 the coder could not take the other bit.
    assert min(trained.STARTS) >= 15 and max(trained.STARTS) <= ONE - 15


def test_filters_cannot_overflow() -> None:
    # A pair of taps less twice the middle is at most 510.
    largest = np.abs(trained.FILTERS).sum(axis=1).max()
    assert 510 * largest < 1 << 31


def test_weights_cannot_overflow() -> None:
    # Levels up to 15 of two blocks, up to 12 levels of 12 bits in the block, sums up to 510.
    assert np.abs(trained.WEIGHTS).max() < 1 << 14


def test_more_beside_is_never_expected_to_be_less() -> None:
    assert trained.BLOCK_WEIGHTS[2] > 0
