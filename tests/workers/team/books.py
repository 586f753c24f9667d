"""A small codebook for tests, made without training."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from workers.kernels.rans import TOTAL

DIMENSIONS, WIDTH, STAGES, CODEWORDS = 12, 4, 6, 16


def write_book(path: Path, **changes: np.ndarray) -> Path:
    """Writes a codebook whose stages refine three groups of coefficients twice."""
    rng = np.random.default_rng(7)
    words = rng.normal(0, 160, (STAGES, CODEWORDS, WIDTH))
    words[3:] /= 4
    words[:, 0] = 0
    counts = np.full((STAGES, CODEWORDS - 1), TOTAL // (CODEWORDS - 1), np.uint16)
    counts[:, 0] += TOTAL - counts[0].sum()
    arrays = {
        "dimensions": np.array(DIMENSIONS),
        "firsts": np.array([0, 4, 8, 0, 4, 8], np.int16),
        "codewords": words.astype(np.int16),
        "counts": counts,
    }
    np.savez(path, **{**arrays, **changes})  # type: ignore[arg-type]
    return path
