"""Frames that no encoder writes: every header, every mode, held against what FFmpeg decodes."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter

import numpy as np
import numpy.typing as npt
import pytest

from media.codec import Codec
from workers.bitstream.vp8 import Vp8Frame, Vp8Parser
from workers.bitstream.vp8_macroblocks import Grid
from workers.bitstream.vp8_tables import VECTOR_CONTEXTS
from workers.decode.decoder import UnitDecoder
from workers.errors import BrokenUnit

from . import vp8_writer as writer
from .vp8_clips import Luma, busy, coded, decoded
from .vp8_writer import BoolWriter, Header, Segments

WIDTH, HEIGHT = 128, 96
TREE = (100, 90, 200)
KEY = Header(is_key=True)
CROWD = 16
"""Macroblocks of a picture of 64x64."""

# Section 18.3, at quarters of a sample.
TAPS = np.array(
    [[0, 0, 128, 0, 0, 0], [2, -11, 108, 36, -8, 1], [3, -16, 77, 77, -16, 3],
     [1, -8, 36, 108, -11, 2]]
)  # fmt: skip


def _fetched(plane: Luma, y: int, x: int, dy: int, dx: int, side: int) -> npt.NDArray[np.int64]:
    """A block predicted from that plane (section 18)."""
    height, width = plane.shape
    rows = np.clip(np.arange(side + 5) + y + (dy >> 2) - 2, 0, height - 1)
    columns = np.clip(np.arange(side + 5) + x + (dx >> 2) - 2, 0, width - 1)
    block = plane[np.ix_(rows, columns)].astype(np.int64)
    for taps in (TAPS[dx & 3], TAPS[dy & 3]):
        length = block.shape[1] - 5
        rounding = np.full((len(block), length), 64)
        block = sum((taps[k] * block[:, k : k + length] for k in range(6)), rounding) >> 7
        block = np.clip(block, 0, 255).T
    return block


def _predicted(plane: Luma, grid: Grid, row: int, column: int) -> npt.NDArray[np.int64]:
    """A macroblock by the vectors that were read."""
    top, left = 4 + 4 * row, 4 + 4 * column
    vectors = grid.vectors[top : top + 4, left : left + 4].astype(int)
    if not grid.splits[1 + row, 1 + column]:
        dy, dx = vectors[0, 0]
        return _fetched(plane, 16 * row, 16 * column, dy, dx, 16)
    return np.block(
        [
            [
                _fetched(
                    plane,
                    16 * row + 4 * y,
                    16 * column + 4 * x,
                    vectors[y, x, 0],
                    vectors[y, x, 1],
                    4,
                )
                for x in range(4)
            ]
            for y in range(4)
        ]
    )


def _any_header(chance: random.Random) -> Header:
    refreshes = chance.random() < 0.3, chance.random() < 0.3
    to_golden = chance.choice((0, 0, 1, 2))
    return Header(
        segments=chance.choice(
            (None, Segments(), Segments(tree=TREE), Segments((0, 1, -2, 3), tree=TREE))
        ),
        partitions=chance.randrange(4),
        refresh_golden=refreshes[0],
        refresh_altref=refreshes[1],
        copy_to_golden=to_golden,
        # Decoders differ in what a golden buffer gets from an altref buffer that is copied too.
        copy_to_altref=0 if to_golden == 2 else chance.choice((0, 0, 1, 2)),
        bias_golden=chance.random() < 0.5,
        bias_altref=chance.random() < 0.5,
        keeps_probabilities=chance.random() < 0.6,
        refresh_last=chance.random() < 0.7,
        skip=chance.randrange(4),
        intra=chance.choice((0, 1, 5)),
        last=chance.choice((60, 128, 200)),
        golden=chance.choice((60, 128)),
        luma=chance.choice((None, (10, 20, 30, 40))),
        chroma=chance.choice((None, (99, 88, 77))),
        vectors={
            (chance.randrange(2), chance.randrange(19)): chance.randrange(128)
            for _ in range(chance.choice((0, 3)))
        },
    )


def _held_after(header: Header, held: list[int], newest: int) -> list[int]:
    """Which picture the last, golden and altref buffers hold (section 9.7)."""
    last, golden, altref = held
    return [
        newest if header.refresh_last else last,
        newest if header.refresh_golden else (golden, last, altref)[header.copy_to_golden],
        newest if header.refresh_altref else (altref, last, golden)[header.copy_to_altref],
    ]


def _check_motion(frame: Vp8Frame, grid: Grid, held: list[int], previous: int) -> None:
    """Valid where the buffer holds the previous picture; the vector is one of the cell's."""
    motion = frame.info.motion
    assert motion is not None
    usable = np.array([False, *(picture == previous for picture in held)])
    expected = usable[frame.references].repeat(2, axis=0).repeat(2, axis=1)
    assert np.array_equal(motion.valid, expected)
    for row, column in zip(*np.nonzero(motion.valid), strict=True):
        four = grid.vectors[4 + 2 * row :, 4 + 2 * column :][:2, :2].reshape(4, 2).astype(int)
        found = np.array([motion.dy[row, column], motion.dx[row, column]])
        sums = [np.abs(four - vector).sum() for vector in four]
        assert np.abs(four - found).sum() == min(sums)
    assert not motion.dx[~motion.valid].any()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_modes_and_vectors_predict_what_the_decoder_shows(seed: int) -> None:
    """Macroblocks of random bits are valid ones, and without residue or loop filter the picture is
    nothing but the prediction.
    """
    chance = random.Random(seed)
    parser, decoder = Vp8Parser(), UnitDecoder(Codec.VP8)
    (key,) = coded(busy(1, WIDTH, HEIGHT), {"qmin": "4", "qmax": "20"}, kbps=4000)
    pictures: list[Luma] = []
    held = [0, 0, 0]
    checked: Counter[tuple[bool, int]] = Counter()
    for index in range(24):
        header = None if index % 8 == 0 else _any_header(chance)
        unit = key
        if header is not None:
            first = writer.begin(header).finish_at_random(chance, 5000)
            unit = writer.frame(header, first, bytes(4000))
        frame, now = parser.parse(unit), decoded(decoder, unit)
        assert now is not None
        pictures.append(now)
        if header is None:
            held = [index] * 3
            continue
        grid = parser.grid
        for row, column in zip(*np.nonzero(frame.skipped & (frame.references > 0)), strict=True):
            reference = int(frame.references[row, column])
            block = _predicted(pictures[held[reference - 1]], grid, row, column)
            shown = now[16 * row : 16 * row + 16, 16 * column : 16 * column + 16]
            assert np.array_equal(block, shown), (index, row, column)
            checked[bool(grid.splits[1 + row, 1 + column]), reference] += 1
        _check_motion(frame, grid, held, index - 1)
        held = _held_after(header, held, index)
    assert len(checked) == 6
    assert min(checked.values()) > 20


