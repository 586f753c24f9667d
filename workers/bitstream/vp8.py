"""Parser of the first partition of VP8 frames (RFC 6386): motion, quantizers, references."""

from __future__ import annotations

import dataclasses
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from workers.bitstream.vp8_bool_decoder import bytes_unread
from workers.bitstream.vp8_header import (
    Buffer,
    FrameTag,
    Header,
    SavedProbabilities,
    Segmentation,
    parse_tag,
    read_header,
)
from workers.bitstream.vp8_macroblocks import Grid, fill_cells, new_grid
from workers.bitstream.vp8_modes import (
    COMPLETE,
    PAST_END,
    TOO_LONG,
    read_inter_modes,
    read_key_modes,
)
from workers.errors import BrokenUnit
from workers.kernels.jit import IS_COMPILED
from workers.media.frame_info import CodecInfo, MotionGrid, Source, cells

__all__ = ["Vp8Frame", "Vp8Parser", "warm_up"]

Cells = TypeVar("Cells", npt.NDArray[np.uint8], npt.NDArray[np.bool_])

_NO_PICTURE = -1
_REFUSALS = {
    PAST_END: "the first partition of a VP8 frame ends before its macroblocks",
    TOO_LONG: "a vector of a VP8 frame is longer than 4096 samples",
}

# A frame of one macroblock whose first partition is 64 bytes of zeros, which is a valid one.
_EMPTY_KEY = (64 << 5 | 0x10).to_bytes(3, "little") + b"\x9d\x01\x2a\x10\0\x10\0" + bytes(64)
_EMPTY_INTER = (64 << 5 | 0x11).to_bytes(3, "little") + bytes(64)


@dataclasses.dataclass(frozen=True, slots=True)
class Vp8Frame:
    """The side information of one VP8 frame."""

    info: CodecInfo
    width: int
    "Luma samples."
    height: int
    is_shown: bool
    "False for a frame that only fills buffers: the decoder gives no picture."
    skipped: npt.NDArray[np.bool_]
    "mb_skip_coeff of each macroblock of 16x16 samples: nothing but the prediction was coded."
    references: npt.NDArray[np.uint8]
    "Reference of each macroblock: 0 its own picture, 1 last, 2 golden, 3 altref."
    bytes_unread: int
    """Bytes of the first partition; few, and negative (to -2) where the decoder needs bits that the
    encoder left out because they are zero."""


class _Buffers:
    """The pictures that the reference buffers hold, by number (section 9.7)."""

    def __init__(self) -> None:
        # Index 0 is the picture itself, as references are numbered: it is never usable.
        self._held = [_NO_PICTURE] * 4
        self._newest = 0
        self._before = _NO_PICTURE

    def usable(self) -> npt.NDArray[np.bool_]:
        """Returns by reference: True where it holds the picture that was shown last."""
        return np.array(
            [held == self._before != _NO_PICTURE for held in self._held], dtype=np.bool_
        )

    def update(self, header: Header, *, is_shown: bool) -> None:
        """Applies a frame's changes to the buffers."""
        self._newest += 1
        _, last, golden, altref = self._held
        # Where both are copied, decoders differ in which golden gets, the old altref or the new.
        both = header.golden.copied_from == 2 and header.altref.copied_from != 0
        self._held = [
            _NO_PICTURE,
            self._newest if header.refreshes_last else last,
            self._after(header.golden, golden, last, _NO_PICTURE if both else altref),
            self._after(header.altref, altref, last, golden),
        ]
        # Motion is told against the picture that was shown last, whatever the reference buffers
        # hold.
        if is_shown:
            self._before = self._newest

    def _after(self, buffer: Buffer, held: int, last: int, other: int) -> int:
        # A copy of kind 3 is not defined: nobody can rely on what the buffer holds then.
        copied = (held, last, other, _NO_PICTURE)[buffer.copied_from]
        return self._newest if buffer.is_refreshed else copied


