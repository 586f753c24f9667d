"""Training of codebooks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.split import codebooks
from models.split.codebooks import (
    CodebookConfig,
    Codebooks,
    nearest,
    table_counts,
    train_codebooks,
    write_codebooks,
)
from workers.kernels.rans import TOTAL
from workers.team import feature_codebook
from workers.team.feature_codebook import read_codebook
from workers.team.feature_codec import FeatureDecoder, FeatureEncoder

SMALL = CodebookConfig(stages=6, codewords=32, width=4, rounds=6, samples=3000)


def vectors(count: int, seed: int) -> np.ndarray:
    """Twelve coefficients that become smaller, many blocks nearly flat."""
    rng = np.random.default_rng(seed)
    scale = 40 * 0.8 ** np.arange(12)
    flat = np.where(rng.random((count, 1)) < 0.6, 0.05, 1.0)
    return (rng.normal(0, 1, (count, 12)) * scale * flat).astype(np.float32)


@pytest.fixture(scope="module")
def books() -> Codebooks:
    return train_codebooks(vectors(6000, 1), SMALL)


def left_after(books: Codebooks, given: np.ndarray, stages: list[int]) -> float:
    rest = given.copy()
    for stage in stages:
        part = slice(books.firsts[stage], books.firsts[stage] + SMALL.width)
        words = books.codewords[stage].astype(np.float32) / 2**codebooks.UNIT_BITS
        rest[:, part] -= words[nearest(rest[:, part], words)]
    return float((rest**2).sum() / (given**2).sum())


def test_each_prefix_of_the_stages_leaves_less_of_what_was_not_seen(books: Codebooks) -> None:
    fresh = vectors(2000, 2)
    left = [left_after(books, fresh, list(range(n))) for n in range(SMALL.stages + 1)]
    assert left == sorted(left, reverse=True)
    assert left[-1] < 0.2


def test_a_stage_that_is_missing_costs_less_than_its_worth_twice(books: Codebooks) -> None:
    fresh = vectors(2000, 3)
    every = list(range(SMALL.stages))
    whole = left_after(books, fresh, every)
    for lost in every:
        found = left_after(books, fresh, [n for n in every if n != lost])
        assert whole <= found < 1.0


def test_the_first_codeword_is_nothing_and_the_rest_fit_16_bits(books: Codebooks) -> None:
    assert books.codewords.dtype == np.int16
    assert not books.codewords[:, 0].any()
    assert set(books.firsts.tolist()) <= {0, 4, 8}
    assert books.firsts[0] == 0


def test_the_runtime_reads_them_and_codes_with_them(books: Codebooks, tmp_path: Path) -> None:
    path = tmp_path / "codebook.npz"
    write_codebooks(books, path)
    read = read_codebook(path)
    assert np.array_equal(read.codewords, books.codewords)
    values = np.ascontiguousarray(vectors(600, 4).T).reshape(12, 20, 30)
    encoder, decoder = FeatureEncoder(read, 20, 30), FeatureDecoder(read, 20, 30)
    stripes = encoder.encode(values, sequence=0, stages=SMALL.stages, price=0.0)
    made = decoder.decode(stripes, sequence=0)
    assert ((made - values) ** 2).sum() < 0.25 * (values**2).sum()


def test_both_packages_mean_the_same_units() -> None:
    assert codebooks.UNIT_BITS == feature_codebook.UNIT_BITS
    assert codebooks.TOTAL == TOTAL


def test_tables_sum_up_and_leave_nothing_without_a_code() -> None:
    for seen in (np.zeros(255), np.arange(255), np.eye(1, 255)[0] * 1e6, np.ones(4096)):
        counts = table_counts(seen.astype(np.int64))
        assert counts.sum() == TOTAL and counts.min() >= 1
    many = table_counts(np.array([3000, 1000, 0]))
    assert many[0] == pytest.approx(0.75 * TOTAL, abs=3) and many[2] == 1
    with pytest.raises(ValueError, match="cannot hold"):
        table_counts(np.zeros(5000, np.int64))


def test_training_is_repeatable() -> None:
    given = vectors(1500, 5)
    config = CodebookConfig(stages=2, codewords=16, width=4, rounds=3)
    first, second = train_codebooks(given, config), train_codebooks(given, config)
    assert np.array_equal(first.codewords, second.codewords)
    assert np.array_equal(first.counts, second.counts)


def test_progress_is_reported() -> None:
    told: list[str] = []
    config = CodebookConfig(stages=2, codewords=16, width=4, rounds=2)
    train_codebooks(vectors(500, 6), config, told.append)
    assert len(told) == 2 and "stage 1 from" in told[1]
