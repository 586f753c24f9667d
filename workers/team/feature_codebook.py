"""Codebooks of a residual vector quantizer, and the static tables that its indices are coded by."""

from __future__ import annotations

import dataclasses
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.errors import BadCodebook
from workers.kernels.rans import TOTAL

__all__ = ["Codebook", "read_codebook"]

MAX_STAGES = 64
MAX_CODEWORDS = 4096
MAX_DIMENSIONS = 1024
"""Limits of what is read: far above what pays, and a few megabytes at most."""

UNIT_BITS = 3
"""Codewords are integers in units of 1/8 level: below half a level nothing is seen in a picture of
8 bits, and 16 bits then reach 4096 levels.
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Codebook:
    """Stages of a residual vector quantizer over blocks of coefficients.

    A stage codes what the stages before left of `width` coefficients from its own first one on.
    Every subset of the stages decodes, since what they add is summed.
    """

    dimensions: int
    """Coefficients of a block."""
    firsts: tuple[int, ...]
    """The first coefficient of each stage."""
    codewords: NDArray[np.int16]
    """[stages, codewords, width] in units of 2**-UNIT_BITS; the first of each stage is zero."""
    starts: NDArray[np.int64]
    """[stages, codewords]: starts of the indices 1, 2, ... in the table of a stage, and its end."""

    @property
    def stages(self) -> int:
        """Number of stages."""
        return len(self.firsts)

    @property
    def width(self) -> int:
        """Coefficients that a stage codes."""
        return int(self.codewords.shape[2])

    def part(self, stage: int) -> slice:
        """The coefficients that a stage codes."""
        first = self.firsts[stage]
        return slice(first, first + self.width)


def read_codebook(path: Path) -> Codebook:
    """Reads what ``models.split.codebooks`` wrote. Raises BadCodebook."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {
                name: stored[name] for name in ("dimensions", "firsts", "codewords", "counts")
            }
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise BadCodebook(path.name, f"it cannot be read: {error}") from error
    reason = _fault(**arrays)
    if reason:
        raise BadCodebook(path.name, reason)
    counts = arrays["counts"].astype(np.int64)
    starts = np.zeros((len(counts), counts.shape[1] + 1), np.int64)
    np.cumsum(counts, axis=1, out=starts[:, 1:])
    firsts = tuple(int(first) for first in arrays["firsts"])
    return Codebook(int(arrays["dimensions"]), firsts, arrays["codewords"], starts)


def _fault(dimensions: Any, firsts: Any, codewords: Any, counts: Any) -> str:
    """The first thing that is wrong, in words; empty where nothing is."""
    if codewords.ndim != 3 or codewords.dtype != np.int16:
        return "codewords are int16 [stages, codewords, width]"
    stages, many, width = codewords.shape
    if not (1 <= stages <= MAX_STAGES and 2 <= many <= MAX_CODEWORDS and width >= 1):
        return f"{stages} stages of {many} codewords are beyond the limits"
    if dimensions.shape != () or not width <= int(dimensions) <= MAX_DIMENSIONS:
        return "dimensions must be a number that holds a stage"
    if firsts.shape != (stages,) or firsts.min() < 0 or firsts.max() + width > int(dimensions):
        return "a stage lies outside the coefficients"
    if codewords[:, 0].any():
        return "the first codeword of a stage is not zero"
    if counts.shape != (stages, many - 1) or counts.min() < 1:
        return "each index but the first needs a count"
    if (counts.astype(np.int64).sum(axis=1) != TOTAL).any():
        return f"the counts of a stage do not sum to {TOTAL}"
    return ""
