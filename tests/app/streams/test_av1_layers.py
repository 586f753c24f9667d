"""AV1 with two spatial layers, from the packets of a publisher to those of a viewer and a decoder.

No browser is needed: the layers are made of a real encoder's frames, which are given layers as
the specification writes them, and packets are cut as libwebrtc cuts them, each layer for itself.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest

from app.delivery.rtp_fanout import RtpFanout
from app.rtp.jitter_buffer import CodedUnit, Packet, VideoJitterBuffer
from app.rtp.video_intake import Taken, VideoIntake
from app.streams.ingest_session import IngestSession
from app.streams.rendition_reader import RenditionReader
from media import av1_obu
from media.access_unit import AccessUnit, Flags, Kind
from media.av1 import AV1
from media.codec import Codec
from tests.app import coding, fakes
from tests.app.peers import until
from tests.media.payloads import depacketize, inspect, joined
from wire import keys
from wire.batch import Batch, encode_batch, parse_batch
from wire.connection import connect

SIZE = (160, 90)
TICKS = 3000
TWO_LAYERS = 0x301
"""operating_point_idc of the first temporal and two spatial layers."""


def with_points(header: bytes, point: int) -> bytes:
    """A sequence header with another mask of layers: the 12 bits behind the first 12 of the body,
    where it has neither timing information nor a reduced header.
    """
    bits = int.from_bytes(header[1:4], "big")
    assert bits >> 18 & 0b111 == 0
    return header[:1] + ((bits & ~0xFFF) | point).to_bytes(3, "big") + header[4:]


def in_layer(frame: bytes, spatial: int) -> bytes:
    """A frame OBU with the header extension that names its layer."""
    return bytes([frame[0] | 0x04, spatial << 3]) + frame[1:]


def layered(count: int) -> list[tuple[list[bytes], list[bytes]]]:
    """(OBUs of the lower layer, of the upper one) of each temporal unit; the first is a key frame.

    Both layers have the same frames: what a decoder shows is a picture for each unit.
    """
    found = []
    for unit in coding.av1(*SIZE, count):
        obus = list(av1_obu.split_obus(unit))
        headers = [with_points(o, TWO_LAYERS) for o in obus if av1_obu.kind_of(o) == 1]
        frames = [o for o in obus if av1_obu.kind_of(o) == av1_obu.FRAME]
        lower = [*headers, *(in_layer(frame, 0) for frame in frames)]
        found.append((lower, [in_layer(frame, 1) for frame in frames]))
    return found


def cut(obus: list[bytes], *, is_key: bool, mtu: int) -> list[bytes]:
    unit = av1_obu.DELIMITER + b"".join(map(av1_obu.with_size, obus))
    return AV1.packetize(unit, picture_id=0, is_key=is_key, size=(0, 0), mtu=mtu)


def packets_of(
    units: list[tuple[list[bytes], list[bytes]]], *, mtu: int = 300, first: int = 65_500
) -> list[Packet]:
    """The packets of a publisher: both layers with one time stamp, the marker on the last."""
    numbers = itertools.count(first)
    found: list[Packet] = []
    for place, (lower, upper) in enumerate(units):
        is_key = any(av1_obu.kind_of(obu) == av1_obu.SEQUENCE_HEADER for obu in lower)
        payloads = cut(lower, is_key=is_key, mtu=mtu) + cut(upper, is_key=False, mtu=mtu)
        for index, payload in enumerate(payloads):
            fragment = depacketize(Codec.AV1, payload)
            found.append(
                Packet(
                    next(numbers) & 0xFFFF,
                    TICKS * place,
                    index == len(payloads) - 1,
                    fragment.data,
                    1000 * place,
                    fragment.head,
                )
            )
    return found


class Ingest:
    """The part of the app that makes pictures of a publisher's packets, in virtual time."""

    def __init__(self) -> None:
        self.buffer = VideoJitterBuffer()
        self.intake = VideoIntake()
        self.taken: list[Taken] = []
        self.now = 0.0

    def send(self, *packets: Packet) -> None:
        for packet in packets:
            self.now += 0.001
            self._take(self.buffer.add(packet, now=self.now).units)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self._take(self.buffer.on_time(now=self.now).units)
        self.taken += self.intake.on_time(now=self.now)

    def _take(self, units: list[CodedUnit]) -> None:
        for unit in units:
            self.taken += self.intake.add(Codec.AV1, unit, now=self.now)

    @property
    def times(self) -> list[int]:
        return [each.coded.pts // TICKS for each in self.taken]


def access_units(taken: list[Taken]) -> list[AccessUnit]:
    return [
        AccessUnit(
            kind=Kind.VIDEO,
            codec=Codec.AV1,
            flags=each.flags,
            sequence=number,
            pts=each.coded.pts,
            clock_rate=90_000,
            capture_us=1_000_000,
            arrival_us=each.coded.first_arrival_us,
            payload=each.payload,
            width=each.width,
            height=each.height,
        )
        for number, each in enumerate(taken)
    ]


@pytest.mark.parametrize("mtu", [60, 300, 1300])
def test_both_layers_are_one_picture_of_the_larger_size(mtu: int) -> None:
    units = layered(6)
    ingest = Ingest()
    ingest.send(*packets_of(units, mtu=mtu))
    ingest.wait(1.0)
    assert ingest.times == list(range(6))
    assert [bool(each.flags & Flags.KEY) for each in ingest.taken] == [True] + [False] * 5
    assert {(each.width, each.height) for each in ingest.taken} == {SIZE}
    for each, (lower, upper) in zip(ingest.taken, units, strict=True):
        assert list(av1_obu.split_obus(each.payload))[1:] == [*lower, *upper]
    assert inspect(Codec.AV1, ingest.taken[0].payload).is_key
    assert (ingest.intake.refused, ingest.buffer.lost) == ({}, 0)


def test_a_decoder_shows_a_picture_for_each_unit_and_not_for_each_layer() -> None:
    ingest = Ingest()
    ingest.send(*packets_of(layered(5)))
    ingest.wait(1.0)
    assert coding.decode(Codec.AV1, [each.payload for each in ingest.taken]) == [SIZE] * 5


def test_packets_in_any_order_make_the_same_pictures() -> None:
    packets = packets_of(layered(4), mtu=200)
    straight, crossed = Ingest(), Ingest()
    straight.send(*packets)
    crossed.send(packets[0])
    for pair in _pairs(packets[1:]):
        crossed.send(*reversed(pair))
    straight.wait(1.0)
    crossed.wait(1.0)
    assert [each.payload for each in crossed.taken] == [each.payload for each in straight.taken]


def _pairs(packets: list[Packet]) -> list[list[Packet]]:
    return [packets[at : at + 2] for at in range(0, len(packets), 2)]


@pytest.mark.parametrize(
    ("layer", "flags"),
    [
        (0, {0: Flags.KEY, 2: Flags.DISCONTINUITY, 3: Flags.KEY, 4: Flags.NONE}),
        # The marker is lost too, so where the next unit begins is not known.
        (1, {0: Flags.KEY, 3: Flags.KEY | Flags.DISCONTINUITY, 4: Flags.NONE}),
    ],
)
def test_without_one_layer_the_whole_picture_is_lost_and_what_follows_says_so(
    layer: int, flags: dict[int, Flags]
) -> None:
    packets = packets_of([*layered(3), *layered(2)], mtu=200)
    second = [packet for packet in packets if packet.timestamp == TICKS]
    lost = second[0] if layer == 0 else second[-1]
    ingest = Ingest()
    ingest.send(*(packet for packet in packets if packet is not lost))
    ingest.wait(1.0)
    assert dict(zip(ingest.times, (each.flags for each in ingest.taken), strict=True)) == flags
    assert ingest.buffer.lost == 1


def test_a_layer_that_comes_late_by_a_retransmission_makes_its_picture_whole() -> None:
    packets = packets_of(layered(3), mtu=200)
    second = [packet for packet in packets if packet.timestamp == TICKS]
    late = second[len(second) // 2]
    ingest = Ingest()
    ingest.send(*(packet for packet in packets if packet is not late))
    assert ingest.times == [] or max(ingest.times) < 1
    ingest.send(late)
    ingest.wait(0.2)
    assert ingest.times == [0, 1, 2]
    assert ingest.buffer.lost == 0


def test_a_sequence_of_layers_that_came_once_is_put_in_front_of_later_key_frames() -> None:
    units = [*layered(2), *layered(2)]
    lower, upper = units[2]
    units[2] = (lower[1:], upper)  # no sequence header again
    packets = packets_of(units)
    ingest = Ingest()
    ingest.send(*packets)
    ingest.wait(1.0)
    first, third = ingest.taken[0], ingest.taken[2]
    assert third.flags & Flags.KEY
    assert third.payload == first.payload
    assert coding.decode(Codec.AV1, [each.payload for each in ingest.taken[2:]]) == [SIZE] * 2


def test_units_of_layers_pass_the_log_unchanged() -> None:
    ingest = Ingest()
    ingest.send(*packets_of(layered(3)))
    ingest.wait(1.0)
    batch = Batch(5, tuple(access_units(ingest.taken)))
    assert parse_batch(encode_batch(batch)) == batch


@pytest.fixture
async def session() -> AsyncIterator[IngestSession]:
    """An ingest session without a server: readers of its own node need none."""
    client = connect("unix:///nonexistent/redis.sock")
    made = IngestSession(
        client, "cam1", 5, has_audio=False, on_key_frame_needed=fakes.KeyFrameWish()
    )
    yield made
    made.end("the test is over")
    await client.aclose()


async def test_a_viewer_gets_what_the_publisher_sent_as_one_frame(session: IngestSession) -> None:
    ingest = Ingest()
    ingest.send(*packets_of(layered(5)))
    ingest.wait(1.0)
    units = access_units(ingest.taken)
    client = connect("unix:///nonexistent/redis.sock")
    reader = RenditionReader(client, "cam1", keys.SOURCE, session=5, feed=session)
    fanout = RtpFanout(reader, on_end=lambda _: None)
    listener = fakes.Listener()
    fanout.listen(listener)
    for unit in units[:2]:
        session.take(unit)
    task = asyncio.get_running_loop().create_task(reader.run(), name="reader")
    await until(lambda: len(listener.video) == 2)  # the group that was there before
    for unit in units[2:]:
        session.take(unit)
    sent = [joined(Codec.AV1, list(each.payloads)) for each in listener.video]
    assert sent == [each.payload for each in ingest.taken]
    assert coding.decode(Codec.AV1, sent) == [SIZE] * 5
    assert (reader.codec, reader.size) == ("av1", SIZE)
    assert [each.is_key for each in fanout.group()] == [True] + [False] * 4
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await client.aclose()