class Vp8Parser:
    """Follows one stream: frames in the order of decoding, all of them, hidden ones too. Used by
    one thread at a time.

    A frame that is refused leaves the parser without a state that the next ones could build on: all
    frames up to the next key frame are refused too. ``forget`` does the same for a frame that was
    lost.

    ``measure`` in ``tests/workers/bitstream/vp8_clips.py`` says what a frame takes.
    """

    is_compiled = IS_COMPILED
    """False where the loops run as plain Python, correct but too slow for live streams."""

    def __init__(self) -> None:
        self._grid = new_grid(0, 0)
        self._size = (0, 0)
        self._segmentation = Segmentation()
        self._saved = SavedProbabilities.default()
        self._buffers = _Buffers()
        self._is_ready = False

    @property
    def grid(self) -> Grid:
        """The last frame's macroblocks; the next one overwrites them."""
        return self._grid

    def forget(self) -> None:
        """A frame was lost, or not shown to this parser: refuses all up to the next key frame."""
        self._is_ready = False

    def parse(self, payload: bytes) -> Vp8Frame:
        """One frame. Raises BrokenUnit where it is malformed, truncated, or follows one that was
        refused without being a key frame.
        """
        # Not ready until the end: whatever is raised on the way, the next interframe is refused.
        was_ready, self._is_ready = self._is_ready, False
        tag = parse_tag(payload)
        if tag.is_key:
            self._begin(tag)
        elif not was_ready:
            raise BrokenUnit("a VP8 interframe without the frame before it")
        data = np.frombuffer(payload, dtype=np.uint8)
        header, reader = read_header(data, tag, self._segmentation, self._saved)
        read = read_key_modes if tag.is_key else read_inter_modes
        outcome = read(reader, self._grid, header.probabilities)
        if outcome != COMPLETE:
            raise BrokenUnit(_REFUSALS[outcome])
        frame = self._frame(tag, header, coded_bytes=len(payload), left=bytes_unread(reader))
        # The state changes only now that the whole frame was read: a refused one leaves no half of
        # its own.
        self._segmentation, self._saved = header.segmentation, header.saved
        self._buffers.update(header, is_shown=tag.is_shown)
        self._is_ready = True
        return frame

    def _begin(self, tag: FrameTag) -> None:
        if self._size != (tag.width, tag.height):
            self._size = (tag.width, tag.height)
            self._grid = new_grid(-(-tag.height // 16), -(-tag.width // 16))
        # A key frame without a map puts every macroblock into segment 0.
        self._grid.segments[:] = 0

    def _frame(self, tag: FrameTag, header: Header, *, coded_bytes: int, left: int) -> Vp8Frame:
        rows, columns = cells(*self._size)
        grid = self._grid
        q_index = header.segmentation.q_indices(header.q_index)[grid.segments]
        info = CodecInfo(
            is_key=tag.is_key,
            coded_bytes=coded_bytes,
            motion=None if tag.is_key else self._motion(rows, columns),
            qp=_on_cells(q_index, rows, columns),
            skipped=_on_cells(grid.skipped, rows, columns),
        )
        return Vp8Frame(
            info=info,
            width=self._size[0],
            height=self._size[1],
            is_shown=tag.is_shown,
            skipped=grid.skipped.copy(),
            # The grid is written again by the next frame, so results are copies.
            references=grid.references[1:, 1:].copy(),
            bytes_unread=left,
        )

    def _motion(self, rows: int, columns: int) -> MotionGrid:
        dx, dy = np.empty((2, rows, columns), np.int16)
        valid = np.empty((rows, columns), np.bool_)
        fill_cells(self._grid, self._buffers.usable(), dx, dy, valid)
        return MotionGrid(dx=dx, dy=dy, valid=valid, source=Source.BITSTREAM)


def _on_cells(macroblocks: Cells, rows: int, columns: int) -> Cells:
    """Each macroblock's value on its four cells, less those beyond the picture."""
    return macroblocks.repeat(2, axis=0).repeat(2, axis=1)[:rows, :columns].copy()


def warm_up() -> None:
    """Compiles all loops, or loads them, so that no stream waits for that: many seconds at the
    first call on a machine, then a fraction of one.
    """
    parser = Vp8Parser()
    parser.parse(_EMPTY_KEY)
    parser.parse(_EMPTY_INTER)
