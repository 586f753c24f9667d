"""Choice of the residual codec's quality for a budget of bytes, by what earlier regions took.

Policy alone: no clock, no codec. What a content takes at one quality tells what it takes at the
others: the curves of all clips are about one and the same, entered at different places.
"""

from __future__ import annotations

import math

__all__ = ["FIRST_BITS", "ResidualRate"]

FIRST_BITS = 0.2
"""Bits for a sample at the reference quality before anything is known: 3.1 Mbit/s for whole
pictures of 960x540 at 30 a second."""

REFERENCE = 15
"""Quality at which contents are compared, in the middle of those that live teams use."""

MEMORY_SAMPLES = 1_000_000
"""Samples that an estimate is a mean of, about: two whole pictures."""

# Measured on nine clips from quality 12 to 16: bits for a sample rise by 0.78 octaves with each
# quality where they are 0.01, by 0.46 at 0.09, 0.26 at 0.5 and 0.14 at 1.7.
_OCTAVES = 0.22
_EXPONENT = -0.27
_MIN_BITS, _MAX_BITS = 1e-3, 16.0


class ResidualRate:
    """Learns what one content takes, and chooses qualities for it."""

    def __init__(self, max_quality: int) -> None:
        self._max_quality = max_quality
        self._octave = math.log2(FIRST_BITS)
        self._samples = 0

    def took(self, quality: int, samples: int, size: int) -> None:
        """Notes that regions of so many samples took ``size`` bytes at a quality."""
        if samples <= 0:
            return
        bits = min(max(8 * size / samples, _MIN_BITS), _MAX_BITS)
        seen = math.log2(_moved(bits, REFERENCE - quality))
        # A plain mean at first, then one that forgets: early results say more than the guess.
        self._samples = min(self._samples + samples, MEMORY_SAMPLES + samples)
        self._octave += samples / self._samples * (seen - self._octave)

    def expected(self, quality: int, samples: int) -> float:
        """Returns the bytes that regions of so many samples are expected to take."""
        return _moved(2**self._octave, quality - REFERENCE) * samples / 8

    def quality(self, samples: int, budget: float) -> int:
        """Returns the finest quality whose expected bytes are within a budget of them; 0 where none
        is.
        """
        for quality in range(self._max_quality, 0, -1):
            if self.expected(quality, samples) <= budget:
                return quality
        return 0


def _moved(bits: float, qualities: int) -> float:
    """Returns the bits for a sample so many qualities finer (or coarser: below 0)."""
    for _ in range(abs(qualities)):
        octaves = _OCTAVES * bits**_EXPONENT
        bits *= 2 ** math.copysign(min(octaves, 1.0), qualities)
        bits = min(max(bits, _MIN_BITS), _MAX_BITS)
    return bits
