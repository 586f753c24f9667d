from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest

from tests.workers.reuse.scenes import texture
from workers.reuse.codec_info import CodecInfo, Source, cells
from workers.reuse.side_data import EXPORT, info_of_frame, quantizer_grid

WIDTH, HEIGHT = 322, 182


def coded(library: str, codec: str, step: tuple[int, int], **options: str) -> list[CodecInfo]:
    """A pan of ``step`` samples a frame through an encoder and FFmpeg's own decoder."""
    wide = texture(HEIGHT + 80, WIDTH + 160)
    encoder: Any = av.CodecContext.create(library, "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.framerate, encoder.time_base = 30, Fraction(1, 30)
    encoder.bit_rate, encoder.gop_size, encoder.thread_count = 2_000_000, 300, 1
    encoder.options = options
    decoder: Any = av.CodecContext.create(codec, "r")
    decoder.thread_count = 1
    decoder.options = EXPORT
    found = []
    for index in range(8):
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        x, y = 80 + index * step[0], 40 + index * step[1]
        for plane, value in zip(frame.planes, (None, 128, 128), strict=True):
            rows = np.full((plane.height, plane.line_size), value or 0, np.uint8)
            if value is None:
                rows[:, :WIDTH] = wide[y : y + HEIGHT, x : x + WIDTH]
            plane.update(rows.tobytes())
        frame.pts = index
        for packet in encoder.encode(frame):
            for picture in decoder.decode(packet):
                found.append(info_of_frame(picture, Source.H264, coded_bytes=packet.size))
    return found


def test_h264_tells_the_pan_in_our_direction() -> None:
    found = coded("libx264", "h264", (3, -2), preset="veryfast", tune="zerolatency")
    assert found[0].is_key and found[0].motion is None
    for info in found[2:]:
        assert not info.is_key
        motion = info.motion
        assert motion is not None and motion.dx.shape == cells(WIDTH, HEIGHT)
        assert motion.source is Source.H264
        inside = np.zeros(motion.valid.shape, bool)
        inside[3:-3, 3:-3] = True
        inside &= motion.valid
        # Content moves to the left and down: it was to the right and above.
        assert (motion.dx[inside] == 12).mean() > 0.9
        assert (motion.dy[inside] == -8).mean() > 0.9


def test_h264_tells_its_quantizers() -> None:
    found = coded("libx264", "h264", (1, 0), preset="superfast", tune="zerolatency", qp="31")
    for info in found[1:]:
        assert info.qp is not None and info.qp_source is Source.H264
        assert (info.qp == 31).mean() > 0.9


def test_vp9_tells_quantizers_and_no_motion() -> None:
    live = {"deadline": "realtime", "aq-mode": "3", "lag-in-frames": "0"}
    found = coded("libvpx-vp9", "vp9", (1, 0), **live)
    assert found[0].qp is not None
    assert all(info.motion is None for info in found)


@pytest.mark.parametrize("length", [0, 10, 39, 40, 63])
def test_a_short_record_tells_nothing_wrong(length: int) -> None:
    record = np.zeros(64, np.uint8)
    record[0] = 200  # that many blocks
    record[8] = 64
    record[16] = 20
    assert quantizer_grid(record[:length], 64, 64) is None