def _segmented(header: Header, ids: list[int] | None) -> bytes:
    """A frame of 64x64 without vectors, its macroblocks in those segments."""
    out = writer.begin(header)
    for index in range(CROWD):
        if ids is not None:
            writer.segment(out, ids[index], TREE)
        writer.intra(out, header)
    return writer.frame(header, out.finish())


def _quantizers(parser: Vp8Parser, unit: bytes) -> list[int]:
    qp = parser.parse(unit).info.qp
    assert qp is not None
    assert np.array_equal(qp[0::2, 0::2].repeat(2, axis=0).repeat(2, axis=1), qp)
    return [int(value) for value in qp[0::2, 0::2].reshape(-1)]


def test_segments_resolve_to_a_quantizer_for_each_macroblock_and_stay() -> None:
    parser = Vp8Parser()
    ids = [index % 4 for index in range(CROWD)]
    deltas = Segments((0, 5, -30, 127), tree=TREE)
    absolute = Segments((1, 2, 3, 127), is_absolute=True)
    inter = Header(q_index=20)

    first = _segmented(dataclasses.replace(KEY, segments=deltas), ids)
    assert _quantizers(parser, first) == [20, 25, 0, 127] * 4
    # Neither a map nor values: both stay, the base is the frame's.
    unit = _segmented(dataclasses.replace(inter, segments=Segments(), q_index=40), None)
    assert _quantizers(parser, unit) == [40, 45, 10, 127] * 4
    assert _quantizers(parser, _segmented(inter, None)) == [20] * CROWD
    # Switched off and on again.
    unit = _segmented(dataclasses.replace(inter, segments=absolute), None)
    assert _quantizers(parser, unit) == [1, 2, 3, 127] * 4
    unit = _segmented(dataclasses.replace(inter, segments=Segments(tree=TREE)), ids[::-1])
    assert _quantizers(parser, unit) == [127, 3, 2, 1] * 4
    # A key frame forgets values and map.
    unit = _segmented(dataclasses.replace(KEY, segments=Segments()), None)
    assert _quantizers(parser, unit) == [20] * CROWD
    unit = _segmented(dataclasses.replace(inter, segments=deltas), ids)
    assert _quantizers(parser, unit) == [20, 25, 0, 127] * 4


