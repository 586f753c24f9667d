"""Estimates the service time of tasks on one device from what results say.

The time of a task is an overhead for each region and a time for each million samples, fitted by
least squares with forgetting, times a pace that follows the last results: up at once, down slowly.
So a device that is held up is given less by the next frame, and one bad result is soon forgotten.
"""

from __future__ import annotations

__all__ = ["ServiceTime"]

FORGETTING = 0.96
"""Weight of all earlier results at each new one: the fit is that of the last 25 or so."""

FIRST_MS_PER_REGION = 0.5
"""Overhead of a run of the net besides its samples, as measured (``region_selection.py``)."""

PRIOR_MEGASAMPLES = 0.06
"""Size of the imagined result that the first value stands for: half of a picture of 480x270."""

MIN_RISE = 0.3
"""Part above the expectation from which on the pace rises at once, on a device of steady times:
what is below is a usual spread (15 % on a machine with other work)."""

RISE_DEVIATIONS = 3.0
"""The same in mean deviations. A device with a CPU quota works and waits in turns of 20 ms: each of
its times is far from the mean, and if each rose the pace, a third of its time would go unused."""

RISE_WEIGHT = 0.5
"""Weight of a result in the pace where it rises. One task that a quota stopped for two of its turns
takes four times as long; taken at its word, a device would be given nothing for a second."""

DEVIATION_WEIGHT = 0.08
"""Weight of a result in the mean deviation: that of the last twelve or so."""

FALL_WEIGHT = 0.12
"""Weight of a result in the pace otherwise: that of the last eight or so."""

MAX_PACE = 4.0
"""A device that stood still for a second is not taken for slower than this."""

OUTLIER = 2.0
"""Ratio to the expectation beyond which a result counts less in the fit; the pace has it all."""

MIN_MS_PER_MEGASAMPLE = 0.01


class ServiceTime:
    """Service time of one device, in ms."""

    def __init__(self, ms_per_megasample: float) -> None:
        """``ms_per_megasample`` counts as one result."""
        self._pace, self._deviation = 1.0, MIN_RISE / RISE_DEVIATIONS
        self._has_results = False
        self._begin(ms_per_megasample)

    @property
    def has_results(self) -> bool:
        """True once a task was measured."""
        return self._has_results

    @property
    def ms_per_region(self) -> float:
        """Overhead for each region."""
        return self._pace * self._per_region

    @property
    def ms_per_megasample(self) -> float:
        """Time for a million samples of regions, halo included."""
        return self._pace * self._per_megasample

    @property
    def deviation_ms(self) -> float:
        """Mean deviation of a usual task's time from what was expected."""
        return self._deviation * self._pace * self._usual_ms

    def ms(self, regions: int, samples: int) -> float:
        """Returns the expected time of a task."""
        return regions * self.ms_per_region + samples * self.ms_per_megasample / 1e6

    def expect(self, ms_per_megasample: float) -> None:
        """Sets a first value. No effect once there are results."""
        if not self._has_results:
            self._begin(ms_per_megasample)

    def add(self, regions: int, samples: int, ms: float) -> None:
        """Takes the measured time of a task."""
        self._has_results = True
        base = regions * self._per_region + samples * self._per_megasample / 1e6
        ratio = ms / max(base, 1e-6)
        self._usual_ms += FALL_WEIGHT * (base - self._usual_ms)
        # A short task that waits for its turn says little about the device, a long one much.
        size = min(1.0, base / max(self._usual_ms, 1e-6))
        deviation = size * (ratio / self._pace - 1.0)
        if deviation > max(MIN_RISE, RISE_DEVIATIONS * self._deviation):
            weight = RISE_WEIGHT * size
        else:
            weight = FALL_WEIGHT * size
        self._pace += weight * (min(ratio, MAX_PACE) - self._pace)
        self._deviation += DEVIATION_WEIGHT * (min(abs(deviation), 1.0) - self._deviation)
        self._fit(float(regions), samples / 1e6, ms, min(1.0, OUTLIER / max(ratio, 1e-6)))

    def _begin(self, ms_per_megasample: float) -> None:
        # Sums of products of the two sizes with each other and with the time. The prior is one
        # region without samples, and samples without a region.
        self._rr, self._rs, self._ss = 1.0, 0.0, PRIOR_MEGASAMPLES**2
        self._rt = FIRST_MS_PER_REGION
        self._st = PRIOR_MEGASAMPLES**2 * ms_per_megasample
        self._per_region = FIRST_MS_PER_REGION
        self._usual_ms = FIRST_MS_PER_REGION + PRIOR_MEGASAMPLES * ms_per_megasample
        self._per_megasample = max(MIN_MS_PER_MEGASAMPLE, ms_per_megasample)

    def _fit(self, regions: float, megasamples: float, ms: float, weight: float) -> None:
        # Weighted by the inverse of the size, since times spread in proportion to themselves.
        weight /= max(megasamples / PRIOR_MEGASAMPLES, 0.1)
        self._rr = FORGETTING * self._rr + weight * regions * regions
        self._rs = FORGETTING * self._rs + weight * regions * megasamples
        self._ss = FORGETTING * self._ss + weight * megasamples * megasamples
        self._rt = FORGETTING * self._rt + weight * regions * ms
        self._st = FORGETTING * self._st + weight * megasamples * ms
        determinant = self._rr * self._ss - self._rs**2
        # Tasks that are all alike do not tell overhead and samples apart: the overhead stays.
        if determinant > 1e-3 * self._rr * self._ss:
            self._per_region = (self._rt * self._ss - self._st * self._rs) / determinant
        self._per_region = max(0.0, self._per_region)
        left = self._st - self._per_region * self._rs
        if left <= 0.0:
            self._per_region, left = 0.0, self._st
        self._per_megasample = max(MIN_MS_PER_MEGASAMPLE, left / self._ss)
