"""The policies without I/O: meters, throttle, backlog and replay, in virtual time."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.delivery import gop_cache
from app.delivery.catch_up import catch_up
from app.delivery.gop_cache import GopCache
from app.rtp.send_queue import PacketizedFrame
from app.streams import ingest_queue
from app.streams.ingest_queue import IngestQueue
from app.streams.meters import SAMPLES, LatencyMeter, RateMeter, percentiles
from app.streams.throttle import Throttle
from app.webrtc import rtp_sender
from media.access_unit import AccessUnit, Checkpoint, Kind
from media.codec import Codec
from tests.app import fakes

# Meters.


def test_rates_are_those_of_the_last_seconds() -> None:
    meter = RateMeter()
    for step in range(300):
        meter.add(1000, now=step / 30)
    assert meter.fps(now=299 / 30) == pytest.approx(30, abs=0.5)
    assert meter.kbps(now=299 / 30) == pytest.approx(240, abs=4)
    assert meter.fps(now=299 / 30 + 1.5) == pytest.approx(15, abs=0.5)
    assert meter.fps(now=299 / 30 + 10) == 0
    assert meter.kbps(now=299 / 30 + 10) == 0


def test_a_meter_says_nothing_in_its_first_half_second() -> None:
    meter = RateMeter()
    assert meter.fps(now=0.0) == 0
    meter.add(1000, now=5.0)
    meter.add(1000, now=5.1)
    assert (meter.fps(now=5.1), meter.kbps(now=5.1)) == (0, 0)
    assert meter.fps(now=5.5) == pytest.approx(4)


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=50))
def test_percentiles_are_values_that_were_measured(values: list[int]) -> None:
    found = percentiles(values)
    rounded = {round(value / 1000, 2) for value in values}
    assert {found.p50, found.p95} <= rounded
    assert found.p50 <= found.p95


def stamped(*stamps: tuple[Checkpoint, int]) -> AccessUnit:
    unit = fakes.video(0)
    return AccessUnit(
        unit.kind, unit.codec, unit.flags, 0, 0, 90_000, 0, 0, b"x", stamps=tuple(stamps)
    )


def test_latency_is_split_by_the_stages_that_were_passed() -> None:
    meter = LatencyMeter()
    unit = stamped(
        (Checkpoint.ARRIVED, 1000),
        (Checkpoint.LOGGED, 3000),
        (Checkpoint.DECODED, 8000),
        (Checkpoint.DELIVERED, 11_000),
    )
    assert meter.add(unit) == 10_000
    total = meter.total()
    assert total is not None
    assert (total.p50, total.p95) == (10.0, 10.0)
    assert [(name, spread.p50) for name, spread in meter.stages()] == [
        ("ingest", 2.0),
        ("decode", 5.0),
        ("deliver", 3.0),
    ]


def test_units_without_both_ends_are_no_samples() -> None:
    meter = LatencyMeter()
    assert meter.add(stamped((Checkpoint.ARRIVED, 1))) is None
    assert meter.add(stamped((Checkpoint.DELIVERED, 1))) is None
    assert len(meter) == 0
    assert meter.total() is None
    assert meter.stages() == []


def test_samples_are_bounded() -> None:
    meter = LatencyMeter()
    for _ in range(SAMPLES + 5):
        meter.add(stamped((Checkpoint.ARRIVED, 0), (Checkpoint.DELIVERED, 1)))
    assert len(meter) == SAMPLES


# Throttle.


def test_a_throttle_allows_once_per_interval_and_counts_the_rest() -> None:
    throttle = Throttle(0.5)
    times = [0.0, 0.1, 0.49, 0.5, 0.6, 1.1]
    assert [throttle.allow(now=t) for t in times] == [True, False, False, True, False, True]


# Backlog.


def test_a_backlog_gives_units_in_order_and_in_bounded_batches() -> None:
    made = IngestQueue()
    units = fakes.group(0, 100)
    assert not any(made.push(unit) for unit in units)
    taken = [made.pop(), made.pop(), made.pop()]
    assert [len(part) for part in taken] == [
        ingest_queue.MAX_BATCH,
        100 - ingest_queue.MAX_BATCH,
        0,
    ]
    assert [unit for part in taken for unit in part] == units


def test_a_full_backlog_goes_and_video_begins_again_at_a_key_frame() -> None:
    made = IngestQueue()
    for unit in fakes.group(0, ingest_queue.MAX_UNITS):
        made.push(unit)
    assert made.push(fakes.video(240))
    assert len(made) == 0
    # Asked for again with each unit that goes: the first request may have been lost.
    assert made.push(fakes.video(241))
    assert not made.push(fakes.audio(0))
    assert not made.push(fakes.video(242, key=True))
    assert not made.push(fakes.video(243))
    assert [unit.sequence for unit in made.pop()] == [0, 242, 243]
    assert made.dropped == {"backlog": ingest_queue.MAX_UNITS, "no_key": 2}


def test_what_could_not_be_written_is_written_later_from_the_last_key_frame_on() -> None:
    made = IngestQueue()
    for unit in fakes.group(0, 5):
        made.push(unit)
    made.put_back(made.pop())
    made.push(fakes.video(5))
    assert [unit.sequence for unit in made.pop()] == [0, 1, 2, 3, 4, 5]
    for unit in fakes.group(6, 3):
        made.push(unit)
    units = made.pop()
    made.put_back(units)
    # While nothing can be written an older group is of no use to anybody.
    made.push(fakes.video(9, key=True))
    made.push(fakes.video(10))
    assert [unit.sequence for unit in made.pop()] == [9, 10]
    assert made.dropped == {"stuck": 3}


def test_sound_alone_is_put_back_too() -> None:
    made = IngestQueue()
    for number in range(3):
        made.push(fakes.audio(number))
    made.put_back(made.pop())
    assert len(made) == 3
    assert [unit.sequence for unit in made.pop()] == [0, 1, 2]


def test_an_empty_log_gets_the_last_group_again() -> None:
    made = IngestQueue()
    assert not made.rewind()
    for unit in [fakes.video(0, key=True), *fakes.group(1, 3)]:
        made.push(unit)
    assert len(made.pop()) == 4
    assert made.rewind()
    assert [unit.sequence for unit in made.pop()] == [1, 2, 3]
    assert [unit.sequence for unit in made.group()] == [1, 2, 3]
    made.lose("replaced")
    assert made.group() == []
    assert not made.rewind()


def test_what_is_kept_is_bounded_in_units_and_bytes() -> None:
    made = IngestQueue()
    made.push(fakes.video(0, key=True))
    for number in range(1, 40):
        made.push(fakes.video(number, size=1024 * 1024))
        made.pop()
        assert made._bytes <= ingest_queue.MAX_BYTES + 1024 * 1024 + 64
    assert made.dropped["no_key"] > 0


def test_what_was_in_flight_counts_as_lost_too() -> None:
    made = IngestQueue()
    made.push(fakes.video(0, key=True))
    made.lose("redis", also=3)
    assert made.dropped == {"redis": 4}
    assert made.pop() == []
    assert made.push(fakes.video(1))


@given(
    st.lists(
        st.sampled_from(["key", "video", "audio", "lose", "pop", "fail", "rewind"]), max_size=600
    )
)
def test_no_reader_of_the_log_meets_video_without_the_video_before_it(events: list[str]) -> None:
    queue = IngestQueue()
    before: dict[int, int | None] = {}
    "The video unit before each, by number."
    last: int | None = None
    log: set[int] = set()
    for number, event in enumerate(events):
        if event == "fail":
            units, size = queue.pop(), queue._bytes
            queue.put_back(units)
            assert queue._bytes <= size + sum(len(unit.payload) for unit in units)
        elif event == "rewind":
            log.clear()
            queue.rewind()
        elif event == "lose":
            queue.lose("redis")
        elif event == "pop":
            for unit in queue.pop():
                if unit.kind is Kind.VIDEO:
                    assert unit.is_key or before[unit.sequence] in {None, *log}
                    log.add(unit.sequence)
        elif event == "audio":
            queue.push(fakes.audio(number))
        else:
            before[number], last = last, number
            queue.push(fakes.video(number, key=event == "key"))
        assert len(queue) <= ingest_queue.MAX_UNITS


def test_video_wakes_the_writer_and_a_key_frame_starts_the_stream() -> None:
    key, other, sound = fakes.video(0, key=True), fakes.video(1), fakes.audio(0)
    assert [ingest_queue.wakes_writer(unit) for unit in (key, other, sound)] == [True, True, False]
    assert [ingest_queue.starts_source(unit) for unit in (key, other, sound)] == [
        True,
        False,
        False,
    ]


# Replay.


def outgoing(sequence: int, *, key: bool = False, size: int = 100) -> PacketizedFrame:
    return PacketizedFrame(
        (bytes(size),), Codec.H264, 3000 * sequence, 90_000, 1, is_video=True, is_key=key
    )


def test_a_replay_ends_at_the_live_unit_with_its_past_squeezed_to_milliseconds() -> None:
    buffer = GopCache()
    for sequence in range(4):
        buffer.add(outgoing(sequence, key=sequence == 0))
    found = buffer.replay()
    assert [unit.pts for unit in found] == [9000 - 270, 9000 - 180, 9000 - 90, 9000]
    assert [unit.is_live for unit in found] == [False, False, False, True]
    assert [unit.is_key for unit in found] == [True, False, False, False]


def test_a_replay_begins_at_the_last_key_frame() -> None:
    buffer = GopCache()
    assert buffer.replay() == []
    buffer.add(outgoing(0))
    assert buffer.replay() == []
    for sequence in range(1, 6):
        buffer.add(outgoing(sequence, key=sequence in (1, 4)))
    assert [unit.pts for unit in buffer.replay()] == [15_000 - 90, 15_000]
    buffer.clear()
    buffer.add(outgoing(6))
    assert buffer.replay() == []


@pytest.mark.parametrize(
    "count,size", [(gop_cache.MAX_UNITS + 1, 10), (3, gop_cache.MAX_BYTES // 2)]
)
def test_too_long_a_replay_is_given_up_until_the_next_key_frame(count: int, size: int) -> None:
    buffer = GopCache()
    for sequence in range(count):
        buffer.add(outgoing(sequence, key=sequence == 0, size=size))
    assert buffer.replay() == []
    buffer.add(outgoing(count, size=size))
    assert buffer.replay() == []
    buffer.add(outgoing(count + 1, key=True))
    assert len(buffer.replay()) == 1


def test_a_group_of_too_many_packets_is_given_up_too() -> None:
    buffer = GopCache()
    unit = dataclasses.replace(outgoing(0, key=True), payloads=(b"x",) * 100)
    buffer.add(unit)
    for _ in range(gop_cache.MAX_PACKETS // 100 - 1):
        buffer.add(dataclasses.replace(unit, is_key=False))
    assert sum(len(each.payloads) for each in buffer.group()) == gop_cache.MAX_PACKETS
    buffer.add(outgoing(9))
    assert not buffer.has_group
    assert gop_cache.MAX_PACKETS < rtp_sender.HISTORY


def test_a_key_frame_alone_is_a_group_however_large() -> None:
    """Or a viewer would ask for another one for ever."""
    buffer = GopCache()
    unit = outgoing(0, key=True, size=gop_cache.MAX_BYTES + 1)
    buffer.add(dataclasses.replace(unit, payloads=unit.payloads * (gop_cache.MAX_PACKETS + 1)))
    assert len(buffer.group()) == 1
    buffer.add(outgoing(1))
    assert not buffer.has_group


def test_a_group_begins_at_the_newest_key_frame() -> None:
    buffer = GopCache()
    for sequence in range(60):
        buffer.add(outgoing(sequence, key=sequence in (0, 40)))
    sent = catch_up(buffer.group(), shown=3000 * 20)
    assert [unit.pts for unit in sent] == [3000 * n for n in range(40, 60)]


def test_no_batch_of_the_backlog_is_larger_than_one_may_be() -> None:
    waiting = ingest_queue.IngestQueue()
    size = ingest_queue.MAX_BATCH_BYTES // 3
    for number in range(5):
        waiting.push(fakes.video(number, key=number == 0, size=size - 100))
    assert [len(waiting.pop()) for _ in range(3)] == [3, 2, 0]
