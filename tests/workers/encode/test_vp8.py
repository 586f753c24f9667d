"""VP8 frames, one for each picture (RFC 6386)."""

from __future__ import annotations

import pytest

from media.codec import Codec
from workers.encode.encoder import EncoderSpec
from workers.encode.vp8 import Vp8Encoder
from workers.media.picture import Colour

from ..clips import picture

START_CODE = b"\x9d\x01\x2a"


def encoder(width: int = 320, height: int = 180, kbps: float = 900) -> Vp8Encoder:
    spec = EncoderSpec(
        codec=Codec.VP8, width=width, height=height, kbps=kbps, preset="", colour=Colour()
    )
    return Vp8Encoder(spec, fps=30)


def tag(payload: bytes) -> tuple[bool, bool]:
    """(key frame, shown), from the frame tag (RFC 6386, section 9.1)."""
    return not payload[0] & 1, bool(payload[0] >> 4 & 1)


def size(payload: bytes) -> tuple[int, int]:
    """Width and height of a key frame (RFC 6386, section 9.1), without the scaling bits."""
    at = payload.index(START_CODE) + 3
    return tuple(  # type: ignore[return-value]
        int.from_bytes(payload[at + n : at + n + 2], "little") & 0x3FFF for n in (0, 2)
    )


@pytest.mark.parametrize("dimensions", [(16, 16), (126, 94), (320, 180)])
def test_a_key_frame_says_its_size_and_follows_the_request(dimensions: tuple[int, int]) -> None:
    one = encoder(*dimensions)
    for index in range(6):
        key = index in (0, 4)
        unit = one.encode(picture(index, *dimensions), ticks=index * 3000, fps=30, key=key)
        assert unit.is_key is key and tag(unit.payload) == (key, True)
        if key:
            assert size(unit.payload) == dimensions


def test_no_frame_is_hidden_and_none_is_left_out() -> None:
    # Full of noise and short of bits, libvpx would leave frames out, or add a hidden reference.
    one = encoder(kbps=40)
    for index in range(60):
        made = picture(index, 320, 180, noise=60)
        unit = one.encode(made, ticks=index * 3000, fps=30, key=index == 0)
        assert unit.payload and tag(unit.payload)[1]


def test_no_key_frame_comes_by_itself_in_a_long_sequence() -> None:
    one = encoder(64, 48, kbps=100)
    keys = [
        one.encode(picture(index, 64, 48), ticks=index * 3000, fps=30, key=index == 0).is_key
        for index in range(400)
    ]
    assert keys.count(True) == 1


@pytest.mark.parametrize("fps", [10, 60])
def test_time_stamps_alone_tell_the_frame_rate(fps: int) -> None:
    # The encoder was opened at 30, and the rate that it is told is wrong too.
    one, total = encoder(), 0
    for index in range(fps * 4):
        made = picture(index, 320, 180, noise=14)
        unit = one.encode(made, ticks=index * 90_000 // fps, fps=999.0, key=index == 0)
        total += len(unit.payload)
    assert total * 8 / 4 / 1000 == pytest.approx(900, rel=0.2)
