"""What the pictures of a rendition are, from the units that are sent: ``picture_mark.py``."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import pytest

from app.delivery.picture_mark import FIGURES_S, WINDOW_S, MarkMeter, Picture, Why
from media.treatment import Treatment

FRAME_S = 1 / 30
NET = Picture(Treatment.FULL, "live-s", 960, 540, 21.0)
PLAIN = Picture(Treatment.NO_TIME, "", 960, 540, 21.0)


class Watched:
    """A meter and the time of its next unit."""

    def __init__(self, frame_s: float = FRAME_S) -> None:
        self.meter = MarkMeter()
        self.now = 100.0
        self._frame_s = frame_s

    def show(self, pictures: Iterable[Picture]) -> None:
        for picture in pictures:
            self.meter.take(picture, now=self.now)
            self.now += self._frame_s

    @property
    def why(self) -> Why:
        assert self.meter.standing is not None
        return self.meter.standing.why

    def units_until(self, why: Why, picture: Picture) -> int:
        """The number of such pictures after which the mark says so."""
        for count in range(1, 100):
            self.show([picture])
            if self.why is why:
                return count
        raise AssertionError(why)


def test_nothing_is_said_before_the_first_picture() -> None:
    assert MarkMeter().standing is None
    assert MarkMeter().version == 0
    assert MarkMeter().last_at is None


def test_the_first_picture_says_what_is_shown() -> None:
    watched = Watched()
    watched.show([NET])
    standing = watched.meter.standing
    assert standing is not None
    assert (standing.why, standing.net, standing.level) == (Why.ENHANCED, "live-s", "full")
    assert (standing.width, standing.height, standing.latency_ms) == (960, 540, 21.0)
    assert watched.meter.version == 1


@pytest.mark.parametrize("fps", [5, 15, 30, 60])
def test_a_change_is_said_within_the_window_at_any_frame_rate(fps: int) -> None:
    watched = Watched(1 / fps)
    watched.show([NET] * 2 * fps)
    to_plain = watched.units_until(Why.NO_TIME, PLAIN)
    watched.show([PLAIN] * fps)
    to_net = watched.units_until(Why.ENHANCED, NET)
    assert max(to_plain, to_net) <= max(1, WINDOW_S * fps)


def test_a_single_late_picture_changes_nothing() -> None:
    watched = Watched()
    watched.show([NET] * 30)
    version = watched.meter.version
    watched.show([PLAIN, *[NET] * 20])
    assert watched.why is Why.ENHANCED
    assert watched.meter.version == version


def test_where_every_other_picture_is_enhanced_the_mark_does_not_flicker() -> None:
    for first, other in ((NET, PLAIN), (PLAIN, NET)):
        watched = Watched()
        watched.show([first] * 30)
        before = watched.why
        for _ in range(60):
            watched.show([other, first])
            assert watched.why is before


@pytest.mark.parametrize(
    ("treatment", "why"),
    [
        (Treatment.NO_TIME, Why.NO_TIME),
        (Treatment.STARTING, Why.STARTING),
        (Treatment.OFF, Why.OFF),
        (Treatment.OWNER, Why.OWNER),
        (Treatment.TOO_LARGE, Why.TOO_LARGE),
        (Treatment.FAULT, Why.FAULT),
        (Treatment.PLAIN, Why.CHOSEN),
        (Treatment.UNSAID, Why.CHOSEN),
    ],
)
def test_the_reason_is_that_of_the_pictures(treatment: Treatment, why: Why) -> None:
    watched = Watched()
    watched.show([dataclasses.replace(PLAIN, treatment=treatment)] * 3)
    assert watched.why is why


@pytest.mark.parametrize(
    "change", [{"net": "live-m"}, {"width": 1920}, {"treatment": Treatment.TEMPORAL}]
)
def test_another_net_or_size_is_told_at_once_and_a_level_with_the_figures(
    change: dict[str, object],
) -> None:
    watched = Watched()
    watched.show([NET])
    before = watched.meter.version
    other = dataclasses.replace(NET, **change)  # type: ignore[arg-type]
    watched.show([other])
    is_at_once = "treatment" not in change
    assert watched.meter.version == before + is_at_once
    watched.show([other] * int(1.2 * FIGURES_S / FRAME_S))
    assert watched.meter.version == before + 1


def test_figures_are_told_every_two_seconds_at_most_and_only_where_they_moved() -> None:
    watched = Watched()
    watched.show([NET] * 300)
    assert watched.meter.version == 1
    slow = dataclasses.replace(NET, latency_ms=40.0)
    watched.show([slow] * 300)
    assert watched.meter.version == 2
    assert watched.meter.standing is not None
    assert watched.meter.standing.latency_ms == 40.0


def test_a_replay_of_what_was_logged_before_is_no_latency() -> None:
    watched = Watched()
    watched.show([dataclasses.replace(NET, latency_ms=9000.0)])
    assert watched.meter.standing is not None
    assert watched.meter.standing.latency_ms is None


def test_the_fraction_is_that_of_the_last_second() -> None:
    watched = Watched()
    watched.show([NET, NET, PLAIN] * 40)
    assert watched.meter.standing is not None
    assert watched.meter.standing.fraction == pytest.approx(2 / 3, abs=0.1)
    assert watched.meter.last_at == pytest.approx(watched.now - FRAME_S)
