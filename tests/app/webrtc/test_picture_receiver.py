"""One source's packets in, its pictures and requests out: ``picture_receiver.py``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from app.rtp.jitter_buffer import CodedUnit, Packet
from app.rtp.key_frame_pace import INTERVAL_S
from app.rtp.retransmission import GIVE_UP_S
from app.webrtc.picture_receiver import Media, PictureReceiver, Requests
from media.codec import Codec, CodecDescriptor
from media.codec_table import DESCRIPTORS
from tests.app.peers import until

H264 = DESCRIPTORS[Codec.H264]
SSRC = 99


def media(number: int, *, resent: bool = False) -> Media:
    """A picture in one packet."""
    packet = Packet(number & 0xFFFF, 3000 * number, True, b"%d" % number, 1000 * number)
    return Media(H264, 90_000, packet, resent)


class Side:
    """A receiver, and what it hands over and asks for."""

    def __init__(self) -> None:
        self.units: list[CodedUnit] = []
        self.nacks: list[tuple[int, list[int]]] = []
        self.plis: list[int] = []
        self.is_wanted = True
        self.receiver = PictureReceiver(
            Requests(send_nack=self._nack, send_pli=self.plis.append),
            self._take,
            is_wanted=lambda: self.is_wanted,
        )

    def send(self, *numbers: int, resent: bool = False) -> None:
        self.receiver.ssrc = SSRC
        for number in numbers:
            self.receiver.take(media(number, resent=resent), now=time.monotonic())

    @property
    def heard(self) -> list[int]:
        return [int(unit.data) for unit in self.units]

    def _take(self, codec: CodecDescriptor, rate: int, unit: CodedUnit) -> None:
        assert (codec, rate) == (H264, 90_000)
        self.units.append(unit)

    def _nack(self, ssrc: int, numbers: Sequence[int]) -> None:
        self.nacks.append((ssrc, list(numbers)))


async def test_a_picture_is_handed_over_in_the_call_that_completes_it() -> None:
    side = Side()
    side.send(1, 2, 3)
    assert side.heard == [1, 2, 3]
    assert (side.nacks, side.plis) == ([], [])


async def test_a_loss_is_asked_for_at_once_and_again_by_the_timer() -> None:
    side = Side()
    side.send(1, 3)
    assert side.nacks == [(SSRC, [2])]
    await until(lambda: len(side.nacks) >= 2)
    side.send(2, resent=True)
    assert side.heard == [1, 2, 3]
    asked = len(side.nacks)
    await asyncio.sleep(0.1)
    assert len(side.nacks) == asked
    side.receiver.stop()


async def test_what_is_given_up_is_followed_by_one_request_for_a_key_frame() -> None:
    side = Side()
    began = time.monotonic()
    side.send(1, 3, 4, 5)
    await until(lambda: side.plis)
    assert time.monotonic() - began >= GIVE_UP_S * 0.9
    assert side.plis == [SSRC]
    # Where the picture behind the loss begins is not known.
    assert side.heard == [1, 4, 5]
    assert side.units[1].discontinuity
    assert side.receiver.buffer.lost == 1
    side.receiver.stop()


async def test_a_loss_that_nobody_misses_is_worth_no_key_frame() -> None:
    side = Side()
    side.is_wanted = False
    side.send(1, 3, 4)
    await until(lambda: side.heard == [1, 4])
    assert side.plis == []


async def test_many_requests_become_two_a_second_and_a_key_frame_fulfils_them() -> None:
    side = Side()
    side.receiver.request_key_frame()
    assert side.plis == [], "nobody knows whom to ask"
    side.send(1)
    for _ in range(100):
        side.receiver.request_key_frame()
    assert side.plis == [SSRC]
    await until(lambda: len(side.plis) == 2)
    side.receiver.request_key_frame()
    side.receiver.take_key_frame()
    await asyncio.sleep(1.2 * INTERVAL_S)
    assert len(side.plis) == 2


async def test_another_source_begins_anew() -> None:
    side = Side()
    side.send(1, 2)
    side.receiver.restart(5)
    side.receiver.take(media(40_000), now=time.monotonic())
    assert side.heard == [1, 2, 40_000]
    side.receiver.request_key_frame()
    assert side.plis == [5]


async def test_nothing_follows_the_end() -> None:
    side = Side()
    side.send(1, 3)
    side.receiver.request_key_frame()
    side.receiver.request_key_frame()
    side.receiver.stop()
    asked = (len(side.nacks), len(side.plis))
    await asyncio.sleep(1.2 * INTERVAL_S)
    assert (len(side.nacks), len(side.plis)) == asked
    assert side.heard == [1]


async def test_of_a_publisher_that_makes_no_key_frame_on_request_gaps_are_not_told() -> None:
    side = Side()
    side.send(1)
    for number in range(10, 50, 10):
        side.receiver.request_key_frame()
        side.receiver._answers.ask(now=time.monotonic() + number)  # in ten seconds, and so on
    side.send(2, 4, 5, 6)
    await until(lambda: side.heard[-1] == 6)
    assert not any(unit.discontinuity for unit in side.units)
    side.receiver.stop()
