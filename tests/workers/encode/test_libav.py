"""What FFmpeg's encoders are told, and what they may answer."""

from __future__ import annotations

import dataclasses
import os
from fractions import Fraction
from typing import Any

import av
import pytest

from media.codec import Codec
from workers.encode.encoder import EncoderSpec
from workers.encode.libav import encode_one, encoder_threads, open_context
from workers.errors import EncoderFailed
from workers.media.picture import Colour
from workers.runtime.cores import usable_cores

from ..clips import picture

SPEC = EncoderSpec(
    codec=Codec.H264, width=320, height=180, kbps=900, preset="ultrafast", colour=Colour()
)
AT_ONCE = {"tune": "zerolatency", "preset": "ultrafast"}


def opened(
    spec: EncoderSpec = SPEC, *, fps: float = 30.0, options: dict[str, str] | None = None
) -> Any:
    return open_context("libx264", spec, fps=fps, options={**AT_ONCE, **(options or {})})


def test_an_encoder_is_opened_with_the_size_the_rate_and_the_clock_of_rtp() -> None:
    context = opened()
    assert (context.width, context.height, context.pix_fmt) == (320, 180, "yuv420p")
    assert context.bit_rate == 900_000 and context.time_base == Fraction(1, 90_000)


@pytest.mark.parametrize(
    ("fps", "expected"),
    [
        (30.0, Fraction(30)),
        (30_000 / 1001, Fraction(30_000, 1001)),
        (24_000 / 1001, Fraction(24_000, 1001)),
        (12.5, Fraction(25, 2)),
        (0.1, Fraction(1, 10)),
    ],
)
def test_frame_rates_become_the_fractions_that_cameras_have(fps: float, expected: Fraction) -> None:
    assert opened(fps=fps).framerate == expected


def test_the_colour_of_the_pictures_stands_in_what_is_coded() -> None:
    colour = Colour(range=2, matrix=1, primaries=1, transfer=13)
    context = opened(dataclasses.replace(SPEC, colour=colour))
    unit = encode_one(context, picture(0, 320, 180), ticks=0, key=True)
    (decoded,) = av.CodecContext.create("h264", "r").decode(av.Packet(unit.payload)) or (None,)
    if decoded is None:
        pytest.fail("no picture came")
    assert int(decoded.color_range) == 2 and int(decoded.colorspace) == 1
    assert int(decoded.color_primaries) == 1 and int(decoded.color_trc) == 13


@pytest.mark.parametrize("size", [(0, 0), (100_000, 100_000)])
def test_a_size_that_no_encoder_takes_is_said_with_the_encoders_name(size: tuple[int, int]) -> None:
    with pytest.raises(EncoderFailed, match=f"libx264 cannot code {size[0]}x{size[1]}"):
        opened(dataclasses.replace(SPEC, width=size[0], height=size[1]))


def test_a_picture_gives_one_unit_and_takes_the_time_it_is_given() -> None:
    context, made = opened(), picture(0, 320, 180)
    made.frame.pts, made.frame.time_base = 77, Fraction(1, 25)
    unit = encode_one(context, made, ticks=3000, key=False)
    # A first picture is a key frame, asked for or not.
    assert unit.is_key and unit.payload.startswith(b"\0\0\0\1")
    assert (made.frame.pts, made.frame.time_base) == (3000, Fraction(1, 90_000))


def test_the_kind_that_a_decoder_left_on_a_picture_is_no_request() -> None:
    context = opened(options={"x264-params": "keyint=infinite:scenecut=0", "forced-idr": "1"})
    coded = []
    for index in range(4):
        made = picture(index, 320, 180)
        made.frame.pict_type = av.video.frame.PictureType.I
        coded.append(encode_one(context, made, ticks=index * 3000, key=index == 2).is_key)
    assert coded == [True, False, True, False]


def test_an_encoder_that_holds_pictures_back_is_refused() -> None:
    context = open_context("libx264", SPEC, fps=30.0, options={"preset": "medium"})
    with pytest.raises(EncoderFailed, match="libx264 gave 0 units for one picture"):
        encode_one(context, picture(0, 320, 180), ticks=0, key=True)


@pytest.mark.parametrize(("size", "most"), [((960, 540), 1), ((962, 540), 2), ((3840, 2160), 2)])
def test_a_second_thread_is_for_large_pictures(size: tuple[int, int], most: int) -> None:
    spec = dataclasses.replace(SPEC, width=size[0], height=size[1])
    assert encoder_threads(spec) == min(most, usable_cores())


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores cannot be chosen here")
def test_a_process_with_one_core_has_no_second_thread() -> None:
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert encoder_threads(dataclasses.replace(SPEC, width=1920, height=1080)) == 1
    finally:
        os.sched_setaffinity(0, before)
