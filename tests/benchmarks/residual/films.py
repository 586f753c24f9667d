"""A film that is made up, for tests of what is measured."""

from __future__ import annotations

import numpy as np

from benchmarks.residual.material import Film
from tests.workers.team.residuals import scene


def made_film(frames: int = 3) -> Film:
    """Returns pictures whose net leaves a little noise."""
    truth, plain = scene(64, 96)
    rng = np.random.default_rng(0)
    made = (truth + rng.integers(-2, 3, (frames, 64, 96))).clip(0, 255).astype(np.uint8)
    whole, blurred = (np.repeat(each[None], frames, axis=0) for each in (truth, plain))
    return Film(whole, blurred, made, 30)
