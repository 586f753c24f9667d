"""Correction of the estimated errors by those that the net shows."""

from __future__ import annotations

__all__ = ["ErrorCalibration"]

MIN_FACTOR, MAX_FACTOR = 0.25, 4.0
"""Bounds of the factor: beyond them the estimate follows noise of few cells, not content."""

MIN_RATIO, MAX_RATIO = 0.5, 2.0
"""Bounds of what one picture may say of the factor."""

MAX_WEIGHT = 0.3
"""Weight of one picture that the net saw all of; of a part of it, as much less as it is smaller."""


class ErrorCalibration:
    """Compares the estimates of the cells that the net ran on with their errors as they were."""

    def __init__(self) -> None:
        self._factor = 1.0
        self._estimated = self._actual = 0.0
        self._samples_seen = 0

    @property
    def factor(self) -> float:
        """Factor for the error that a step adds."""
        return self._factor

    def observe(self, estimated: float, actual: float, samples: int) -> None:
        """Adds the sums of a region's estimated and actual errors; ``samples`` are luma samples of
        the decoded picture.
        """
        self._estimated += estimated
        self._actual += actual
        self._samples_seen += samples

    def commit(self, samples: float) -> None:
        """Ends a picture of so many luma samples: what was observed changes the factor."""
        if self._estimated > 0.0:
            # Weighted by how much was seen, so that a few cells do not turn it.
            weight = min(MAX_WEIGHT, self._samples_seen / samples)
            # The ratio enters as a power, so that twice too much and half too much cancel out.
            ratio = min(max(self._actual / self._estimated, MIN_RATIO), MAX_RATIO)
            self._factor = min(max(self._factor * ratio**weight, MIN_FACTOR), MAX_FACTOR)
        self._estimated = self._actual = 0.0
        self._samples_seen = 0
