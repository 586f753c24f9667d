from __future__ import annotations

import threading
from fractions import Fraction
from typing import Any

import av
import pytest

from media.codec import Codec
from tests.app import coding
from tests.workers.clips import Clip, units
from workers.bitstream.inspector import CodecInspector
from workers.decode.decoder import UnitDecoder
from workers.kernels import readiness
from workers.media.frame_info import CodecInfo, Source, cells
from workers.process import jit_warmup

SIZE = (160, 96)


def inspected(codec: Codec) -> list[CodecInfo]:
    decoder, inspector = UnitDecoder(codec), CodecInspector(codec)
    told = []
    for tag, unit in enumerate(units(Clip(codec, *SIZE, frames=8))):
        inspector.on_access_unit(tag, unit.payload)
        for back, picture in decoder.decode(unit.payload, tag):
            told.append(inspector.take_info(back, picture.frame, len(unit.payload)))
    return told


@pytest.mark.parametrize("codec", [Codec.H264, Codec.VP8])
def test_vectors_and_quantizers_come_with_the_pictures(codec: Codec) -> None:
    jit_warmup.warm_up()
    told = inspected(codec)
    assert [info.is_key for info in told] == [True] + [False] * 7
    for info in told[1:]:
        assert info.coded_bytes > 0
        assert info.motion is not None and info.qp is not None
        assert info.motion.source is Source.BITSTREAM
        assert info.motion.dx.shape == info.qp.shape == cells(*SIZE)
    assert readiness.is_warm()


def test_a_vp8_stream_that_began_before_the_loops_were_compiled_is_read_from_its_next_key_frame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jit_warmup.warm_up()
    decoder, inspector = UnitDecoder(Codec.VP8), CodecInspector(Codec.VP8)
    told = []
    for tag, unit in enumerate(units(Clip(Codec.VP8, *SIZE, frames=12, key_every=6))):
        with monkeypatch.context() as patch:
            if tag < 3:
                patch.setattr(readiness, "_compiled", threading.Event())
            inspector.on_access_unit(tag, unit.payload)
            ((back, picture),) = decoder.decode(unit.payload, tag)
            told.append(inspector.take_info(back, picture.frame, len(unit.payload)))
    assert [info.qp is not None for info in told] == [False] * 6 + [True] * 6


def test_a_broken_vp8_unit_tells_nothing_and_breaks_nothing() -> None:
    jit_warmup.warm_up()
    (unit, *_) = units(Clip(Codec.VP8, *SIZE, frames=1))
    decoder, inspector = UnitDecoder(Codec.VP8), CodecInspector(Codec.VP8)
    inspector.on_access_unit(0, b"\0")
    ((_, picture),) = decoder.decode(unit.payload, 0)
    info = inspector.take_info(0, picture.frame, 9)
    assert info.is_key and info.motion is None and info.coded_bytes == 9


def test_vp9_tells_quantizers_and_motion_is_left_to_the_pixels() -> None:
    jit_warmup.warm_up()
    told = inspected(Codec.VP9)
    assert [info.is_key for info in told] == [True] + [False] * 7
    for info in told:
        assert info.motion is None
        assert info.qp is not None


def test_vectors_of_fields_and_of_b_frames_are_not_told() -> None:
    jit_warmup.warm_up()
    for options in ("interlaced=1", "bframes=2:b-adapt=0"):
        decoder, inspector = UnitDecoder(Codec.H264), CodecInspector(Codec.H264)
        told = []
        for tag, data in enumerate(encoded(options)):
            inspector.on_access_unit(tag, data)
            for back, picture in decoder.decode(data, tag):
                told.append(inspector.take_info(back, picture.frame, len(data)))
        assert len(told) > 6
        if options == "interlaced=1":
            assert all(info.motion is None for info in told)
        assert any(info.motion is None and not info.is_key for info in told)
        assert any(info.qp is not None for info in told)


def encoded(options: str) -> list[bytes]:
    codec: Any = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = *SIZE, "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, 30), Fraction(30)
    codec.options = {"preset": "medium", "x264-params": f"keyint=1000:{options}"}
    packets = [p for frame in coding.pictures(*SIZE, 12) for p in codec.encode(frame)]
    return [bytes(packet) for packet in (*packets, *codec.encode(None))]


def test_what_was_read_of_another_size_than_the_pictures_is_not_told() -> None:
    jit_warmup.warm_up()
    small, large = (
        next(iter(units(Clip(Codec.VP8, *size, frames=1)))).payload for size in (SIZE, (320, 192))
    )
    decoder, inspector = UnitDecoder(Codec.VP8), CodecInspector(Codec.VP8)
    inspector.on_access_unit(0, large)
    ((_, picture),) = decoder.decode(small, 0)
    info = inspector.take_info(0, picture.frame, 9)
    assert info.qp is None or info.qp.shape == cells(*SIZE)
