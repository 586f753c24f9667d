from __future__ import annotations

import dataclasses
import random

import pytest

from app.delivery.gop_cache import MAX_UNITS as MAX_GROUP
from app.rtp.send_queue import (
    HOLD_S,
    MAX_AUDIO,
    MAX_HOLD_S,
    MAX_UNITS,
    MAX_WAIT_S,
    SLOW_AFTER_S,
    PacketizedFrame,
    SendQueue,
)
from media.codec import Codec


def video(pts: int, *, key: bool = False, size: int = 1000) -> PacketizedFrame:
    return PacketizedFrame((bytes(size),), Codec.H264, pts, 90_000, 0, is_video=True, is_key=key)


def audio(pts: int) -> PacketizedFrame:
    return PacketizedFrame((b"a",), Codec.OPUS, pts, 48_000, 0, is_video=False, is_key=True)


def drain(queue: SendQueue, now: float) -> list[int]:
    found = []
    while (unit := queue.pop(now=now)) is not None:
        found.append(unit.pts)
    return found


def test_video_begins_at_a_key_frame() -> None:
    queue = SendQueue()
    assert queue.needs_key
    for unit in (video(1), video(2), video(3, key=True), video(4)):
        queue.push(unit, now=0.0)
    assert not queue.needs_key
    assert drain(queue, 0.0) == [3, 4]
    assert queue.dropped == {"no_key": 2}


def test_audio_goes_first_and_needs_no_key_frame() -> None:
    queue = SendQueue()
    queue.push(video(1, key=True), now=0.0)
    queue.push(audio(7), now=0.0)
    assert drain(queue, 0.0) == [7, 1]


def test_nothing_waits_means_no_deadline() -> None:
    queue = SendQueue()
    assert queue.next_deadline(now=3.0) is None
    queue.push(audio(1), now=3.0)
    assert queue.next_deadline(now=3.0) == 3.0
    drain(queue, 3.0)
    queue.push(video(1, key=True), now=3.0)
    assert queue.next_deadline(now=3.5) == 3.5


def test_stale_video_goes_up_to_the_next_key_frame_and_audio_stays() -> None:
    queue = SendQueue()
    queue.push(video(1, key=True), now=0.0)
    queue.push(video(2), now=0.1)
    queue.push(audio(9), now=0.1)
    queue.push(video(3), now=MAX_WAIT_S + 0.01)
    assert queue.needs_key
    assert queue.dropped == {"slow": 2, "no_key": 1}
    queue.push(video(4), now=MAX_WAIT_S + 0.02)
    queue.push(video(5, key=True), now=MAX_WAIT_S + 0.03)
    assert drain(queue, 2.0) == [9, 5]
    assert queue.dropped == {"slow": 2, "no_key": 2}


def test_a_key_frame_that_finds_stale_video_takes_its_place() -> None:
    queue = SendQueue()
    queue.push(video(1, key=True), now=0.0)
    queue.push(video(2, key=True), now=MAX_WAIT_S + 0.01)
    assert drain(queue, 2.0) == [2]
    assert queue.dropped == {"slow": 1}


def test_video_is_bounded() -> None:
    queue = SendQueue()
    queue.push(video(0, key=True), now=0.0)
    for pts in range(1, MAX_UNITS + 1):
        queue.push(video(pts), now=0.0)
    assert queue.needs_key
    assert queue.dropped == {"slow": MAX_UNITS, "no_key": 1}
    assert drain(queue, 0.0) == []


def test_audio_is_bounded_and_loses_its_oldest() -> None:
    queue = SendQueue()
    for pts in range(MAX_AUDIO + 3):
        queue.push(audio(pts), now=0.0)
    assert drain(queue, 0.0) == list(range(3, MAX_AUDIO + 3))
    assert queue.dropped == {"audio": 3}


def test_restart_forgets_video_and_keeps_audio() -> None:
    queue = SendQueue()
    queue.push(video(1, key=True), now=0.0)
    queue.push(audio(2), now=0.0)
    queue.restart()
    assert queue.needs_key
    assert drain(queue, 0.0) == [2]


