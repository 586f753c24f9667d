"""Coded units of the real encoders, small and quick to make."""

from __future__ import annotations

import functools
import os
from fractions import Fraction
from typing import Any

import av
import numpy as np

from media.codec import Codec
from media.codec_table import DESCRIPTORS
from models.training.scheduling import ordinary_scheduling

OPUS_SILENCE = b"\xf8\xff\xfe"
"""RFC 6716: one 20 ms packet of silence."""


AV1_OPTIONS = {"preset": "11", "crf": "40", "svtav1-params": "pred-struct=1:rtc=1:lp=1"}
"""Of SVT-AV1, for one unit a picture at once."""

os.environ.setdefault("SVT_LOG", "0")  # or it writes to the terminal


def pictures(width: int, height: int, count: int) -> list[av.VideoFrame]:
    """A gradient that moves, with noise so that frames have some size."""
    rng = np.random.default_rng(7)
    noise = rng.integers(0, 60, (height, width), dtype=np.uint8)
    ramp = np.add.outer(np.arange(height), np.arange(width))
    found = []
    for index in range(count):
        luma = ((ramp + 4 * index) % 180).astype(np.uint8) + np.roll(noise, index, axis=1)
        rgb = np.stack([luma, luma, 255 - luma], axis=2)
        frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = index, Fraction(1, 30)
        found.append(frame)
    return found


@functools.lru_cache(maxsize=64)
def h264(
    width: int, height: int, count: int = 1, profile: str = "Baseline", options: str = ""
) -> tuple[bytes, ...]:
    """``count`` units; the first is a key frame. ``options`` are x264's own, by colon."""
    codec: Any = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, 30), Fraction(30)
    codec.profile = profile
    codec.options = {
        "preset": "ultrafast" if profile == "Baseline" else "medium",
        "tune": "zerolatency",
        "x264-params": f"keyint=1000:{options}".rstrip(":"),
    }
    return _encode(codec, width, height, count)


@functools.lru_cache(maxsize=8)
def h264_with_b_frames(width: int, height: int, count: int) -> tuple[tuple[int, bytes], ...]:
    """(picture, unit) in the order of decoding; two of three pictures are B-frames."""
    codec: Any = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, 30), Fraction(30)
    codec.profile = "High"
    codec.options = {"preset": "medium", "x264-params": "bframes=2:b-adapt=0:keyint=1000"}
    packets = [p for frame in pictures(width, height, count) for p in codec.encode(frame)]
    packets += codec.encode(None)
    return tuple((int(packet.pts or 0), bytes(packet)) for packet in packets)


@functools.lru_cache(maxsize=16)
def vp8(width: int, height: int, count: int = 1) -> tuple[bytes, ...]:
    """``count`` units; the first is a key frame."""
    codec: Any = av.CodecContext.create("libvpx", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.time_base, codec.bit_rate, codec.gop_size = Fraction(1, 30), 800_000, 1000
    codec.options = {"deadline": "realtime", "cpu-used": "-6", "lag-in-frames": "0"}
    return _encode(codec, width, height, count)


@functools.lru_cache(maxsize=16)
def vp9(width: int, height: int, count: int = 1, *, hidden: bool = False) -> tuple[bytes, ...]:
    """``count`` units; the first is a key frame.

    If ``hidden``, every tenth or so is a superframe of a hidden frame and a shown one.
    """
    codec: Any = av.CodecContext.create("libvpx-vp9", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.time_base, codec.bit_rate, codec.gop_size = Fraction(1, 30), 800_000, 1000
    codec.options = {
        "deadline": "realtime",
        "cpu-used": "5" if hidden else "8",
        "lag-in-frames": "25" if hidden else "0",
        "auto-alt-ref": str(int(hidden)),
    }
    return _encode(codec, width, height, count)


@functools.lru_cache(maxsize=16)
def av1(width: int, height: int, count: int = 1) -> tuple[bytes, ...]:
    """``count`` temporal units; the first is a key frame."""
    codec: Any = av.CodecContext.create("libsvtav1", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, 30), Fraction(30)
    codec.gop_size, codec.options = 1000, AV1_OPTIONS
    with ordinary_scheduling():
        codec.open()
    return _encode(codec, width, height, count)


def _encode(codec: Any, width: int, height: int, count: int) -> tuple[bytes, ...]:
    packets = [p for frame in pictures(width, height, count) for p in codec.encode(frame)]
    packets += codec.encode(None)
    assert len(packets) == count
    return tuple(bytes(packet) for packet in packets)


def decode(codec: Codec, units: list[bytes]) -> list[tuple[int, int]]:
    """(width, height) of every picture that FFmpeg decodes."""
    context: Any = av.CodecContext.create(DESCRIPTORS[codec].decoder, "r")
    frames = [f for unit in units for f in context.decode(av.Packet(unit))]
    frames += context.decode(None)
    return [(frame.width, frame.height) for frame in frames]
