"""One rendition for all viewers of a node: ``rtp_fanout.py``."""

from __future__ import annotations

import dataclasses
import time

import pytest
from aiortc.codecs.vpx import VpxPayloadDescriptor

from app.delivery.rtp_fanout import RtpFanout
from app.delivery.turns import MAX_TURN_S, MAX_WAITING, MIN_STEPS
from app.rtp.send_queue import PacketizedFrame
from app.streams.rendition_reader import RenditionReader
from media.codec import Codec
from tests.app import coding, fakes
from tests.app.peers import until
from wire import keys
from wire.connection import Redis


@pytest.fixture
def reader(redis_client: Redis) -> RenditionReader:
    return RenditionReader(redis_client, "cam1", keys.SOURCE, session=7)


@pytest.fixture
def fanout(reader: RenditionReader) -> RtpFanout:
    return RtpFanout(reader, on_end=lambda _: None)


def numbers(listener: fakes.Listener) -> list[int]:
    return [fakes.number(unit) for unit in listener.video]


def test_it_tells_what_it_carries(fanout: RtpFanout) -> None:
    assert fanout.rendition == keys.SOURCE


def test_picture_ids_count_pictures_and_no_sound(fanout: RtpFanout) -> None:
    """A browser waits for the picture before; one that never comes would hold up all others."""
    coded = [
        dataclasses.replace(fakes.video(n, key=n == 0), codec=Codec.VP8, payload=unit)
        for n, unit in enumerate(coding.vp8(98, 54, 3))
    ]
    listener = fakes.Listener()
    fanout.listen(listener)
    for unit in (coded[0], fakes.audio(0), fakes.audio(1), coded[1], fakes.audio(2), coded[2]):
        fanout.take(unit)
    heads = [VpxPayloadDescriptor.parse(unit.payloads[0])[0] for unit in listener.video]
    first = heads[0].picture_id or 0
    assert [head.picture_id for head in heads] == [first, first + 1, first + 2]


def test_a_unit_is_packetized_once_for_all_listeners(fanout: RtpFanout) -> None:
    one, two = fakes.Listener(), fakes.Listener()
    fanout.listen(one)
    fanout.listen(two)
    for unit in fakes.group(0, 2):
        fanout.take(unit)
    assert all(a is b for a, b in zip(one.video, two.video, strict=True))
    fanout.leave(two)
    fanout.take(fakes.video(2))
    assert (numbers(one), numbers(two)) == ([0, 1, 2], [0, 1])
    assert {name for name, _ in one.heard} == {keys.SOURCE}


def test_whoever_joins_gets_the_past_squeezed_in_time(fanout: RtpFanout) -> None:
    assert fanout.replay() == []
    for unit in fakes.group(0, 5):
        fanout.take(unit)
    replay = fanout.replay()
    assert [fakes.number(unit) for unit in replay] == [0, 1, 2, 3, 4]
    assert [unit.pts for unit in replay] == [12_000 - 90 * n for n in (4, 3, 2, 1, 0)]
    assert fanout.has_group
    assert [unit.pts for unit in fanout.group()] == [3000 * n for n in range(5)]


def test_after_a_gap_there_is_nothing_to_join_with(fanout: RtpFanout) -> None:
    for unit in fakes.group(0, 3):
        fanout.take(unit)
    fanout.on_gap()
    assert (fanout.has_group, fanout.group(), fanout.replay()) == (False, [], [])


def test_the_reader_is_needed_while_somebody_holds_the_fanout(
    reader: RenditionReader, fanout: RtpFanout
) -> None:
    assert not reader.is_needed
    fanout.hold("one")
    fanout.hold("two")
    fanout.release("one")
    assert reader.is_needed
    fanout.release("two")
    fanout.release("two")
    assert not reader.is_needed


def test_the_owner_is_told_of_the_end(reader: RenditionReader) -> None:
    ended: list[RtpFanout] = []
    fanout = RtpFanout(reader, on_end=ended.append)
    assert not fanout.is_over
    reader.end()
    assert fanout.is_over
    assert ended == [fanout]


class Slow(fakes.Listener):
    """A listener that takes a part of a turn's time for each unit."""

    def __call__(self, rendition: str, unit: PacketizedFrame) -> None:
        super().__call__(rendition, unit)
        time.sleep(MAX_TURN_S * 1.05 / 4)


def many(fanout: RtpFanout, count: int = 2 * MIN_STEPS) -> list[Slow]:
    """Listeners that are served in two turns."""
    slow = [Slow() for _ in range(count)]
    for listener in slow:
        fanout.listen(listener)
    return slow


async def test_many_listeners_are_served_in_several_turns_of_the_loop(fanout: RtpFanout) -> None:
    slow = many(fanout)
    fanout.take(fakes.video(0, key=True))
    fanout.take(fakes.video(1))
    assert [len(listener.video) for listener in slow] == [1] * MIN_STEPS + [0] * MIN_STEPS
    await until(lambda: all(len(listener.video) == 2 for listener in slow))
    assert all(numbers(listener) == [0, 1] for listener in slow)


async def test_who_joins_between_two_turns_gets_no_unit_twice(fanout: RtpFanout) -> None:
    slow = many(fanout)
    for unit in fakes.group(0, 3):
        fanout.take(unit)
    late = fakes.Listener()
    replay = [fakes.number(unit) for unit in fanout.replay()]
    fanout.listen(late)
    fanout.leave(slow[-1])
    await until(lambda: len(slow[-2].video) == 3)
    assert replay == [0]
    assert numbers(late) == [1, 2]
    assert slow[-1].video == []


async def test_a_gap_keeps_its_place_among_the_units(fanout: RtpFanout) -> None:
    slow = many(fanout)
    fanout.take(fakes.video(0, key=True))
    fanout.take(fakes.video(1))
    fanout.on_gap()
    assert [fakes.number(unit) for unit in fanout.group()] == [0]
    await until(lambda: not fanout.has_group)
    assert numbers(slow[-1]) == [0, 1]


async def test_too_far_behind_video_goes_on_at_a_key_frame_with_space(fanout: RtpFanout) -> None:
    slow = many(fanout)
    fanout.take(fakes.video(0, key=True))
    for number in range(1, MAX_WAITING + 3):
        fanout.take(fakes.video(number))
    fanout.take(fakes.video(MAX_WAITING + 3, key=True))
    fanout.take(fakes.audio(0))
    # Two units, the key frame that finds no space, and a packet of sound, for each.
    assert fanout.dropped == 4 * len(slow)
    await until(lambda: len(slow[-1].video) == MAX_WAITING + 1)
    fanout.take(fakes.video(MAX_WAITING + 4))
    fanout.take(fakes.video(MAX_WAITING + 5, key=True))
    fanout.take(fakes.video(MAX_WAITING + 6))
    await until(lambda: len(slow[-1].video) == MAX_WAITING + 3)
    assert numbers(slow[0]) == [*range(MAX_WAITING + 1), MAX_WAITING + 5, MAX_WAITING + 6]
    assert fanout.dropped == 5 * len(slow)
