"""The timer of a video's intake: ``picture_intake.py``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from app.rtp.jitter_buffer import CodedUnit
from app.rtp.video_intake import Taken
from app.webrtc.picture_intake import PictureIntake
from media.access_unit import Flags
from media.codec import Codec, CodecDescriptor
from media.codec_table import DESCRIPTORS
from tests.app import coding
from tests.app.peers import until

H264 = DESCRIPTORS[Codec.H264]
UNITS = coding.h264(160, 96, 4)


class Taker:
    """An intake and what it hands over."""

    def __init__(self) -> None:
        self.pictures: list[Taken] = []
        self.asked = 0
        self.intake = PictureIntake((), on_pictures=self._take, on_key_frame_needed=self._ask)

    def send(self, number: int, data: bytes, *, lost: bool = False) -> None:
        self.intake.take(H264, 90_000, CodedUnit(3000 * number, data, 0, 0, lost))

    def _take(self, codec: CodecDescriptor, rate: int, pictures: Sequence[Taken]) -> None:
        assert (codec, rate) == (H264, 90_000)
        self.pictures += pictures

    def _ask(self) -> None:
        self.asked += 1


async def test_pictures_pass_as_they_come_or_when_their_time_has_come() -> None:
    taker = Taker()
    for number, unit in enumerate(UNITS):
        taker.send(number, unit)
    await until(lambda: len(taker.pictures) == len(UNITS))
    assert taker.pictures[0].flags & Flags.KEY
    assert (taker.pictures[0].width, taker.pictures[0].height) == (160, 96)
    assert taker.asked == 0
    taker.intake.stop()


async def test_a_damaged_picture_is_refused_with_a_reason_and_a_key_frame_asked_for() -> None:
    taker = Taker()
    taker.send(0, b"\x00\x00\x00\x01\x65" + bytes(50))
    await until(lambda: taker.asked)
    assert taker.pictures == []
    assert sum(taker.intake.refused.values()) == 1
    assert taker.intake.reason(now=0.0)
    taker.intake.stop()


async def test_nothing_follows_the_end() -> None:
    taker = Taker()
    taker.intake.stop()
    taker.send(0, UNITS[0])
    had = len(taker.pictures)
    await asyncio.sleep(0.1)
    assert len(taker.pictures) == had
