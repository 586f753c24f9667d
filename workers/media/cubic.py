"""Keys' cubic convolution with a = -3/4 (IEEE TASSP 1981), as OpenCV has it."""

from __future__ import annotations

import math

_A = -0.75


def place_of(phase: int, scale: int, offset: float) -> float:
    """Returns where a sample of a plane ``scale`` times as large lies from the sample that it
    belongs to, in samples of the small plane.

    ``offset`` is where a sample lies across the square that it stands for: 0.5 in its middle.
    """
    return (phase + offset) / scale - offset


def weights_at(place: float) -> tuple[int, tuple[float, float, float, float]]:
    """Returns the weights of four samples for the value at ``place``, after the index of the first
    of them.
    """
    below = math.floor(place)
    t = place - below
    u = 1 - t
    # ``far`` is the outer polynomial of Keys' kernel at distance t + 1, ``near`` and ``following``
    # are the inner one at t and at 1 - t.
    far = ((_A * (t + 1) - 5 * _A) * (t + 1) + 8 * _A) * (t + 1) - 4 * _A
    near = ((_A + 2) * t - (_A + 3)) * t * t + 1
    following = ((_A + 2) * u - (_A + 3)) * u * u + 1
    # The fourth weight is what is left to 1, so that a flat plane stays exactly as it is.
    return below - 1, (far, near, following, 1 - far - near - following)
