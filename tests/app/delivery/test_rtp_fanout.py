"""One rendition for all viewers of a node: ``rtp_fanout.py``."""

from __future__ import annotations

import dataclasses

import pytest
from aiortc.codecs.vpx import VpxPayloadDescriptor

from app.delivery.rtp_fanout import RtpFanout
from app.streams.rendition_reader import RenditionReader
from media.codec import Codec
from tests.app import coding, fakes
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
