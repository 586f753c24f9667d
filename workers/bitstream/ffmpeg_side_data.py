"""Codec information that FFmpeg's own decoders export beside a picture: motion vectors and
quantizers (``SideData`` of a codec's descriptor).

To be had with ``export_side_data=mvs+venc_params`` set before the first frame. What a file says
is believed nowhere: places outside the picture are left out, values are clipped.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from workers.kernels.jit import compiled
from workers.media.frame_info import CELL, ByteGrid, CodecInfo, MotionGrid, Source, cells

__all__ = ["EXPORT", "info_of_frame", "motion_grid", "quantizer_grid", "warm_up"]

EXPORT = {"export_side_data": "mvs+venc_params"}
"""Options of a decoder whose frames shall carry it."""

_HEADER = np.dtype(
    [
        ("blocks", "<u4"),
        ("_", "<u4"),
        ("offset", "<u8"),
        ("size", "<u8"),
        ("type", "<i4"),
        ("qp", "<i4"),
    ]
)
"""The head of AVVideoEncParams (FFmpeg, libavutil/video_enc_params.h) on 64-bit machines."""

_BLOCK = np.dtype([("x", "<i4"), ("y", "<i4"), ("w", "<i4"), ("h", "<i4"), ("delta", "<i4")])

_VECTOR = np.dtype(
    [
        ("source", "<i4"),
        ("w", "u1"),
        ("h", "u1"),
        ("src_x", "<i2"),
        ("src_y", "<i2"),
        ("x", "<i2"),
        ("y", "<i2"),
        ("flags", "<u8"),
        ("motion_x", "<i4"),
        ("motion_y", "<i4"),
        ("scale", "<u2"),
    ],
    align=True,
)
"""AVMotionVector (FFmpeg, libavutil/motion_vector.h); (x, y) is the middle of the block."""

_MAX_VECTOR = 1 << 14
"""Quarter samples that a vector may say."""


def info_of_frame(frame: Any, *, coded_bytes: int) -> CodecInfo:
    """Reads what an ``av.VideoFrame`` carries; grids are None where the frame carries nothing."""
    vectors = frame.side_data.get("MOTION_VECTORS")
    quantizers = frame.side_data.get("VIDEO_ENC_PARAMS")
    size = (frame.width, frame.height)
    motion, qp = None, None
    # A key frame is coded without the picture before it, so its vectors would tell nothing.
    if vectors is not None and not frame.key_frame:
        motion = motion_grid(bytes(vectors), *size)
    if quantizers is not None:
        qp = quantizer_grid(bytes(quantizers), *size)
    return CodecInfo(
        is_key=bool(frame.key_frame),
        coded_bytes=coded_bytes,
        motion=motion,
        qp=qp,
    )


def motion_grid(records: bytes, width: int, height: int) -> MotionGrid:
    """Returns the motion in FFmpeg's AVMotionVector records. A cell of several blocks takes the
    last one's vector; blocks predicted from the future are left out (live video has none).
    """
    grid = cells(width, height)
    dx, dy = np.zeros(grid, np.int16), np.zeros(grid, np.int16)
    valid = np.zeros(grid, np.bool_)
    # What is left over at the end is no whole record.
    count = len(records) // _VECTOR.itemsize
    _place_vectors(np.frombuffer(records, _VECTOR, count=count), dx, dy, valid)
    return MotionGrid(dx=dx, dy=dy, valid=valid, source=Source.BITSTREAM)


def quantizer_grid(params: bytes, width: int, height: int) -> ByteGrid | None:
    """Returns the quantizers in FFmpeg's AVVideoEncParams; None if it is shorter than it says.

    Without a list of blocks all cells have the frame's quantizer. Of blocks on one cell the
    smallest counts.
    """
    if len(params) < _HEADER.itemsize:
        return None
    head = np.frombuffer(params, _HEADER, count=1)[0]
    count, offset, size = (int(head[name]) for name in ("blocks", "offset", "size"))
    grid = np.full(cells(width, height), np.clip(head["qp"], 0, 255), np.uint8)
    if count == 0:
        return grid
    if size != _BLOCK.itemsize or offset + count * size > len(params):
        return None
    # A copy, which is aligned whatever the offset.
    blocks = np.frombuffer(params[offset : offset + count * size], _BLOCK)
    _place_quantizers(blocks, int(head["qp"]), np.full(grid.shape, 1 << 30, np.int32), grid)
    return grid


def warm_up() -> None:
    """Compiles the loops, or loads them."""
    motion_grid(b"", CELL, CELL)
    head = np.zeros(1, _HEADER)
    head["blocks"], head["offset"], head["size"] = 1, _HEADER.itemsize, _BLOCK.itemsize
    quantizer_grid(head.tobytes() + bytes(_BLOCK.itemsize), CELL, CELL)


@compiled
def _place_vectors(vectors: Any, dx: Any, dy: Any, valid: Any) -> None:
    rows, columns = dx.shape
    for index in range(vectors.shape[0]):
        each = vectors[index]
        # A negative source is a past picture; a scale of 0 would divide by zero.
        if each["source"] >= 0 or each["scale"] == 0:
            continue
        quarters = 4.0 / each["scale"]
        # Clipped before the conversion: a compiled conversion of a larger number to int16 would
        # wrap.
        x = min(max(np.rint(each["motion_x"] * quarters), -_MAX_VECTOR), _MAX_VECTOR)
        y = min(max(np.rint(each["motion_y"] * quarters), -_MAX_VECTOR), _MAX_VECTOR)
        wide, tall = int(each["w"]), int(each["h"])
        left = (int(each["x"]) - wide // 2) // 8
        top = (int(each["y"]) - tall // 2) // 8
        for row in range(max(top, 0), min(top + (tall + 7) // 8, rows)):
            for column in range(max(left, 0), min(left + (wide + 7) // 8, columns)):
                dx[row, column], dy[row, column] = int(x), int(y)
                valid[row, column] = True


@compiled
def _place_quantizers(blocks: Any, frame: int, sizes: Any, grid: ByteGrid) -> None:
    """Gives each cell the quantizer of the smallest block on it.

    ``sizes`` [rows, columns] is the width of the block that each cell's quantizer is from.
    """
    rows, columns = grid.shape
    for index in range(blocks.shape[0]):
        each = blocks[index]
        top, left = int(each["y"]) // 8, int(each["x"]) // 8
        # Floor division is no clipping: a negative index would count from the end of the grid.
        if top < 0 or left < 0:
            continue
        value = min(max(frame + int(each["delta"]), 0), 255)
        bottom = min(top + max(int(each["h"]) // 8, 1), rows)
        right = min(left + max(int(each["w"]) // 8, 1), columns)
        for row in range(top, bottom):
            for column in range(left, right):
                # Blocks of several sizes may cover one cell; the smallest tells most about it.
                if each["w"] <= sizes[row, column]:
                    sizes[row, column] = each["w"]
                    grid[row, column] = value
