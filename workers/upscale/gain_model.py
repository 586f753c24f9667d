"""The estimate of what a net is worth on a stream, from what can be observed without the original.

``python -m benchmarks.gain_model`` measures observables and true gains on clips and fits the
coefficients below; ``docs/monitoring.md`` tells how well they hold on clips that were left out.
"""

from __future__ import annotations

import dataclasses
import math

FLOOR = 0.01
"""Added before logarithms, in squared luma levels: pictures without any detail have zeros."""


@dataclasses.dataclass(frozen=True, slots=True)
class Observables:
    """Inputs of the estimate for a picture; energies are in squared luma levels."""

    correction: float
    "Mean squared difference between the enhanced picture and bicubic interpolation."
    inconsistency: float
    "Mean squared difference between the reduced enhanced picture and the decoded source."
    gradient: float
    "Gradient energy of bicubic interpolation."
    strength: float = 0.0
    "Strength of the style, 0 (faithful) to 1 (crisp)."

    def features(self) -> tuple[float, ...]:
        """Returns the numbers that the estimate weighs, the first of them for its constant."""
        correction = math.log10(self.correction + FLOOR)
        inconsistency = math.log10(self.inconsistency + FLOOR)
        # Of a net that restores, little of the correction is inconsistent with the source; one that
        # only sharpens changes much for the detail that is there.
        relative = self.correction / (self.gradient + FLOOR)
        return (1.0, correction, inconsistency - correction, min(relative, 1.0), self.strength)


@dataclasses.dataclass(frozen=True, slots=True)
class GainModel:
    """A linear estimate with its error."""

    coefficients: tuple[float, ...]
    error_db: float
    "Root mean squared error on clips that were left out of the fit."
    lowest_db: float
    highest_db: float
    "Smallest and largest gain that was seen; an estimate beyond them is cut."
    nets: tuple[str, ...] = ("live-s", "live-m")
    "Nets that it was fitted to."
    scale: int = 2

    def holds_for(self, net: str, scale: float) -> bool:
        """Returns whether the estimate was fitted to pictures of such a net."""
        return net in self.nets and scale == self.scale

    def gain_db(self, seen: Observables) -> float:
        """Returns the estimated PSNR over bicubic interpolation, in dB."""
        # What differs from bicubic interpolation by nothing is worth nothing.
        if seen.correction < FLOOR:
            return 0.0
        pairs = zip(self.coefficients, seen.features(), strict=True)
        estimate = sum(weight * feature for weight, feature in pairs)
        return min(max(estimate, self.lowest_db), self.highest_db)


LIVE = GainModel(
    (-0.6519, -0.7324, -2.5148, 3.621, -1.2079), error_db=0.43, lowest_db=-1.13, highest_db=3.64
)
"""The estimate for the live nets."""
