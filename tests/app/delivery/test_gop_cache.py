"""The units since the last key frame, for viewers who join: ``gop_cache.py``."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.delivery import gop_cache
from app.delivery.catch_up import catch_up
from app.delivery.gop_cache import GopCache
from app.rtp import sent_history
from app.rtp.send_queue import PacketizedFrame
from media.codec import Codec


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
    assert gop_cache.MAX_PACKETS < sent_history.MAX_PACKETS


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


@pytest.mark.parametrize(
    ("count", "size"),
    [(gop_cache.MAX_UNITS, 10), (4, gop_cache.MAX_BYTES // 4), (1, 1)],
)
def test_what_just_fits_is_kept(count: int, size: int) -> None:
    buffer = GopCache()
    for sequence in range(count):
        buffer.add(outgoing(sequence, key=sequence == 0, size=size))
    assert len(buffer.group()) == count
    buffer.add(outgoing(count, size=size))
    assert buffer.has_group is (count == 1)


def test_a_group_is_a_copy_that_nobody_can_change() -> None:
    buffer = GopCache()
    buffer.add(outgoing(0, key=True))
    buffer.group().clear()
    assert len(buffer.group()) == 1
    (live,) = buffer.replay()
    assert live is buffer.group()[0]


def test_what_is_cleared_waits_for_a_key_frame() -> None:
    buffer = GopCache()
    buffer.clear()
    assert (buffer.group(), buffer.has_group) == ([], False)
    buffer.add(outgoing(0, key=True))
    buffer.clear()
    buffer.add(outgoing(1))
    assert not buffer.has_group
    buffer.add(outgoing(2, key=True))
    assert [unit.pts for unit in buffer.group()] == [6000]


def test_replays_of_other_clocks_are_a_millisecond_apart_too() -> None:
    buffer = GopCache()
    for sequence in range(3):
        unit = dataclasses.replace(outgoing(sequence, key=sequence == 0), clock_rate=48_000)
        buffer.add(unit)
    assert [unit.pts for unit in buffer.replay()] == [6000 - 96, 6000 - 48, 6000]


@given(
    st.lists(
        st.tuples(st.sampled_from(["key", "other", "clear"]), st.integers(1, 400_000)), max_size=60
    )
)
def test_a_group_is_whole_and_bounded_or_there_is_none(events: list[tuple[str, int]]) -> None:
    buffer = GopCache()
    kept: list[int] | None = None
    sizes: dict[int, int] = {}
    for number, (event, size) in enumerate(events):
        if event == "clear":
            buffer.clear()
            kept = None
            continue
        sizes[number] = size
        buffer.add(outgoing(number, key=event == "key", size=size))
        if event == "key":
            kept = [number]
        elif kept is not None:
            kept.append(number)
            if sum(sizes[each] for each in kept) > gop_cache.MAX_BYTES:
                kept = None
        assert [unit.pts // 3000 for unit in buffer.group()] == (kept or [])
        times = [unit.pts for unit in buffer.replay()]
        assert all(b - a == 90 for a, b in itertools.pairwise(times))
