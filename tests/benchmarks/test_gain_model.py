"""The fit of the estimate: it finds what made the gains, and leaves clips out to judge itself."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmarks.gain_model import (
    Run,
    calibrate,
    estimates,
    fit,
    left_out_errors,
    root_mean_square,
)

RANDOM = np.random.default_rng(11)
WEIGHTS = (0.2, 0.5, 0.0, -0.1, 0.3)


def runs(clips: int = 6, each: int = 12, noise: float = 0.0) -> list[Run]:
    """Runs whose gain is a weighted sum of their features, and noise."""
    found = []
    for clip in range(clips):
        for _ in range(each):
            features = (1.0, *RANDOM.normal(size=4).tolist())
            gain = float(np.dot(WEIGHTS, features) + noise * RANDOM.normal())
            found.append(Run(f"clip{clip}", "h264", 0.1, "live-s", 0.5, gain, features))
    return found


def test_the_fit_finds_the_weights() -> None:
    model = fit(runs(), ridge=1e-6)
    assert model.coefficients == pytest.approx(WEIGHTS, abs=0.01)


def test_estimates_are_cut_at_what_was_seen() -> None:
    found = runs()
    model = dataclasses.replace(fit(found), lowest_db=-0.1, highest_db=0.1)
    assert set(np.abs(estimates(model, found)).round(3)) >= {0.1}
    assert np.abs(estimates(model, found)).max() <= 0.1


def test_each_clip_is_judged_by_a_fit_to_the_others() -> None:
    found = runs()
    # One clip has gains that nothing explains; a fit that had seen it would be nearer to them.
    odd = [dataclasses.replace(r, gain_db=r.gain_db + 2) if r.clip == "clip0" else r for r in found]
    errors = left_out_errors(odd)
    assert set(errors) == {f"clip{number}" for number in range(6)}
    assert abs(errors["clip0"].mean()) > 1.5 > max(abs(errors["clip1"].mean()), 0.5)


def test_the_error_is_that_of_clips_that_were_left_out() -> None:
    found = runs(each=40, noise=0.3)
    assert calibrate(found).error_db == pytest.approx(0.3, abs=0.08)


def test_every_clip_weighs_alike() -> None:
    long, short = np.zeros(100), np.full(2, 3.0)
    assert root_mean_square([long, short]) == pytest.approx(np.sqrt(4.5))
