"""Degradation by live encoders."""

from __future__ import annotations

import numpy as np
import pytest

from models.training.codec import (
    AV1,
    CODECS,
    PRESETS,
    LiveEncoder,
    open_encoder,
    to_frame,
    transcode,
    transcode_planes,
)
from models.training.downscale import reduce
from tests.models.training.material import panned


@pytest.mark.parametrize("codec", CODECS)
def test_encoders_keep_to_their_rate_and_repeat_themselves(codec: str) -> None:
    clip = panned(45)
    small = np.stack([reduce(frame, 2, "area") for frame in clip.luma])
    results = [
        transcode(small, clip.chroma, 30, LiveEncoder(codec, rate)) for rate in (0.1, 0.1, 0.4)
    ]
    (first, low), (again, _), (better, high) = results
    assert first.shape == small.shape
    assert np.array_equal(first, again)
    assert low < high
    assert high < 0.8
    error = [np.mean((seen.astype(float) - small) ** 2) for seen in (first, better)]
    assert error[1] < error[0]


@pytest.mark.parametrize("codec", CODECS)
def test_each_frame_is_decoded_at_its_own_place(codec: str) -> None:
    """Levels that rise tell which frame came out; an encoder with a delay would shift them."""
    luma = np.stack([np.full((32, 48), 40 + 10 * n, np.uint8) for n in range(12)])
    chroma = np.full((12, 2, 16, 24), 128, np.uint8)
    decoded, spent = transcode(luma, chroma, 30, LiveEncoder(codec, 1.0))
    assert np.abs(decoded.mean((1, 2)) - luma.mean((1, 2))).max() < 4
    assert spent > 0


def test_presets_of_x264_give_other_pictures() -> None:
    clip = panned(6)
    small = np.stack([reduce(frame, 2, "area") for frame in clip.luma])
    seen = {
        transcode(small, clip.chroma, 30, LiveEncoder("h264", 0.1, preset=preset))[0].tobytes()
        for preset in PRESETS
    }
    assert len(seen) == len(PRESETS)


def test_no_rate_is_below_what_an_encoder_takes() -> None:
    context = open_encoder(LiveEncoder("h264", 1e-9), 32, 32, 30)
    assert context.bit_rate == 16_000
    assert context.thread_count == 1 and context.gop_size == 300


def test_a_frame_has_its_planes_and_number() -> None:
    rng = np.random.default_rng(1)
    luma = rng.integers(0, 256, (8, 12), np.uint8)
    chroma = rng.integers(0, 256, (2, 4, 6), np.uint8)
    frame = to_frame(luma, chroma, 7)
    planes = frame.to_ndarray()
    assert frame.pts == 7 and (frame.width, frame.height) == (12, 8)
    assert np.array_equal(planes[:8], luma)
    assert np.array_equal(planes[8:].reshape(2, 4, 6), chroma)


def test_each_codec_has_an_encoder_of_a_library() -> None:
    libraries = {codec: LiveEncoder(codec, 0.1).library for codec in CODECS}
    assert libraries == {"h264": "libx264", "vp8": "libvpx", "vp9": "libvpx-vp9"}
    with pytest.raises(KeyError):
        _ = LiveEncoder("theora", 0.1).library


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("fps", [15, 30, 60])
def test_a_rate_is_bits_per_pixel_times_pixels_per_second(codec: str, fps: int) -> None:
    context = open_encoder(LiveEncoder(codec, 0.25), 320, 180, fps)
    assert context.bit_rate == 0.25 * 320 * 180 * fps
    assert context.time_base.denominator == fps and context.gop_size == 10 * fps
    assert (context.width, context.height, context.pix_fmt) == (320, 180, "yuv420p")


def test_encoders_are_set_as_live_ones_are() -> None:
    x264 = open_encoder(LiveEncoder("h264", 0.1, preset="veryfast"), 64, 64, 30).options
    assert (x264["tune"], x264["profile"], x264["preset"]) == (
        "zerolatency",
        "baseline",
        "veryfast",
    )
    # Of VP8 only a negative number is a speed that the clock does not change.
    for codec, speed in (("vp8", "-7"), ("vp9", "7")):
        vpx = open_encoder(LiveEncoder(codec, 0.1, cpu_used=7), 64, 64, 30).options
        assert (vpx["deadline"], vpx["lag-in-frames"], vpx["cpu-used"]) == ("realtime", "0", speed)
        # Equal bounds make the rate constant.
        assert vpx["minrate"] == vpx["maxrate"] == vpx["bufsize"]


@pytest.mark.parametrize("codec", CODECS)
def test_a_single_frame_comes_back(codec: str) -> None:
    luma, chroma = np.full((1, 32, 48), 90, np.uint8), np.full((1, 2, 16, 24), 128, np.uint8)
    decoded, spent = transcode(luma, chroma, 30, LiveEncoder(codec, 1.0))
    assert decoded.shape == luma.shape and spent > 0
    assert np.abs(decoded.astype(int) - 90).max() < 4


@pytest.mark.parametrize("codec", CODECS)
def test_a_width_that_decoders_pad_is_cut_again(codec: str) -> None:
    """A plane's lines are aligned to 32 bytes or more; 36 is no multiple."""
    ramp = np.tile(np.arange(36, dtype=np.uint8) * 5 + 30, (1, 20, 1))
    chroma = np.full((1, 2, 10, 18), 128, np.uint8)
    decoded, _ = transcode(ramp, chroma, 30, LiveEncoder(codec, 4.0))
    assert decoded.shape == (1, 20, 36)
    assert np.abs(decoded.astype(int) - ramp).mean() < 6


@pytest.mark.parametrize("codec", [*CODECS, AV1])
def test_each_plane_is_decoded_at_its_own_place(codec: str) -> None:
    luma = np.stack([np.full((64, 96), 40 + 20 * n, np.uint8) for n in range(6)])
    chroma = np.stack([np.full((6, 32, 48), level, np.uint8) for level in (90, 150)], 1)
    seen, colour, spent = transcode_planes(luma, chroma, 30, LiveEncoder(codec, 0.5))
    assert np.abs(seen.mean((1, 2)) - luma.mean((1, 2))).max() < 4
    assert colour.shape == chroma.shape and spent > 0
    assert np.abs(colour.mean((0, 2, 3)) - (90, 150)).max() < 3


def test_av1_keeps_near_its_rate_and_repeats_itself() -> None:
    clip = panned(45)
    chroma = np.repeat(np.repeat(clip.chroma, 2, 2), 2, 3)
    (first, low), (again, _), (better, high) = (
        transcode(clip.luma, chroma, 30, LiveEncoder(AV1, rate)) for rate in (0.1, 0.1, 0.4)
    )
    assert np.array_equal(first, again)
    assert low < high < 0.8
    error = [np.mean((seen.astype(float) - clip.luma) ** 2) for seen in (first, better)]
    assert error[1] < error[0]
