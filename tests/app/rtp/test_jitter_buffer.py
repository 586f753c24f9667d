from __future__ import annotations

import dataclasses
import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rtp.jitter_buffer import (
    CAPACITY,
    MAX_AUDIO_BYTES,
    MAX_GAP,
    MAX_MISORDER,
    PROBATION,
    AudioJitterBuffer,
    CodedUnit,
    JitterBufferOutput,
    Packet,
    VideoJitterBuffer,
)
from app.rtp.retransmission import GIVE_UP_S, MAX_NACKS, MIN_NACK_S
from media.fragment import PayloadStart

FRAME_TICKS = 3000


def packet(
    sequence: int, frame: int, *, marker: bool = False, data: bytes | None = None, at: int = 0
) -> Packet:
    """A packet whose bytes name it; ``frame`` gives its time stamp."""
    return Packet(
        sequence=sequence % 65536,
        timestamp=frame * FRAME_TICKS % 2**32,
        marker=marker,
        data=f"{sequence},".encode() if data is None else data,
        arrival_us=at,
    )


def frames(count: int, size: int, *, first: int = 0) -> list[Packet]:
    """``count`` frames of ``size`` packets."""
    return [
        packet(first + f * size + i, f, marker=i == size - 1)
        for f in range(count)
        for i in range(size)
    ]


def feed(assembler: VideoJitterBuffer, packets: list[Packet], now: float = 0.0) -> list[CodedUnit]:
    return [unit for p in packets for unit in assembler.add(p, now=now).units]


def test_packets_in_order_leave_as_units_at_their_marker() -> None:
    assembler = VideoJitterBuffer()
    outputs = [assembler.add(p, now=0.0) for p in frames(2, 3)]
    assert [len(out.units) for out in outputs] == [0, 0, 1, 0, 0, 1]
    units = [out.units[0] for out in outputs if out.units]
    assert [unit.data for unit in units] == [b"0,1,2,", b"3,4,5,"]
    assert [unit.pts for unit in units] == [0, FRAME_TICKS]
    assert not any(unit.discontinuity for unit in units)
    assert assembler.next_deadline() is None


def test_a_unit_tells_when_its_first_and_its_last_packet_arrived() -> None:
    assembler = VideoJitterBuffer()
    assembler.add(packet(0, 0, at=10), now=0.0)
    assembler.add(packet(2, 0, marker=True, at=20), now=0.0)
    (unit,) = assembler.add(packet(1, 0, at=30), now=0.0).units
    assert (unit.first_arrival_us, unit.last_arrival_us) == (10, 30)


def test_a_unit_tells_how_it_begins_and_where_frames_in_it_do() -> None:
    assembler = VideoJitterBuffer()
    heads = [
        PayloadStart.KEY,
        PayloadStart.MIDDLE,
        PayloadStart.FRAME,
        PayloadStart.MIDDLE,
        PayloadStart.FRAME,
    ]
    given = [dataclasses.replace(p, head=head) for p, head in zip(frames(1, 5), heads, strict=True)]
    given[1] = dataclasses.replace(given[1], data=b"")  # padding counts for nothing
    (unit,) = feed(assembler, given)
    assert unit.data == b"0,2,3,4,"
    assert (unit.head, unit.cuts) == (PayloadStart.KEY, (2, 6))
    (unit,) = feed(assembler, frames(1, 3, first=5))
    assert (unit.head, unit.cuts) == (PayloadStart.UNKNOWN, ())


def test_a_swapped_pair_is_put_in_order_and_asked_for_once() -> None:
    assembler = VideoJitterBuffer()
    a, b, c = frames(1, 3)
    assert assembler.add(a, now=0.0) == JitterBufferOutput()
    assert assembler.add(c, now=0.0).nacks == [1]
    out = assembler.add(b, now=0.001)
    assert [unit.data for unit in out.units] == [b"0,1,2,"]
    assert out.nacks == []
    assert assembler.next_deadline() is None


def test_a_lost_packet_is_asked_for_again_each_round_trip() -> None:
    assembler = VideoJitterBuffer()
    assembler.nacks.round_trip.add(0.06)
    assembler.nacks.round_trip.add(0.06)
    wait = assembler.nacks.round_trip.expected_s
    assembler.add(packet(0, 0), now=10.0)
    assert assembler.add(packet(2, 0), now=10.0).nacks == [1]
    assert 0.06 <= wait < 0.09
    assert assembler.next_deadline() == 10.0 + wait
    assert assembler.on_time(now=9.99 + wait).nacks == []
    assert assembler.on_time(now=10.0 + wait).nacks == [1]
    assert assembler.next_deadline() == 10.0 + wait + wait