def slow_queue() -> tuple[SendQueue, float]:
    """A queue whose viewer reports 0.1 Mbit/s of the 2.4 Mbit/s offered, long enough to bind."""
    queue = SendQueue()
    now = 100.0
    queue.push(video(0, key=True, size=10_000), now=now)
    while now < 102.0 + SLOW_AFTER_S:
        queue.push(video(1, size=10_000), now=now)
        queue.on_report(0.1, None, now=now)
        queue.on_bandwidth(100_000, now=now)
        drain(queue, now)
        now += 1 / 30
    return queue, now


@pytest.mark.parametrize(
    ("loss", "round_trip_s", "is_bound"),
    [
        (0.0, None, False),
        (0.02, 0.05, False),
        (0.0, 0.1, False),
        (0.03, None, True),
        (0.0, 0.2, True),
    ],
)
def test_an_estimate_binds_only_where_what_is_sent_stands_or_is_lost(
    loss: float, round_trip_s: float | None, is_bound: bool
) -> None:
    queue = SendQueue()
    queue.on_report(0.0, 0.04, now=0.0)
    passed = 0
    for step in range(150):
        now = step / 30
        queue.push(video(step, key=step % 30 == 0, size=10_000), now=now)
        queue.on_report(loss, round_trip_s, now=now)
        queue.on_bandwidth(100_000, now=now)
        passed += len(drain(queue, now))
    assert (passed < 120) is is_bound


def spans(seconds: float, *, loss: float) -> list[float]:
    """Lengths of the times for which a viewer was held to a low estimate; ``loss`` is what it
    reports while all is sent.
    """
    queue, now = slow_queue()
    found, since = [], now
    while now < 102.0 + seconds:
        is_held = queue._rate_bps is not None
        queue.push(video(1, key=True, size=10_000), now=now)
        queue.on_report(0.0 if is_held else loss, 0.03, now=now)
        queue.on_bandwidth(100_000, now=now)
        drain(queue, now)
        if is_held and queue._rate_bps is None:
            found.append(now - since)
        elif not is_held:
            since = now
        now += 1 / 30
    return found


def test_a_viewer_of_a_free_path_gets_all_again_soon_whatever_it_estimates() -> None:
    assert spans(60.0, loss=0.0) == [pytest.approx(HOLD_S, abs=0.2)]


def test_a_path_that_stays_narrow_is_tried_ever_later() -> None:
    found = spans(400.0, loss=0.2)
    assert found[:4] == pytest.approx([HOLD_S, 2 * HOLD_S, 4 * HOLD_S, MAX_HOLD_S], abs=0.3)
    assert found[-1] == pytest.approx(MAX_HOLD_S, abs=0.3)


def test_a_low_estimate_does_not_bind_at_once() -> None:
    queue = SendQueue()
    for step in range(30):
        queue.push(video(step, key=step == 0, size=10_000), now=step / 30)
        queue.on_report(0.2, None, now=step / 30)
        queue.on_bandwidth(100_000, now=step / 30)
        assert drain(queue, step / 30) == [step]


def test_a_viewer_that_stays_slow_is_paced_and_its_audio_is_not() -> None:
    queue, now = slow_queue()
    queue.restart()
    queue.on_bandwidth(100_000, now=now)
    free = queue.next_deadline(now=now + 100.0)
    assert free is None
    queue.push(video(1, key=True, size=12_500), now=now + 10)
    queue.push(video(2, size=12_500), now=now + 10)
    assert drain(queue, now + 10) == [1]
    # 12,500 bytes at 100 kbit/s take a second.
    assert queue.next_deadline(now=now + 10) == pytest.approx(now + 11)
    queue.push(audio(5), now=now + 10.5)
    assert drain(queue, now + 10.5) == [5]
    assert drain(queue, now + 10.99) == []
    assert drain(queue, now + 11.01) == [2]


def test_a_better_estimate_ends_the_pacing_at_once() -> None:
    queue, now = slow_queue()
    queue.restart()
    queue.push(video(1, key=True, size=200_000), now=now + 60)
    assert drain(queue, now + 60) == [1]
    queue.push(video(2), now=now + 60.1)
    assert drain(queue, now + 60.1) == []
    queue.on_bandwidth(5_000_000, now=now + 60.2)
    assert drain(queue, now + 60.2) == [2]


