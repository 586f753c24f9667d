"""Samples of several phases put next to each other: the last step of every enlargement."""

from __future__ import annotations

from typing import Any

from workers.kernels.jit import INDEX_MASK, inlined

__all__ = ["interleave"]


@inlined
def interleave(phases: Any, scale: int, wide: int, out: Any, line: int, left: int) -> None:
    """Writes ``wide`` samples of each of ``scale`` phases into a row of ``out``, from ``left`` on.

    The cases say the same as the last one: with a constant stride LLVM makes vectors of the loops.
    """
    # The mask is applied once, outside of the loops: each index below is then a sum of numbers that
    # LLVM knows not to be negative.
    line, left = line & INDEX_MASK, left & INDEX_MASK
    # 2, 3 and 4 are the scales of the shipped nets; any other scale works too, only slower.
    if scale == 2:
        for j in range(wide):
            out[line, left + 2 * j] = phases[0, j]
            out[line, left + 2 * j + 1] = phases[1, j]
    elif scale == 3:
        for j in range(wide):
            out[line, left + 3 * j] = phases[0, j]
            out[line, left + 3 * j + 1] = phases[1, j]
            out[line, left + 3 * j + 2] = phases[2, j]
    elif scale == 4:
        for j in range(wide):
            out[line, left + 4 * j] = phases[0, j]
            out[line, left + 4 * j + 1] = phases[1, j]
            out[line, left + 4 * j + 2] = phases[2, j]
            out[line, left + 4 * j + 3] = phases[3, j]
    else:
        for phase in range(scale):
            for j in range(wide):
                out[line, left + scale * j + phase] = phases[phase, j]
