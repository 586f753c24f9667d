"""``viewer_events.py``: events from sights of a stream, in no time at all."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.delivery.viewer_events import (
    EVENTS,
    EventPolicy,
    PlayedLayer,
    StreamSight,
    event_id_of,
    largest_within,
)

SOURCE = PlayedLayer("source", 480, 270, 800_000)
ENHANCED = PlayedLayer("enhanced", 960, 540, 2_400_000)
LIVE = StreamSight(True, 3, (SOURCE, ENHANCED))
SILENT = StreamSight(False)


def names(policy: EventPolicy, sight: StreamSight) -> list[str]:
    """Names of the events that a sight brings."""
    return [event.name for event in policy.take(sight)]


def test_a_live_stream_is_told_whole() -> None:
    active, layers, count = EventPolicy((), "1").take(LIVE)
    assert (active.name, active.data) == ("active", "{}")
    assert json.loads(count.data) == {"viewercount": 3}
    assert json.loads(layers.data) == {
        "1": [
            {"rid": "source", "bitrate": 800_000, "width": 480, "height": 270},
            {"rid": "enhanced", "bitrate": 2_400_000, "width": 960, "height": 540},
        ]
    }


def test_what_did_not_change_is_not_told_again() -> None:
    policy = EventPolicy((), "0")
    policy.take(LIVE)
    assert names(policy, LIVE) == []
    assert names(policy, dataclasses.replace(LIVE, viewers=4)) == ["viewercount"]


def test_a_stream_goes_and_comes() -> None:
    policy = EventPolicy((), "0")
    policy.take(LIVE)
    assert names(policy, SILENT) == ["inactive", "viewercount"]
    assert names(policy, SILENT) == []
    assert names(policy, LIVE) == ["active", "layers", "viewercount"]


def test_there_is_no_inactive_at_first() -> None:
    policy = EventPolicy(("active", "inactive"), "0")
    assert names(policy, SILENT) == []
    assert names(policy, LIVE) == ["active"]


def test_only_what_the_player_takes_is_told() -> None:
    assert names(EventPolicy(("viewercount",), "0"), LIVE) == ["viewercount"]
    assert names(EventPolicy(("x-later",), "0"), LIVE) == []
    assert EventPolicy(("active",), "0").leave() == []
    assert [event.name for event in EventPolicy((), "0").leave()] == ["reconnect"]


def test_without_video_there_are_no_layers() -> None:
    assert names(EventPolicy((), ""), LIVE) == ["active", "viewercount"]


def test_rates_that_differ_little_are_the_same() -> None:
    policy = EventPolicy(("layers",), "0")

    def at(bitrate: int) -> list[str]:
        layer = dataclasses.replace(SOURCE, bitrate=bitrate)
        return names(policy, dataclasses.replace(LIVE, layers=(layer,)))

    assert [at(rate) for rate in (800, 900, 999, 1000)] == [["layers"], [], [], []]
    assert at(1001) == ["layers"]
    assert at(0) == ["layers"]
    assert at(1) == ["layers"]


def test_a_size_that_is_not_known_is_left_out() -> None:
    assert PlayedLayer("enhanced", 0, 0, 0).fields() == {"rid": "enhanced", "bitrate": 0}


def test_an_event_is_one_line_of_data_with_an_id() -> None:
    (event,) = EventPolicy(("viewercount",), "0").take(LIVE)
    assert event.encode("x1") == 'event: viewercount\ndata: {"viewercount":3}\nid: x1\n\n'


def test_a_player_that_comes_again_is_told_what_is_new() -> None:
    before = EventPolicy((), "0")
    before.take(LIVE)
    after = EventPolicy((), "0")
    after.resume(LIVE, before.event_id)
    assert names(after, LIVE) == []
    assert names(after, SILENT) == ["inactive", "viewercount"]


@pytest.mark.parametrize("event_id", ["", "other"])
def test_one_that_missed_something_is_told_all(event_id: str) -> None:
    policy = EventPolicy((), "0")
    policy.resume(LIVE, event_id)
    assert names(policy, LIVE) == ["active", "layers", "viewercount"]


def test_ids_tell_sights_apart() -> None:
    sights = [LIVE, SILENT, dataclasses.replace(LIVE, viewers=9)]
    assert len({event_id_of(sight) for sight in sights}) == 3
    assert EventPolicy((), "0").event_id == ""


@given(st.lists(st.builds(StreamSight, st.booleans(), st.integers(0, 3)), max_size=12))
def test_active_and_inactive_alternate(sights: list[StreamSight]) -> None:
    policy = EventPolicy(("active", "inactive"), "0")
    told = [name for sight in sights for name in names(policy, sight)]
    assert told == [("active", "inactive")[i % 2] for i in range(len(told))]
    assert set(told) <= set(EVENTS)


@pytest.mark.parametrize(
    "width,height,rid",
    [
        (None, None, ""),
        (5000, None, "enhanced"),
        (960, 540, "enhanced"),
        (959, None, "source"),
        (None, 270, "source"),
        (100, 100, "source"),
    ],
)
def test_the_largest_within_the_limits(width: int | None, height: int | None, rid: str) -> None:
    assert largest_within((SOURCE, ENHANCED), width, height) == rid
    assert largest_within((PlayedLayer("enhanced", 0, 0, 0),), width, height) == ""