def test_a_short_round_trip_does_not_make_a_flood_of_requests() -> None:
    assembler = VideoJitterBuffer()
    assembler.nacks.round_trip.add(0.0001)
    assembler.add(packet(0, 0), now=1.0)
    assembler.add(packet(2, 0), now=1.0)
    deadline = assembler.next_deadline()
    assert deadline is not None
    assert deadline >= 1.0 + MIN_NACK_S


def test_a_retransmission_completes_the_unit_and_those_that_wait_behind_it() -> None:
    assembler = VideoJitterBuffer()
    packets = frames(3, 2)
    lost = packets.pop(1)
    assert feed(assembler, packets, now=0.0) == []
    out = assembler.add(lost, now=GIVE_UP_S - 0.01)
    assert [unit.data for unit in out.units] == [b"0,1,", b"2,3,", b"4,5,"]
    assert not any(unit.discontinuity for unit in out.units)
    assert not out.pli
    assert assembler.lost == 0


def test_what_does_not_come_back_is_given_up_and_a_key_frame_asked_for() -> None:
    assembler = VideoJitterBuffer()
    packets = frames(3, 2)
    del packets[1]
    feed(assembler, packets, now=5.0)
    out = assembler.on_time(now=5.0 + GIVE_UP_S)
    assert out.pli
    assert out.nacks == []
    # Frame 1 may begin with the lost packet's rest; only frame 2 is known to be whole.
    assert [(unit.data, unit.discontinuity) for unit in out.units] == [(b"4,5,", True)]
    assert assembler.lost == 1
    assert assembler.next_deadline() is None
    following = feed(assembler, [packet(6, 3, marker=True)], now=6.0)
    assert [unit.discontinuity for unit in following] == [False]


def test_a_retransmission_after_giving_up_is_counted_and_dropped() -> None:
    assembler = VideoJitterBuffer()
    packets = frames(3, 2)
    late = packets.pop(1)
    feed(assembler, packets, now=0.0)
    assembler.on_time(now=GIVE_UP_S)
    assert assembler.add(late, now=GIVE_UP_S + 0.01) == JitterBufferOutput()
    assert assembler.late == 1


def test_a_duplicate_is_dropped() -> None:
    assembler = VideoJitterBuffer()
    a, b = frames(1, 2)
    assert [u.data for u in feed(assembler, [a, a, b, b])] == [b"0,1,"]
    assert assembler.late == 2


def test_a_frame_whose_marker_was_not_set_ends_where_the_next_begins() -> None:
    assembler = VideoJitterBuffer()
    units = feed(assembler, [packet(0, 0), packet(1, 0), packet(2, 1), packet(3, 1, marker=True)])
    assert [unit.data for unit in units] == [b"0,1,", b"2,3,"]


def test_padding_makes_no_unit_and_no_gap() -> None:
    assembler = VideoJitterBuffer()
    packets = [
        packet(0, 0, marker=True),
        packet(1, 0, data=b""),
        packet(2, 0, data=b""),
        packet(3, 1),
        packet(4, 1, data=b""),
        packet(5, 1, marker=True),
    ]
    assert [unit.data for unit in feed(assembler, packets)] == [b"0,", b"3,5,"]
    assert assembler.next_deadline() is None


def test_lost_padding_in_front_of_a_unit_holds_it_until_it_is_given_up() -> None:
    assembler = VideoJitterBuffer()
    feed(assembler, [packet(0, 0, marker=True)], now=0.0)
    assert feed(assembler, [packet(2, 1, marker=True)], now=0.0) == []
    assert [u.data for u in assembler.add(packet(1, 0, data=b""), now=0.1).units] == [b"2,"]


def test_sequence_numbers_and_time_stamps_wrap() -> None:
    assembler = VideoJitterBuffer()
    last_frame = (2**32 - 1) // FRAME_TICKS
    packets = [
        packet(65534, last_frame),
        packet(65535, last_frame, marker=True),
        packet(65536, last_frame + 1),
        packet(65537, last_frame + 1, marker=True),
    ]
    swapped = [packets[0], packets[2], packets[1], packets[3]]
    units = feed(assembler, swapped)
    assert [unit.data for unit in units] == [b"65534,65535,", b"65536,65537,"]
    assert units[1].pts - units[0].pts == FRAME_TICKS


