"""Training of the residual vector quantizer that ``workers.team.feature_codec`` codes with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["CodebookConfig", "Codebooks", "table_counts", "train_codebooks", "write_codebooks"]

Float = NDArray[np.float32]

UNIT_BITS = 3
TOTAL = 4096
"""The same as in ``workers.team.feature_codebook``, which this package must not import; a test
compares them.
"""


@dataclass(frozen=True, kw_only=True)
class CodebookConfig:
    stages: int = 24
    codewords: int = 256
    """One byte for an index before entropy coding."""
    width: int = 16
    """Coefficients of a stage: at 8 bits half a bit for each, where vectors gain most over
    scalars.
    """
    rounds: int = 12
    """Rounds of Lloyd's algorithm."""
    samples: int = 40_000
    """Vectors of a round, 150 for each codeword."""
    drop: float = 0.15
    """Chance of a vector to lack a stage before: codewords are then right too where it is lost."""
    seed: int = 0


@dataclass(frozen=True)
class Codebooks:
    """Trained stages, as they are stored."""

    dimensions: int
    firsts: NDArray[np.int16]
    codewords: NDArray[np.int16]
    counts: NDArray[np.uint16]


def train_codebooks(
    vectors: Float, config: CodebookConfig, report: Callable[[str], None] = lambda _: None
) -> Codebooks:
    """Trains stage after stage on what the stages before leave of the vectors [n, dimensions]."""
    rng = np.random.default_rng(config.seed)
    rest = np.array(vectors, np.float32)
    whole = float((rest**2).sum())
    firsts, words, counts = [], [], []
    for stage in range(config.stages):
        # The group of coefficients with the most error left goes next.
        energy = (rest**2).sum(axis=0)
        sums = energy.reshape(-1, config.width).sum(axis=1)
        first = int(sums.argmax()) * config.width
        part = slice(first, first + config.width)
        codewords = _rounded(_kmeans(rest[:, part], config, rng))
        chosen = nearest(rest[:, part], codewords)
        # Vectors that lost this stage go on whole, as on a receiver that did not get it.
        taken = rng.random(len(rest)) >= config.drop
        # The index of nothing is no code: it has a class of its own.
        counts.append(
            table_counts(np.bincount(chosen[chosen > 0] - 1, minlength=len(codewords) - 1))
        )
        rest[taken, part] -= codewords[chosen[taken]]
        firsts.append(first)
        words.append(np.rint(codewords * 2**UNIT_BITS).astype(np.int16))
        report(
            f"stage {stage} from {first}: {float((rest**2).sum()) / whole:.3f} of the error left"
        )
    return Codebooks(
        vectors.shape[1], np.array(firsts, np.int16), np.stack(words), np.stack(counts)
    )


def nearest(vectors: Float, codewords: Float, size: int = 8192) -> NDArray[np.int64]:
    """The index of the codeword with the least squared distance, for each vector."""
    found = np.empty(len(vectors), np.int64)
    squares = (codewords * codewords).sum(axis=1)
    for first in range(0, len(vectors), size):
        near = vectors[first : first + size]
        found[first : first + size] = (squares - 2 * near @ codewords.T).argmin(axis=1)
    return found


def _kmeans(vectors: Float, config: CodebookConfig, rng: np.random.Generator) -> Float:
    """Lloyd's algorithm (1982); the first codeword stays zero."""
    picked = rng.choice(len(vectors), min(config.samples, len(vectors)), replace=False)
    sample = vectors[np.sort(picked)]
    # Most blocks are nearly flat: seeds drawn by energy, cut at the largest hundredth, cover
    # edges too.
    energy = np.maximum((sample * sample).sum(axis=1), 1e-6).astype(np.float64)
    weights = np.minimum(energy, np.quantile(energy, 0.99))
    seeds = rng.choice(len(sample), config.codewords, p=weights / weights.sum())
    words = sample[seeds]
    words[0] = 0
    for _ in range(config.rounds):
        chosen = nearest(sample, words)
        number = np.bincount(chosen, minlength=len(words))
        sums = np.zeros_like(words)
        np.add.at(sums, chosen, sample)
        # A codeword that nothing chose begins again somewhere.
        again = sample[rng.choice(len(sample), len(words), p=weights / weights.sum())]
        means = sums / np.maximum(number, 1)[:, None]
        words = np.where(number[:, None] > 0, means, again).astype(np.float32)
        words[0] = 0
    return np.asarray(words, np.float32)


def _rounded(codewords: Float) -> Float:
    """The codewords that a file of 16-bit integers can hold."""
    limit = (2**15 - 1) / 2**UNIT_BITS
    step = np.float32(2.0**-UNIT_BITS)
    held = np.clip(np.rint(codewords / step) * step, -limit, limit)
    return np.asarray(held, np.float32)


def table_counts(seen: NDArray[np.int64]) -> NDArray[np.uint16]:
    """Counts that sum to TOTAL, in proportion to what was seen and at least 1 each."""
    spare = TOTAL - len(seen)
    if spare < 0:
        raise ValueError(f"a table of {TOTAL} cannot hold {len(seen)} symbols")
    total = max(1, int(seen.sum()))
    counts = 1 + spare * seen.astype(np.int64) // total
    # What rounding left goes to the most frequent one.
    counts[int(counts.argmax())] += TOTAL - int(counts.sum())
    return counts.astype(np.uint16)


def write_codebooks(books: Codebooks, path: Path) -> None:
    """Saves them in the form that ``read_codebook`` reads."""
    np.savez_compressed(
        path,
        dimensions=np.array(books.dimensions),
        firsts=books.firsts,
        codewords=books.codewords,
        counts=books.counts,
    )
