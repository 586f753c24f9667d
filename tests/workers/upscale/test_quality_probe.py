"""When a picture is measured, what is kept of it, and that nothing waits for it."""

from __future__ import annotations

import dataclasses
import threading

import numpy as np
import pytest

from benchmarks.waiting import until
from workers.media.picture import Picture
from workers.upscale.gain_model import LIVE
from workers.upscale.quality_probe import KEPT_S, PERIOD_S, Probed, QualityFigures, QualityProbe

RANDOM = np.random.default_rng(7)


def picture(width: int, height: int) -> Picture:
    made = Picture.blank(width, height)
    made.y[:] = RANDOM.integers(0, 256, (height, width), np.uint8)
    return made


SOURCE, MADE = picture(32, 24), picture(64, 48)
PROBED = Probed(SOURCE, MADE, model="live-s", is_resized=False)


def settled(probe: QualityProbe) -> None:
    """Waits until no picture is being measured."""
    until(
        "the measurement",
        lambda: all(t.name != "measure quality" for t in threading.enumerate()),
        30,
    )


def measured(probe: QualityProbe, probed: Probed = PROBED, *, first: float = 0.0) -> float:
    """Offers pictures until one is measured; the time of that."""
    probe.offer(probed, now=first)
    at = first + PERIOD_S
    probe.offer(probed, now=at)
    settled(probe)
    return at


def figures(probe: QualityProbe, now: float) -> QualityFigures:
    found = probe.read(now=now)
    assert found is not None
    return found


def test_nothing_is_told_before_something_was_measured() -> None:
    probe = QualityProbe()
    assert probe.read(now=0.0) is None
    probe.offer(PROBED, now=0.0)
    settled(probe)
    assert probe.read(now=0.0) is None


def test_a_picture_is_measured_now_and_then_and_no_more_often() -> None:
    probe = QualityProbe()
    at = measured(probe)
    for step in range(1, 10):
        probe.offer(PROBED, now=at + step * 0.1)
    settled(probe)
    assert figures(probe, at + 1).pictures == 1
    probe.offer(PROBED, now=at + PERIOD_S)
    settled(probe)
    assert figures(probe, at + PERIOD_S).pictures == 2


def test_what_is_told_has_the_error_of_the_estimate() -> None:
    probe = QualityProbe()
    found = figures(probe, measured(probe))
    assert found.gain_db is not None
    assert found.error_db == LIVE.error_db
    assert found.consistency_db < 20  # it is noise of another seed
    assert found.sharpness > 0


def test_old_measurements_are_forgotten() -> None:
    probe = QualityProbe()
    at = measured(probe)
    assert probe.read(now=at + KEPT_S) is not None
    assert probe.read(now=at + KEPT_S + 1) is None


def test_the_measurements_of_another_net_are_forgotten_at_once() -> None:
    probe = QualityProbe()
    at = measured(probe)
    other = dataclasses.replace(PROBED, model="live-m")
    probe.offer(other, now=at + PERIOD_S)
    assert probe.read(now=at + PERIOD_S) is None
    # The first pictures of a net are not measured: its engine may just begin.
    settled(probe)
    assert probe.read(now=at + PERIOD_S) is None


def test_a_resized_picture_is_worth_nothing_and_counts() -> None:
    probe = QualityProbe()
    at = measured(probe, dataclasses.replace(PROBED, is_resized=True))
    assert figures(probe, at).gain_db == 0.0


@pytest.mark.parametrize(
    "probed",
    [
        dataclasses.replace(PROBED, model="somebodys-net"),
        dataclasses.replace(PROBED, made=picture(96, 72)),
    ],
)
def test_no_gain_is_told_for_what_the_estimate_was_not_fitted_to(probed: Probed) -> None:
    probe = QualityProbe()
    found = figures(probe, measured(probe, probed))
    assert found.gain_db is None
    assert found.consistency_db > 0


def test_what_is_not_enlarged_is_not_measured() -> None:
    probe = QualityProbe()
    at = measured(probe, dataclasses.replace(PROBED, made=picture(32, 24)))
    assert probe.read(now=at) is None


def test_the_picture_may_be_changed_right_after_it_was_offered() -> None:
    one, two = QualityProbe(), QualityProbe()
    expected = figures(one, measured(one))
    source, made = SOURCE.copy(), MADE.copy()
    probed = dataclasses.replace(PROBED, source=source, made=made)
    two.offer(probed, now=0.0)
    two.offer(probed, now=PERIOD_S)
    source.y[:] = 0
    made.y[:] = 0
    settled(two)
    assert figures(two, PERIOD_S) == expected