def test_no_more_than_the_capacity_is_ever_held() -> None:
    assembler = VideoJitterBuffer()
    assembler.add(packet(0, 0), now=0.0)
    plis = 0
    for number in range(2, 3 * CAPACITY):
        out = assembler.add(packet(number, 1), now=0.0)
        plis += out.pli
        assert len(out.nacks) <= MAX_NACKS
        assert len(assembler._packets) <= CAPACITY
        assert len(assembler.nacks) <= CAPACITY
    assert plis >= 1


JUMPS = [20_000, 40_000, MAX_GAP + 10, 65_536 - MAX_MISORDER - 10]


@pytest.mark.parametrize("jump", JUMPS)
def test_a_jump_either_way_starts_anew_without_losing_a_packet(jump: int) -> None:
    assembler = VideoJitterBuffer()
    feed(assembler, frames(5, 2, first=1000))
    later = [
        dataclasses.replace(p, sequence=(p.sequence + jump) % 65536)
        for p in frames(6, 2, first=1010)
    ]
    outputs = [assembler.add(p, now=0.0) for p in later]
    assert [out.pli for out in outputs[:PROBATION]] == [False] * (PROBATION - 1) + [True]
    assert not any(out.nacks for out in outputs)
    units = [unit for out in outputs for unit in out.units]
    assert [unit.data for unit in units] == [f"{n},{n + 1},".encode() for n in range(1010, 1022, 2)]
    assert [unit.discontinuity for unit in units] == [True] + [False] * 5


@pytest.mark.parametrize("jump", JUMPS)
def test_a_stray_packet_or_two_change_nothing(jump: int) -> None:
    assembler = VideoJitterBuffer()
    packets = frames(5, 4, first=1000)
    strays = [packet((1010 + jump + n) % 65536, 90) for n in range(PROBATION - 1)]
    units = feed(assembler, [*packets[:10], *strays, *packets[10:]])
    assert len(units) == 5
    assert not any(unit.discontinuity for unit in units)
    assert assembler.late == len(strays)


def test_packets_that_were_asked_for_and_came_too_late_are_no_jump() -> None:
    assembler = VideoJitterBuffer()
    feed(assembler, frames(200, 2))
    for number in range(20, 40):
        assert assembler.add(packet(number, 10), now=0.0, resent=True) == JitterBufferOutput()
    assert assembler.late == 20
    assert len(feed(assembler, frames(1, 2, first=400))) == 1


def test_another_source_is_taken_from_its_first_packet_on() -> None:
    assembler = VideoJitterBuffer()
    feed(assembler, frames(1, 2, first=500))
    assembler.add(packet(510, 4), now=0.0)
    assembler.restart()
    assert assembler.next_deadline() is None
    units = feed(assembler, frames(2, 2, first=505))
    assert [(unit.data, unit.discontinuity) for unit in units] == [
        (b"505,506,", True),
        (b"507,508,", False),
    ]


def test_the_work_for_a_packet_does_not_grow_with_what_waits() -> None:
    """A frame of 1,000 packets behind a lost one, and gaps wherever a gap may be."""

    def steps(packets: list[Packet]) -> int:
        count = 0

        def trace(frame: object, event: str, arg: object) -> object:
            nonlocal count
            count += event == "line"
            return trace

        assembler = VideoJitterBuffer()
        sys.settrace(trace)  # type: ignore[arg-type]
        try:
            for p in packets:
                assembler.add(p, now=0.0)
        finally:
            sys.settrace(None)
        return count

    def one_frame(size: int) -> list[Packet]:
        return [packet(0, 0, marker=True), *(packet(n, 1) for n in range(2, size))]

    def gaps(size: int) -> list[Packet]:
        return [packet(n, n // 100) for n in range(0, size, 2)]

    def open_frame(size: int) -> list[Packet]:
        return [packet(n, 1) for n in range(size)]

    for shape in (one_frame, gaps, open_frame):
        assert steps(shape(1000)) < 6 * steps(shape(250)), shape.__name__


def test_one_request_names_a_bounded_number_of_packets_and_the_rest_follow() -> None:
    assembler = VideoJitterBuffer()
    assembler.add(packet(0, 0), now=0.0)
    first = assembler.add(packet(101, 5), now=0.0).nacks
    second = assembler.on_time(now=0.001).nacks
    assert first == list(range(1, MAX_NACKS + 1))
    assert second == list(range(MAX_NACKS + 1, 101))


@given(data=st.data())
def test_any_order_within_a_small_window_with_duplicates_gives_the_same_units(
    data: st.DataObject,
) -> None:
    sizes = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=12))
    start = data.draw(st.sampled_from([0, 1, 65_530]))
    packets = []
    sequence = start
    for index, size in enumerate(sizes):
        for i in range(size):
            packets.append(packet(sequence, index, marker=i == size - 1))
            sequence += 1
    expected = [(u.pts, u.data) for u in feed(VideoJitterBuffer(), packets)]
    assert len(expected) == len(sizes)
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = random.Random(seed)
    # The first packet stays first: what comes before it is not known to be part of the stream.
    order = sorted(range(1, len(packets)), key=lambda i: i + rng.uniform(0, 6))
    shuffled = [packets[0], *(packets[i] for i in order)]
    for copied in data.draw(st.lists(st.sampled_from(packets[1:] or packets), max_size=5)):
        shuffled.insert(rng.randint(1, len(shuffled)), copied)
    assembler = VideoJitterBuffer()
    units = feed(assembler, shuffled)
    assert [(unit.pts, unit.data) for unit in units] == expected
    assert not any(unit.discontinuity for unit in units)
    assert assembler.next_deadline() is None