def test_skip_flags_are_those_of_the_macroblocks() -> None:
    parser = Vp8Parser()
    parser.parse(_segmented(KEY, None))
    header = Header()
    flags = [index % 3 == 0 for index in range(CROWD)]
    out = writer.begin(header)
    for flag in flags:
        writer.intra(out, header, skipped=flag)
    frame = parser.parse(writer.frame(header, out.finish()))
    assert frame.skipped.reshape(-1).tolist() == flags
    assert frame.info.skipped is not None
    assert frame.info.skipped[1::2, 1::2].reshape(-1).tolist() == flags
    frame = parser.parse(_segmented(Header(skip=None), None))
    assert not frame.skipped.any()


def _still(header: Header, reference: int) -> bytes:
    """A frame of 64x64 that is one of the buffers as it stands (1 last, 2 golden, 3 altref)."""
    out = writer.begin(header)
    assert header.skip is not None
    for index in range(CROWD):
        row, column = divmod(index, 4)
        out.bool(1, header.skip)
        out.bool(1, header.intra)
        out.bool(reference > 1, header.last)
        if reference > 1:
            out.bool(reference == 3, header.golden)
        weight = 2 * (row > 0) + 2 * (column > 0) + (row > 0 and column > 0)
        out.bool(0, int(VECTOR_CONTEXTS[weight, 0]))
    return writer.frame(header, out.finish())


KEEP = Header(refresh_last=False)
"""Changes no buffer."""


@pytest.mark.parametrize(
    ("headers", "usable"),
    [
        ([Header()], {1}),
        ([Header(refresh_golden=True)], {1, 2}),
        ([Header(refresh_golden=True, refresh_altref=True, refresh_last=False)], {2, 3}),
        ([KEEP], set()),
        ([Header(), KEEP], set()),
        # The last buffer's copy is made of what it held before the frame.
        ([Header(), Header(copy_to_golden=1)], {1}),
        ([Header(is_shown=False)], {2, 3}),
        ([Header(), Header(is_shown=False, refresh_altref=True, refresh_last=False)], {1}),
        ([Header(), Header(is_shown=False, copy_to_golden=1)], {2}),
        ([Header(), Header(is_shown=False, copy_to_golden=1, copy_to_altref=1)], {2, 3}),
        (
            [
                Header(refresh_golden=True),
                Header(is_shown=False, copy_to_altref=2),
                Header(is_shown=False, refresh_golden=True),
            ],
            {3},
        ),
        # Decoders differ in which copy is made first.
        (
            [
                Header(refresh_altref=True),
                Header(is_shown=False, copy_to_golden=2, copy_to_altref=1),
            ],
            {3},
        ),
        ([Header(), Header(is_shown=False, copy_to_golden=3)], set()),
    ],
)
def test_motion_is_valid_just_where_a_buffer_holds_the_picture_shown_last(
    headers: list[Header], usable: set[int]
) -> None:
    for reference in (1, 2, 3):
        parser = Vp8Parser()
        parser.parse(_segmented(KEY, None))
        for header in headers:
            # Macroblocks without vectors: the frame is a new picture.
            parser.parse(_segmented(header, None))
        motion = parser.parse(_still(KEEP, reference)).info.motion
        assert motion is not None
        assert motion.valid.all() == motion.valid.any() == (reference in usable)
        assert not motion.dx.any() and not motion.dy.any()


def test_a_hidden_frame_gives_no_picture_and_says_so() -> None:
    parser, decoder = Vp8Parser(), UnitDecoder(Codec.VP8)
    for header in (KEY, Header(is_shown=False), Header()):
        unit = _segmented(header, None)
        assert parser.parse(unit).is_shown == header.is_shown
        assert (decoded(decoder, unit) is not None) == header.is_shown


