"""One simulcast layer between its publisher and its readers: ``layer_feed.py``."""

from __future__ import annotations

import dataclasses

from app.streams.layer_feed import FLOWS_S, WATCH_S, LayerFeed
from media.access_unit import AccessUnit
from tests.app import fakes
from wire.stream_record import ReceivedLayer


class Feed:
    """A layer with a clock."""

    def __init__(self) -> None:
        self.asked = fakes.KeyFrameWish()
        self.feed = LayerFeed("source-l", 7, self.asked)
        self.now = 50.0
        self.heard: list[AccessUnit] = []

    def send(self, *units: AccessUnit) -> bool:
        waits = False
        for unit in units:
            self.now += 1 / 30
            waits = self.feed.take(unit, None, now=self.now)
        return waits

    def follower(self, unit: AccessUnit, epoch: int) -> None:
        assert epoch == 7
        self.heard.append(unit)


def numbers(units: list[AccessUnit]) -> list[int]:
    return [unit.sequence for unit in units]


def test_a_layer_that_nobody_reads_is_not_written() -> None:
    made = Feed()
    assert not made.send(*fakes.group(0, 40))
    assert made.feed.pop() == []
    assert not made.feed.is_wanted(now=made.now)
    assert made.asked.count == 0
    assert made.feed.dropped == {}


def test_who_begins_to_read_gets_the_last_group_without_a_key_frame_of_the_publisher() -> None:
    made = Feed()
    made.send(*fakes.group(0, 10), *fakes.group(10, 5))
    made.feed.watch(now=made.now)
    assert made.feed.is_watched(now=made.now)
    assert numbers(made.feed.pop()) == [10, 11, 12, 13, 14]
    assert made.asked.count == 0
    assert made.send(fakes.video(15))
    assert numbers(made.feed.pop()) == [15]


def test_who_begins_before_the_first_key_frame_has_it_asked_for() -> None:
    made = Feed()
    made.feed.watch(now=made.now)
    assert made.asked.count == 1
    made.send(fakes.video(0), fakes.video(1, key=True))
    assert numbers(made.feed.pop()) == [1]


def test_the_log_ends_when_nobody_says_that_he_reads_it() -> None:
    made = Feed()
    made.send(*fakes.group(0, 3))
    made.feed.watch(now=made.now)
    made.feed.pop()
    made.now += WATCH_S
    assert not made.send(fakes.video(3))
    assert made.feed.pop() == []


def test_readers_of_this_node_are_fed_from_the_last_key_frame_on() -> None:
    made = Feed()
    made.send(*fakes.group(0, 3), *fakes.group(3, 2))
    assert numbers(made.feed.follow(made.follower)) == [3, 4]
    assert made.feed.is_wanted(now=made.now)
    made.send(fakes.video(5))
    made.feed.unfollow(made.follower)
    made.send(fakes.video(6))
    assert numbers(made.heard) == [5]


def test_units_are_counted_whichever_connection_brings_them() -> None:
    made = Feed()
    made.feed.follow(made.follower)
    made.send(*fakes.group(0, 3))
    other = fakes.KeyFrameWish()
    made.feed.replace_connection(other)
    made.send(*fakes.group(0, 3))
    assert numbers(made.heard) == [0, 1, 2, 3, 4, 5]
    made.feed.request_key_frame()
    assert (made.asked.count, other.count) == (0, 1)


def test_times_are_those_of_the_source() -> None:
    made = Feed()
    made.feed.follow(made.follower)
    source = fakes.video(100)
    unit = dataclasses.replace(fakes.video(0, key=True), capture_us=source.capture_us)
    made.feed.take(unit, source, now=made.now)
    assert made.heard[0].pts == source.pts


def test_it_is_listed_with_size_and_rate_while_it_flows() -> None:
    made = Feed()
    assert made.feed.listed(now=made.now) is None
    units = [dataclasses.replace(u, width=320, height=180) for u in fakes.group(0, 60)]
    made.send(*units)
    found = made.feed.listed(now=made.now)
    assert found == ReceivedLayer("source-l", 320, 180, found.kbps if found else -1)
    assert found.kbps > 0
    assert made.feed.listed(now=made.now + FLOWS_S + 0.1) is None


def test_what_could_not_be_written_comes_again_or_from_a_key_frame_on() -> None:
    made = Feed()
    made.send(*fakes.group(0, 3))
    made.feed.watch(now=made.now)
    made.feed.put_back(made.feed.pop())
    assert numbers(made.feed.pop()) == [0, 1, 2]
    made.send(fakes.video(3))
    made.feed.lose("log_full")
    assert made.feed.dropped == {"log_full": 1}
    assert made.asked.count == 1
    made.send(fakes.video(4), *fakes.group(5, 1))
    assert numbers(made.feed.pop()) == [5]
