"""The real encoders, both through one suite."""

from __future__ import annotations

import random
import time

import av
import numpy as np
import pytest

from media.codec import Codec
from wire import keys
from workers.decode.decoder import UnitDecoder
from workers.encode.encoder import EncodedFrame, EncoderSpec
from workers.encode.registry import CODECS, DEFAULT_ENCODER, has_steps, make_encoder
from workers.errors import EncoderFailed
from workers.media.picture import Colour
from workers.scheduling.frame_rate import FrameRate

from ..clips import picture

BOTH = pytest.mark.parametrize("codec", [Codec.H264, Codec.VP8])


def spec(codec: Codec, width: int = 320, height: int = 180, kbps: float = 900) -> EncoderSpec:
    return EncoderSpec(
        codec=codec, width=width, height=height, kbps=kbps, preset="superfast", colour=Colour()
    )


def code(codec: Codec, count: int, keys: set[int] = frozenset({0})) -> list[EncodedFrame]:  # type: ignore[assignment]
    encoder = make_encoder(spec(codec), fps=30)
    return [
        encoder.encode(
            picture(index, 320, 180, noise=4), ticks=index * 3000, fps=30, key=index in keys
        )
        for index in range(count)
    ]


def test_an_encoder_has_steps_where_the_operator_left_the_preset() -> None:
    assert has_steps(Codec.H264, "superfast") and not has_steps(Codec.H264, "faster")
    assert not has_steps(Codec.VP8, "superfast")


@BOTH
def test_a_key_frame_comes_when_it_is_asked_for_and_at_no_other_time(codec: Codec) -> None:
    asked_for = {0, 7, 8, 100}
    coded = code(codec, 140, asked_for)
    assert {index for index, unit in enumerate(coded) if unit.is_key} == asked_for


@BOTH
def test_a_scene_cut_makes_no_key_frame(codec: Codec) -> None:
    encoder = make_encoder(spec(codec), fps=30)
    keys = []
    for index in range(40):
        made = picture(index, 320, 180)
        if index >= 20:
            made.y[:] = 255 - made.y[::-1]
        keys.append(encoder.encode(made, ticks=index * 3000, fps=30, key=index == 0).is_key)
    assert keys == [True] + [False] * 39


@BOTH
def test_decoding_can_start_at_every_key_frame_and_gives_the_picture(codec: Codec) -> None:
    coded = code(codec, 20, {0, 10})
    decoder = UnitDecoder(codec)
    for index in range(10, 20):
        ((_, decoded),) = decoder.decode(coded[index].payload, index)
        error = decoded.y.astype(float) - picture(index, 320, 180, noise=4).y
        assert np.sqrt(np.mean(error**2)) < 12


@BOTH
@pytest.mark.parametrize("fps", [15, 30, 60])
@pytest.mark.parametrize("jitter", [0.0, 0.6])
def test_the_bitrate_is_kept_at_any_frame_rate_and_with_jittered_times(
    codec: Codec, fps: int, jitter: float
) -> None:
    chance, rate, seconds = random.Random(2), FrameRate(guess=30), 6
    encoder = make_encoder(spec(codec), fps=30)
    pts, size, last_key = 0, 0, -(10**9)
    for index in range(fps * seconds):
        rate.add(pts, 90_000)
        key = pts - last_key >= 4 * 90_000
        last_key = pts if key else last_key
        made = picture(index, 320, 180, noise=14)
        size += len(encoder.encode(made, ticks=pts, fps=rate.fps, key=key).payload)
        pts += int(90_000 / fps * (1 + chance.uniform(-jitter, jitter)))
    assert size * 8 / (pts / 90_000) / 1000 == pytest.approx(900, rel=0.15)


@BOTH
@pytest.mark.parametrize("size", [(2, 2), (16, 16), (126, 94), (962, 542)])
def test_unusual_sizes_are_coded(codec: Codec, size: tuple[int, int]) -> None:
    encoder = make_encoder(spec(codec, *size), fps=30)
    decoder = UnitDecoder(codec)
    for index in range(3):
        unit = encoder.encode(picture(index, *size), ticks=index * 3000, fps=30, key=index == 0)
        ((_, decoded),) = decoder.decode(unit.payload, index)
        assert (decoded.width, decoded.height) == size


@BOTH
def test_a_size_that_cannot_be_coded_is_refused(codec: Codec) -> None:
    with pytest.raises(EncoderFailed, match="20000x20000"):
        make_encoder(spec(codec, 20_000, 20_000), fps=30)


def test_a_picture_is_coded_in_a_few_milliseconds() -> None:
    encoder = make_encoder(spec(Codec.H264, 960, 540, 2500), fps=30)
    pictures = [picture(index, 960, 540, noise=6) for index in range(12)]
    took = []
    for index, made in enumerate(pictures):
        begun = time.perf_counter()
        encoder.encode(made, ticks=index * 3000, fps=30, key=index == 0)
        took.append(time.perf_counter() - begun)
    assert min(took) < 0.030


def test_every_codec_of_the_table_can_be_encoded_and_is_named_after_what_it_makes() -> None:
    assert set(CODECS) == {Codec.H264, Codec.VP8}
    for made in CODECS:
        (unit,) = code(made, 1)
        assert UnitDecoder(made).decode(unit.payload, 0)


def test_variants_that_viewers_may_ask_for_are_those_that_can_be_encoded() -> None:
    assert {Codec[name.upper()] for name in keys.VARIANTS} == set(CODECS)


def test_a_codec_that_is_only_decoded_has_no_encoder() -> None:
    with pytest.raises(KeyError):
        make_encoder(spec(Codec.VP9), fps=30)


def test_files_are_written_by_an_encoder_that_this_ffmpeg_has() -> None:
    assert av.CodecContext.create(DEFAULT_ENCODER, "w").name == DEFAULT_ENCODER