def test_a_hidden_key_frame_is_no_previous_picture() -> None:
    parser = Vp8Parser()
    parser.parse(_segmented(KEY, None))
    parser.parse(_segmented(dataclasses.replace(KEY, is_shown=False), None))
    motion = parser.parse(_still(Header(), 1)).info.motion
    assert motion is not None and not motion.valid.any()
    motion = parser.parse(_still(Header(), 1)).info.motion
    assert motion is not None and motion.valid.all()


def _write_new_vector(out: BoolWriter, header: Header, *, first: bool) -> None:
    """MV_NEW in the top row, by 0 rows and 1023 quarter samples more than the one to the left."""
    assert header.skip is not None
    out.bool(1, header.skip)
    out.bool(1, header.intra)
    out.bool(0, header.last)
    counts = (0, 0, 0, 0) if first else (0, 2, 0, 0)
    for index, bit in enumerate((1, 1, 1, 0)):
        out.bool(bit, int(VECTOR_CONTEXTS[counts[index], index]))
    for chance in (162, 225, 146, 172):
        out.bool(0, chance)
    for chance in (164, 128, 130, 130, 254, 254, 236, 203, 180, 148, 74):
        out.bool(1, chance)
    out.bool(0, 128)


def test_vectors_over_the_limit_are_refused() -> None:
    wide = dataclasses.replace(KEY, width=8192, height=16)
    key = writer.begin(wide)
    for _ in range(512):
        writer.intra(key, wide)
    for count, is_fine in ((16, True), (17, False)):
        parser = Vp8Parser()
        parser.parse(writer.frame(wide, key.finish()))
        header = Header()
        out = writer.begin(header)
        for index in range(count):
            _write_new_vector(out, header, first=index == 0)
        for _ in range(512 - count):
            writer.intra(out, header)
        unit = writer.frame(header, out.finish())
        if is_fine:
            motion = parser.parse(unit).info.motion
            assert motion is not None
            assert motion.dx[0, 0:32:2].tolist() == [1023 * (n + 1) for n in range(16)]
        else:
            with pytest.raises(BrokenUnit, match="longer than 4096 samples"):
                parser.parse(unit)


def _empty(**changes: object) -> bytes:
    return _segmented(dataclasses.replace(KEY, **changes), None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("unit", "reason"),
    [
        (b"", "no tag"),
        (b"\x10\x00", "no tag"),
        (_empty(version=4), "version 4"),
        (_empty()[:9], "ends before byte"),
        (_empty()[:20], "ends before byte"),
        (_empty().replace(b"\x9d\x01\x2a", b"\x9d\x01\x2b"), "start code"),
        (_empty(width=0), "0x64 is no picture size"),
        (_empty(height=8193), "64x8193 is no picture size"),
        (_empty(partitions=3)[: -8 * 64 - 1], "the sizes of its partitions"),
        (_empty(partitions=1)[:-65], "its last partition"),
        (writer.frame(KEY, writer.begin(KEY).finish()[:3]), "before its macroblocks"),
        (_empty(width=1280, height=1280, skip=1), "before its macroblocks"),
    ],
    ids=range(12),
)
def test_malformed_frames_are_refused_with_the_reason(unit: bytes, reason: str) -> None:
    parser = Vp8Parser()
    with pytest.raises(BrokenUnit, match=reason):
        parser.parse(unit)
    with pytest.raises(BrokenUnit, match="without the frame before it"):
        parser.parse(_still(Header(), 1))


def test_an_encoder_may_leave_out_two_bytes_of_zeros_at_the_end() -> None:
    header = Header()
    out = writer.begin(header)
    for _ in range(CROWD):
        writer.intra(out, header, skipped=False)
    first = out.finish()
    assert first.endswith(bytes(4))
    for shorter in range(4):
        parser = Vp8Parser()
        parser.parse(_segmented(KEY, None))
        unit = writer.frame(header, first[: len(first) - shorter])
        if shorter < 3:
            frame = parser.parse(unit)
            assert frame.bytes_unread == -shorter
            assert not frame.references.any() and not frame.skipped.any()
        else:
            with pytest.raises(BrokenUnit, match="before its macroblocks"):
                parser.parse(unit)
