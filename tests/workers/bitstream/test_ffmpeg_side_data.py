from __future__ import annotations

import struct
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.temporal.scenes import texture
from workers.bitstream.ffmpeg_side_data import EXPORT, info_of_frame, motion_grid, quantizer_grid
from workers.media.frame_info import CodecInfo, Source, cells

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
                found.append(info_of_frame(picture, coded_bytes=packet.size))
    return found


def test_h264_tells_the_pan_in_our_direction() -> None:
    found = coded("libx264", "h264", (3, -2), preset="veryfast", tune="zerolatency")
    assert found[0].is_key and found[0].motion is None
    for info in found[2:]:
        assert not info.is_key
        motion = info.motion
        assert motion is not None and motion.dx.shape == cells(WIDTH, HEIGHT)
        assert motion.source is Source.BITSTREAM
        inside = np.zeros(motion.valid.shape, bool)
        inside[3:-3, 3:-3] = True
        inside &= motion.valid
        # Content moves to the left and down: it was to the right and above.
        assert (motion.dx[inside] == 12).mean() > 0.9
        assert (motion.dy[inside] == -8).mean() > 0.9


def test_h264_tells_its_quantizers() -> None:
    found = coded("libx264", "h264", (1, 0), preset="superfast", tune="zerolatency", qp="31")
    for info in found[1:]:
        assert info.qp is not None
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
    assert quantizer_grid(record[:length].tobytes(), 64, 64) is None


VECTOR = struct.Struct("<iBBhhhh2xQiiH6x")
HEAD = struct.Struct("<IIQQii")
BLOCK = struct.Struct("<5i")


def vector(
    x: int, y: int, side: tuple[int, int], motion: tuple[int, int], scale: int = 4, source: int = -1
) -> bytes:
    """Of a block whose upper left corner is at (x, y)."""
    wide, tall = side
    return VECTOR.pack(source, wide, tall, 0, 0, x + wide // 2, y + tall // 2, 0, *motion, scale)


def test_vectors_are_laid_on_the_cells_of_their_blocks() -> None:
    records = [
        vector(0, 0, (16, 16), (5, -3)),
        vector(16, 0, (8, 16), (2, 2), scale=2),
        vector(24, 0, (4, 4), (1, 1)),
        vector(28, 4, (4, 4), (7, 7)),
        vector(0, 16, (16, 8), (9, 9), source=1),
        vector(16, 16, (8, 8), (9, 9), scale=0),
        vector(24, 16, (8, 8), (1 << 30, -(1 << 30)), scale=1),
    ]
    motion = motion_grid(b"".join(records) + b"left over", 32, 24)
    assert motion.dx.tolist() == [[5, 5, 4, 7], [5, 5, 4, 0], [0, 0, 0, 1 << 14]]
    assert motion.dy.tolist() == [[-3, -3, 4, 7], [-3, -3, 4, 0], [0, 0, 0, -(1 << 14)]]
    assert motion.valid.tolist() == [[True] * 4, [True] * 3 + [False], [False] * 3 + [True]]


@given(st.binary(max_size=400), st.integers(1, 70), st.integers(1, 70))
def test_no_vectors_from_a_file_are_believed(records: bytes, width: int, height: int) -> None:
    motion = motion_grid(records, width, height)
    assert motion.dx.shape == cells(width, height)
    assert np.abs(motion.dx.astype(int)).max() <= 1 << 14


@pytest.mark.parametrize("place", [(-16, -16), (-32768, 0), (30000, 30000), (-8, 8), (60, 60)])
def test_vectors_of_blocks_outside_do_no_harm(place: tuple[int, int]) -> None:
    motion = motion_grid(vector(*place, (255, 255), (1, 1)), 64, 64)
    assert motion.valid.shape == (8, 8)


def quantizers(qp: int, blocks: list[tuple[int, int, int, int, int]], gap: int = 0) -> bytes:
    head = HEAD.pack(len(blocks), 0, HEAD.size + gap, BLOCK.size, 1, qp)
    return head + bytes(gap) + b"".join(BLOCK.pack(*each) for each in blocks)


@pytest.mark.parametrize("gap", [0, 3, 8])
def test_of_blocks_on_one_cell_the_smallest_counts(gap: int) -> None:
    blocks = [
        (0, 0, 8, 8, 3),
        (0, 0, 16, 16, 1),
        (16, 8, 8, 8, 500),
        (8, 0, 4, 4, -9),
        (8, 4, 4, 4, 2),
    ]
    record = quantizers(20, blocks, gap)
    grid = quantizer_grid(record, 32, 16)
    assert grid is not None and grid.tolist() == [[23, 22, 20, 20], [21, 21, 255, 20]]
    assert quantizer_grid(record[:-1], 32, 16) is None


@given(
    st.lists(st.tuples(*[st.integers(-(1 << 31), (1 << 31) - 1)] * 5), max_size=8),
    st.integers(-9, 300),
)
def test_no_quantizers_from_a_file_are_believed(blocks: list[Any], qp: int) -> None:
    grid = quantizer_grid(quantizers(qp, blocks), 75, 53)
    assert grid is not None and grid.shape == cells(75, 53)
