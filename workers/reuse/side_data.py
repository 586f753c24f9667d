"""Codec information that FFmpeg's own decoders export beside a picture: H.264 vectors and
quantizers, VP9 quantizers.

To be had with ``export_side_data=mvs+venc_params`` set before the first frame. Read as one numpy
view each; blocks are never walked in Python.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from workers.reuse.codec_info import CELL, ByteGrid, CodecInfo, MotionGrid, Source, cells

__all__ = ["EXPORT", "info_of_frame", "motion_grid", "quantizer_grid"]

EXPORT = {"export_side_data": "mvs+venc_params"}
"""Options of a decoder whose frames shall carry it."""

_HEADER = np.dtype(
    [("blocks", "<u4"), ("_", "<u4"), ("offset", "<u8"), ("size", "<u8"), ("type", "<i4"),
     ("qp", "<i4")]
)  # fmt: skip
"""The head of AVVideoEncParams (FFmpeg, libavutil/video_enc_params.h) on 64-bit machines."""

_BLOCK = np.dtype([("x", "<i4"), ("y", "<i4"), ("w", "<i4"), ("h", "<i4"), ("delta", "<i4")])


def info_of_frame(frame: Any, source: Source, *, coded_bytes: int) -> CodecInfo:
    """Of an ``av.VideoFrame`` of H.264 or VP9; grids are None where the frame carries nothing."""
    vectors = frame.side_data.get("MOTION_VECTORS")
    quantizers = frame.side_data.get("VIDEO_ENC_PARAMS")
    size = (frame.width, frame.height)
    motion, qp = None, None
    if vectors is not None and not frame.key_frame:
        motion = motion_grid(vectors.to_ndarray(), *size, source)
    if quantizers is not None:
        qp = quantizer_grid(np.frombuffer(quantizers, np.uint8), *size)
    return CodecInfo(
        is_key=bool(frame.key_frame),
        coded_bytes=coded_bytes,
        motion=motion,
        qp=qp,
        qp_source=Source.NONE if qp is None else source,
    )


def motion_grid(vectors: npt.NDArray[Any], width: int, height: int, source: Source) -> MotionGrid:
    """From FFmpeg's AVMotionVector records. A cell of several blocks takes the last one's vector;
    blocks predicted from the future are left out (live video has none).
    """
    rows, columns = cells(width, height)
    dx, dy = (np.zeros((rows, columns), np.int16) for _ in range(2))
    valid = np.zeros((rows, columns), np.bool_)
    past = vectors[(vectors["source"] < 0) & (vectors["motion_scale"] > 0)]
    quarters = 4.0 / past["motion_scale"]
    x, y = (
        np.clip(np.rint(past[name] * quarters), -(1 << 14), 1 << 14).astype(np.int16)
        for name in ("motion_x", "motion_y")
    )
    wide, tall = past["w"].astype(np.int32), past["h"].astype(np.int32)
    left = (past["dst_x"].astype(np.int32) - wide // 2) // CELL
    top = (past["dst_y"].astype(np.int32) - tall // 2) // CELL
    for down in range(int(tall.max(initial=0) + CELL - 1) // CELL):
        for across in range(int(wide.max(initial=0) + CELL - 1) // CELL):
            row, column = top + down, left + across
            inside = (
                (down * CELL < tall) & (across * CELL < wide)
                & (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
            )  # fmt: skip
            place = row[inside], column[inside]
            dx[place], dy[place], valid[place] = x[inside], y[inside], True
    return MotionGrid(dx=dx, dy=dy, valid=valid, source=source)


def quantizer_grid(params: npt.NDArray[np.uint8], width: int, height: int) -> ByteGrid | None:
    """From FFmpeg's AVVideoEncParams; None if the record is shorter than it says. Without a list of
    blocks all cells have the frame's quantizer.
    """
    if params.size < _HEADER.itemsize:
        return None
    head = params[: _HEADER.itemsize].view(_HEADER)[0]
    count, offset, size = (int(head[name]) for name in ("blocks", "offset", "size"))
    grid = np.full(cells(width, height), np.clip(head["qp"], 0, 255), np.uint8)
    if count == 0:
        return grid
    if size != _BLOCK.itemsize or offset + count * size > params.size:
        return None
    blocks = params[offset : offset + count * size].view(_BLOCK)
    quantizers = np.clip(head["qp"] + blocks["delta"], 0, 255).astype(np.uint8)
    # Largest first, so that none is hidden; there are few different sizes.
    for side in np.unique(blocks["w"])[::-1]:
        group = blocks["w"] == side
        _fill(grid, blocks[group], quantizers[group])
    return grid


def _fill(grid: ByteGrid, blocks: npt.NDArray[Any], values: ByteGrid) -> None:
    rows, columns = grid.shape
    row, column = blocks["y"] // CELL, blocks["x"] // CELL
    for down in range(max(1, int(blocks["h"].max()) // CELL)):
        for across in range(max(1, int(blocks["w"].max()) // CELL)):
            inside = (
                ((down == 0) | (down * CELL < blocks["h"]))
                & (row >= 0) & (row + down < rows) & (column >= 0) & (column + across < columns)
            )  # fmt: skip
            grid[row[inside] + down, column[inside] + across] = values[inside]
