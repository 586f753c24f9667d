from __future__ import annotations

import numpy as np
import pytest

from workers.media.picture import Picture
from workers.upscale.residual_energy import residual_energy
from workers.upscale.upscaler import Upscaler


def flat(width: int, height: int, level: int) -> Picture:
    made = Picture.blank(width, height)
    made.y[:], made.u[:], made.v[:] = level, 128, 128
    return made


@pytest.mark.parametrize("size", [(64, 48), (61, 45)])
def test_what_a_resize_gives_too_is_worth_nothing(size: tuple[int, int]) -> None:
    source = flat(*size, 100)
    rng = np.random.default_rng(1)
    source.y[:] = rng.integers(0, 256, source.y.shape, dtype=np.uint8)
    assert residual_energy(source, Upscaler().resize(source), 2) == 0.0


def test_it_is_the_mean_square_of_what_is_added() -> None:
    enhanced = flat(64, 48, 100)
    enhanced.y[:24] = 106
    assert residual_energy(flat(32, 24, 100), enhanced, 2) == pytest.approx(18.0)