@given(
    events=st.lists(
        st.tuples(st.integers(0, 80), st.booleans(), st.booleans(), st.floats(0, 0.2)),
        max_size=120,
    )
)
def test_no_sequence_of_packets_breaks_it_and_units_only_go_forward(
    events: list[tuple[int, bool, bool, float]],
) -> None:
    assembler = VideoJitterBuffer()
    now = 0.0
    last = None
    for sequence, marker, has_data, wait in events:
        now += wait
        sent = packet(sequence, sequence // 4, marker=marker, data=None if has_data else b"")
        for out in (assembler.add(sent, now=now), assembler.on_time(now=now)):
            for unit in out.units:
                assert last is None or unit.pts >= last
                last = unit.pts
        deadline = assembler.next_deadline()
        assert deadline is None or deadline > now - GIVE_UP_S


def test_each_audio_packet_is_a_unit() -> None:
    assembler = AudioJitterBuffer()
    sent = [Packet(n, (2**32 - 960 + 960 * n) % 2**32, False, b"x", 5 * n) for n in range(3)]
    units = [assembler.add(p) for p in sent]
    assert [u.pts for u in units if u] == [2**32 - 960, 2**32, 2**32 + 960]
    assert [u.first_arrival_us for u in units if u] == [0, 5, 10]


def test_audio_that_fits_no_viewers_packet_is_not_taken_and_counted() -> None:
    assembler = AudioJitterBuffer()
    assert assembler.add(Packet(0, 0, False, bytes(MAX_AUDIO_BYTES), 0)) is not None
    assert assembler.add(Packet(1, 960, False, bytes(MAX_AUDIO_BYTES + 1), 0)) is None
    assert assembler.add(Packet(2, 1920, False, b"x", 0)) is not None
    assert (assembler.oversize, assembler.late) == (1, 0)


def test_audio_of_another_source_is_taken_whatever_its_times() -> None:
    assembler = AudioJitterBuffer()
    assembler.add(Packet(50, 96_000, False, b"x", 0))
    assert assembler.add(Packet(45, 960, False, b"x", 0)) is None
    assembler.restart()
    assert assembler.add(Packet(45, 960, False, b"x", 0)) is not None


def test_audio_behind_its_successor_is_dropped_and_padding_is_no_unit() -> None:
    assembler = AudioJitterBuffer()
    assert assembler.add(Packet(1, 1920, False, b"x", 0)) is not None
    assert assembler.add(Packet(0, 960, False, b"x", 0)) is None
    assert assembler.add(Packet(1, 1920, False, b"x", 0)) is None
    assert assembler.late == 2
    assert assembler.add(Packet(2, 2880, False, b"", 0)) is None
    assert assembler.late == 2


def test_an_audio_clock_that_jumps_back_silences_nothing() -> None:
    assembler = AudioJitterBuffer()
    times = [960_000_000, 960_000_960, 960, 1920]
    units = [assembler.add(Packet(n, at, False, b"x", 0)) for n, at in enumerate(times)]
    assert all(units) and assembler.late == 0


def test_audio_that_counts_anew_is_heard_at_once() -> None:
    assembler = AudioJitterBuffer()
    numbers = [40_000, 40_001, 20_000, 20_001, 19_999, 65_535, 0]
    units = [assembler.add(Packet(n, 960 * at, False, b"x", 0)) for at, n in enumerate(numbers)]
    assert [unit is not None for unit in units] == [True, True, True, True, False, True, True]
