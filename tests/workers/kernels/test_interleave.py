from __future__ import annotations

import numpy as np
import pytest

from workers.kernels.interleave import interleave


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 5])
def test_samples_of_a_phase_lie_scale_apart(scale: int) -> None:
    phases = np.random.default_rng(scale).integers(0, 256, (scale, 9)).astype(np.uint8)
    out = np.zeros((3, 60), np.uint8)
    interleave(phases, scale, 7, out, 1, 4)
    expected = np.zeros_like(out)
    expected[1, 4 : 4 + 7 * scale] = phases[:, :7].T.ravel()
    assert np.array_equal(out, expected)
