"""The bit rate follows what the way grants: down at once, up slowly, never below a floor."""

from __future__ import annotations

import itertools

import pytest

from tests.wire.link.virtual_path import Pair, Path
from wire.link.message import Message
from wire.remote.uplink_parts import UplinkParts
from workers.session.uplink_bound import (
    FLOOR_KBPS,
    HIGHER_S,
    MAX_WAIT_S,
    STEP,
    UplinkBound,
)


def test_without_a_bound_anything_is_made() -> None:
    bound = UplinkBound()
    assert (bound.follow(None, now=1.0), bound.reason) == (0, "")
    bound.follow(800.0, now=2.0)
    assert "800 kbit/s" in bound.reason
    assert (bound.follow(None, now=3.0), bound.reason) == (0, "")


def test_it_goes_down_at_once_and_up_once_the_way_has_been_better_for_long() -> None:
    bound = UplinkBound()
    assert bound.follow(2000.0, now=0.0) == 2000
    assert bound.follow(1900.0, now=0.5) == 2000
    assert bound.follow(900.0, now=1.0) == 900
    assert bound.follow(1100.0, now=1.5) == 900
    assert bound.follow(2000.0, now=2.0) == 900
    assert bound.follow(2000.0, now=1.9 + HIGHER_S) == 900
    # A step at a time, each after as long.
    assert bound.follow(2000.0, now=2.0 + HIGHER_S) == int(900 * STEP)
    assert bound.follow(2000.0, now=2.5 + HIGHER_S) == int(900 * STEP)
    assert bound.follow(2000.0, now=2.5 + 2 * HIGHER_S) == 2000


def test_a_rise_that_fails_is_tried_again_later_and_later() -> None:
    bound, now, rises = UplinkBound(), 0.0, []
    bound.follow(1000.0, now=now)
    while now < 300.0:
        now += 0.5
        before = bound.kbps
        # The way bears a megabit, and a rate control that is idle believes in three.
        after = bound.follow(3000.0 if before <= 1000 else 1000.0, now=now)
        if after > before:
            rises.append(now)
    waits = [later - earlier for earlier, later in itertools.pairwise(rises)]
    assert waits == sorted(waits)
    assert waits[0] < 3 * HIGHER_S and waits[-1] == pytest.approx(MAX_WAIT_S, abs=2.0)


def test_a_way_that_is_better_for_a_moment_changes_nothing() -> None:
    bound = UplinkBound()
    bound.follow(1000.0, now=0.0)
    found = {bound.follow(2000.0 if step % 4 else 1000.0, now=step / 2) for step in range(60)}
    assert found == {1000}


@pytest.mark.parametrize("granted", [0.0, 1.0, FLOOR_KBPS - 1.0])
def test_a_picture_is_never_made_of_less_than_the_floor(granted: float) -> None:
    assert UplinkBound().follow(granted, now=0.0) == FLOOR_KBPS


class Lead:
    """A rendition of 2 Mbit/s on a link, in virtual time; its encoder follows the bound or not."""

    FPS, WANTED_KBPS, LEFT_S = 30, 2000, 0.3

    def __init__(self, *, follows: bool) -> None:
        self.path = Path(rate_bps=20e6)
        self.pair = Pair(self.path, Path(rate_bps=20e6))
        self.parts = UplinkParts()
        self.bound = UplinkBound()
        self.kbps = self.WANTED_KBPS
        self.changes = 0
        self._follows = follows
        self._serial = 0

    def run(self, seconds: float) -> float:
        """Sends for some seconds; returns the part of the frames that arrived in time."""
        first, arrived = self._serial, len(self.pair.messages[1])
        while self._serial < first + seconds * self.FPS:
            if self._serial % (self.FPS // 2) == 0:
                self._follow()
            size = self.kbps * 1000 // 8 // self.FPS
            if self.pair.send(0, Message(2, 0, self._serial % 65536, bytes(size)), self.LEFT_S):
                self.parts.note_media("1-0", size, now=self.pair.now)
            self._serial += 1
            self.pair.run(self.pair.now + 1 / self.FPS)
        return (len(self.pair.messages[1]) - arrived) / (self._serial - first)

    def _follow(self) -> None:
        rate_bps = self.pair.links[0].rate_bps
        granted = self.parts.granted_kbps("1-0", rate_bps, now=self.pair.now)
        kbps = min(self.WANTED_KBPS, self.bound.follow(granted, now=self.pair.now))
        if self._follows and kbps != self.kbps:
            self.kbps = kbps
            self.changes += 1


def test_a_lead_on_a_link_that_falls_goes_on_with_less_and_comes_back() -> None:
    lead = Lead(follows=True)
    assert lead.run(10) > 0.99
    assert (lead.kbps, lead.changes) == (Lead.WANTED_KBPS, 0)
    lead.path.rate_bps = 1e6
    lead.run(2)
    assert lead.run(20) > 0.98
    assert 300 < lead.kbps < 1000
    # Each change is a key frame.
    assert lead.changes <= 4
    lead.path.rate_bps = 20e6
    lead.run(25)
    assert lead.kbps == Lead.WANTED_KBPS
    assert lead.run(5) > 0.99


def test_a_lead_that_does_not_follow_loses_every_second_frame() -> None:
    lead = Lead(follows=False)
    lead.run(10)
    lead.path.rate_bps = 1e6
    lead.run(2)
    assert lead.run(8) < 0.6