def test_a_viewer_that_never_reports_costs_no_memory() -> None:
    queue = SendQueue()
    for step in range(3000):
        queue.push(video(step, key=step == 0), now=step / 30)
        drain(queue, step / 30)
    assert len(queue._offered) <= 62


def test_behind_a_unit_that_cannot_be_sent_video_goes_on_at_a_key_frame_that_waits() -> None:
    queue = SendQueue()
    for unit in (video(1, key=True), video(2), video(3, key=True), video(4)):
        queue.push(unit, now=0.0)
    first = queue.pop(now=0.0)
    assert first is not None
    queue.on_unsendable(first)
    assert not queue.needs_key
    assert drain(queue, 0.0) == [3, 4]
    assert queue.dropped == {"unsendable": 2}


def test_or_at_the_next_that_comes() -> None:
    queue = SendQueue()
    queue.push(video(1, key=True), now=0.0)
    first = queue.pop(now=0.0)
    assert first is not None
    queue.on_unsendable(first)
    queue.on_unsendable(audio(1))
    assert queue.needs_key
    queue.push(video(2), now=0.0)
    assert drain(queue, 0.0) == []


def test_a_group_is_kept_whole_while_another_one_is_paced() -> None:
    """A viewer who changes over and back has two of the longest groups waiting, and live units."""
    queue = SendQueue()
    groups = [video(n, key=n in (0, MAX_GROUP)) for n in range(2 * MAX_GROUP)]
    for unit in groups:
        queue.push(unit, now=0.0)
    for live in range(42):
        queue.push(video(1000 + live), now=live / 60)
    assert len(drain(queue, 0.7)) == 2 * MAX_GROUP + 42
    assert queue.dropped == {}


def test_the_past_is_no_part_of_the_rate_of_a_rendition() -> None:
    queue = SendQueue()
    queue.push(dataclasses.replace(video(0, key=True, size=500_000), is_live=False), now=1.0)
    assert queue.live_rate(now=1.0) == 0.0
    queue.push(video(1, size=500_000), now=1.0)
    assert queue.live_rate(now=2.0) == 2_000_000.0
    assert queue.live_rate(now=4.0) == 0.0


def test_a_unit_passes_by_where_push_and_pop_would_let_it_through() -> None:
    """In any order of units and times, with one exception: a unit that is refused is pushed."""
    chance = random.Random(5)
    for _ in range(30):
        one, two = SendQueue(), SendQueue()
        now = 0.0
        for step in range(120):
            now += chance.choice((0.0, 0.02, 0.3))
            unit = audio(step) if chance.random() < 0.3 else video(step, key=chance.random() < 0.2)
            estimate = chance.choice((None, None, 1000.0, 1e9))
            if estimate is not None:
                one.on_bandwidth(estimate, now=now)
                two.on_bandwidth(estimate, now=now)
            passed = [unit.pts] if one.pass_by(unit, now=now) else []
            if not passed:
                one.push(unit, now=now)
            two.push(unit, now=now)
            assert passed + drain(one, now) == drain(two, now)
            assert (one.dropped, one.needs_key) == (two.dropped, two.needs_key)
            assert one.live_rate(now=now) == two.live_rate(now=now)
            assert one.next_deadline(now=now) == two.next_deadline(now=now)


def test_nothing_passes_by_what_waits() -> None:
    queue = SendQueue()
    queue.push(video(1, key=True), now=0.0)
    assert not queue.pass_by(video(2), now=0.0)
    assert queue.pass_by(audio(3), now=0.0)
    queue.push(audio(4), now=0.0)
    assert not queue.pass_by(audio(5), now=0.0)
    assert drain(queue, 0.0) == [4, 1]
    assert queue.pass_by(video(2), now=0.0)


def test_a_unit_counts_its_bytes_once() -> None:
    unit = PacketizedFrame((b"ab", b"cde"), Codec.H264, 0, 90_000, 0, is_video=True, is_key=True)
    assert unit.size == 5
    assert dataclasses.replace(unit, payloads=(b"x",)).size == 1
