"""Modes of macroblocks, read from partitions that are written bit by bit."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.bitstream.vp8_bool_decoder import bytes_unread, new_reader, read_literal
from workers.bitstream.vp8_macroblocks import ALTREF, GOLDEN, INTRA, LAST, Grid, ModeProbabilities
from workers.bitstream.vp8_macroblocks import new_grid as blank
from workers.bitstream.vp8_modes import (
    COMPLETE,
    PAST_END,
    TOO_LONG,
    read_inter_modes,
    read_key_modes,
    skip_coefficient_updates,
)
from workers.bitstream.vp8_tables import (
    BLOCK_TREE,
    CHROMA_PROBABILITIES,
    CHROMA_TREE,
    COEFFICIENT_UPDATES,
    KEY_BLOCK_PROBABILITIES,
    KEY_CHROMA_PROBABILITIES,
    KEY_LUMA_PROBABILITIES,
    KEY_LUMA_TREE,
    LUMA_PROBABILITIES,
    VECTOR_CONTEXTS,
    VECTOR_PROBABILITIES,
)

from .test_vp8_bool_decoder import paths
from .vp8_writer import BoolWriter

MARK = 0b1011_0010
SUBBLOCKS = {0: 0, 1: 2, 2: 3, 3: 1}
"""B_DC_PRED, B_VE_PRED, B_HE_PRED and B_TM_PRED for DC, V, H and TM (section 11.3, item 4)."""


def probabilities(*, segments: bool = False, skips: bool = True) -> ModeProbabilities:
    return ModeProbabilities(
        has_segments=segments,
        has_skips=skips,
        segment=np.array([100, 90, 200], np.uint8),
        macroblock=np.array([180, 60, 128, 70], np.uint8),
        luma=LUMA_PROBABILITIES,
        chroma=CHROMA_PROBABILITIES,
        vector=VECTOR_PROBABILITIES,
        biases=np.zeros(4, np.bool_),
    )


def reader_of(out: BoolWriter, rest: bytes = b"") -> np.ndarray:
    return new_reader(np.frombuffer(out.finish(rest), np.uint8))


def leaf(
    out: BoolWriter, tree: np.ndarray, chances: np.ndarray, value: int, first: int = 0
) -> None:
    for bit, index in paths(tree)[value]:
        out.bool(bit, int(chances[first + index]))


@given(st.lists(st.tuples(st.integers(0, 1055), st.integers(0, 255)), max_size=20))
@settings(max_examples=40, deadline=None)
def test_updates_of_coefficients_are_read_over(updates: list[tuple[int, int]]) -> None:
    news = dict(updates)
    out = BoolWriter()
    for index, chance in enumerate(COEFFICIENT_UPDATES):
        out.bool(index in news, int(chance))
        if index in news:
            out.literal(news[index], 8)
    out.literal(MARK, 8)
    reader = reader_of(out)
    skip_coefficient_updates(reader)
    assert read_literal(reader, 8) == MARK


def write_key(out: BoolWriter, rows: int, columns: int, chance: random.Random) -> Grid:
    """Random macroblocks of a key frame; returns what a parser must find."""
    grid, used = blank(rows, columns), probabilities(segments=True)
    above = np.zeros(4 * columns, int)
    for row in range(rows):
        left = np.zeros(4, int)
        for column in range(columns):
            segment, skipped = chance.randrange(4), chance.random() < 0.3
            grid.segments[row, column], grid.skipped[row, column] = segment, skipped
            out.bool(segment >> 1, int(used.segment[0]))
            out.bool(segment & 1, int(used.segment[1 + (segment >> 1)]))
            out.bool(skipped, int(used.macroblock[0]))
            luma = chance.randrange(5)
            leaf(out, KEY_LUMA_TREE, KEY_LUMA_PROBABILITIES, luma)
            for block in range(16) if luma == 4 else ():
                y, x = block >> 2, 4 * column + (block & 3)
                mode = chance.randrange(10)
                first = 9 * (10 * above[x] + left[y])
                leaf(out, BLOCK_TREE, KEY_BLOCK_PROBABILITIES, mode, first)
                above[x] = left[y] = mode
            if luma < 4:
                above[4 * column : 4 * column + 4] = left[:] = SUBBLOCKS[luma]
            leaf(out, CHROMA_TREE, KEY_CHROMA_PROBABILITIES, chance.randrange(4))
    return grid


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (4, 1), (5, 7)])
@pytest.mark.parametrize("seed", range(3))
def test_a_key_frame_is_read_to_its_last_bit(size: tuple[int, int], seed: int) -> None:
    out, chance = BoolWriter(), random.Random(seed)
    expected = write_key(out, *size, chance)
    out.literal(MARK, 8)
    grid, reader = blank(*size), reader_of(out)
    grid.references[:] = ALTREF
    assert read_key_modes(reader, grid, probabilities(segments=True)) == COMPLETE
    # One wrong context, and all that follows is another picture.
    assert read_literal(reader, 8) == MARK
    assert np.array_equal(grid.segments, expected.segments)
    assert np.array_equal(grid.skipped, expected.skipped)
    assert (grid.references == INTRA).all()


def intra(out: BoolWriter, used: ModeProbabilities, *, skipped: bool = False) -> None:
    """DC_PRED in an interframe."""
    if used.has_skips:
        out.bool(skipped, int(used.macroblock[0]))
    out.bool(0, int(used.macroblock[1]))
    out.bool(0, int(used.luma[0]))
    out.bool(0, int(used.chroma[0]))


def zero(out: BoolWriter, used: ModeProbabilities, reference: int, weight: int) -> None:
    """MV_ZERO; ``weight`` is that of neighbours without motion."""
    if used.has_skips:
        out.bool(1, int(used.macroblock[0]))
    out.bool(1, int(used.macroblock[1]))
    out.bool(reference > LAST, int(used.macroblock[2]))
    if reference > LAST:
        out.bool(reference == ALTREF, int(used.macroblock[3]))
    out.bool(0, int(VECTOR_CONTEXTS[weight, 0]))


@pytest.mark.parametrize("skips", [True, False])
def test_references_and_skips_are_those_of_each_macroblock(skips: bool) -> None:
    used, out, grid = probabilities(skips=skips), BoolWriter(), blank(1, 4)
    zero(out, used, LAST, 0)
    zero(out, used, GOLDEN, 2)
    zero(out, used, ALTREF, 2)
    intra(out, used)
    assert read_inter_modes(reader_of(out), grid, used) == COMPLETE
    assert grid.references[1, 1:].tolist() == [LAST, GOLDEN, ALTREF, INTRA]
    assert grid.skipped.tolist() == [[skips, skips, skips, False]]
    assert not grid.vectors.any() and not grid.splits.any()


def test_a_frame_without_vectors_clears_those_of_the_frame_before() -> None:
    used, out, grid = probabilities(), BoolWriter(), blank(1, 2)
    grid.vectors[4:, 4:], grid.splits[1, 1:] = 9, True
    for _ in range(2):
        intra(out, used, skipped=True)
    assert read_inter_modes(reader_of(out), grid, used) == COMPLETE
    assert not grid.vectors.any() and not grid.splits.any()
    assert grid.skipped.all()


def test_segments_stay_where_a_frame_brings_no_map() -> None:
    grid = blank(1, 2)
    grid.segments[:] = [[3, 1]]
    for used in (probabilities(), probabilities(segments=True)):
        out = BoolWriter()
        for _ in range(2):
            if used.has_segments:
                out.bool(1, int(used.segment[0]))
                out.bool(0, int(used.segment[2]))
            intra(out, used)
        assert read_inter_modes(reader_of(out), grid, used) == COMPLETE
        assert grid.segments.tolist() == ([[2, 2]] if used.has_segments else [[3, 1]])


@pytest.mark.parametrize("read", [read_key_modes, read_inter_modes], ids=["key", "inter"])
def test_a_partition_that_ends_early_is_told(read: object) -> None:
    grid, used = blank(40, 40), probabilities(skips=True)
    # Bits of even chance, so that 1,600 macroblocks take more than there is.
    data = random.Random(1).randbytes(60)
    reader = new_reader(np.frombuffer(data, np.uint8))
    outcome = read(reader, grid, used)  # type: ignore[operator]
    assert outcome in (PAST_END, TOO_LONG) and bytes_unread(reader) < 0


@given(st.binary(max_size=300), st.integers(1, 6), st.integers(1, 6), st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_bits_are_some_modes(data: bytes, rows: int, columns: int, segments: bool) -> None:
    grid, used = blank(rows, columns), probabilities(segments=segments)
    outcome = read_inter_modes(new_reader(np.frombuffer(data, np.uint8)), grid, used)
    assert outcome in (COMPLETE, PAST_END, TOO_LONG)
    assert grid.references.max() <= ALTREF and grid.segments.max() <= 3
    assert np.abs(grid.vectors.astype(int)).max() <= 4 * 4096
    # The border stands for what lies outside of the picture.
    assert not grid.references[0].any() and not grid.references[:, 0].any()
    assert not grid.vectors[:4].any() and not grid.vectors[:, :4].any()
    for row, column in zip(*np.nonzero(grid.references[1:, 1:] == INTRA), strict=True):
        if outcome == COMPLETE:
            top, left = 4 + 4 * row, 4 + 4 * column
            assert not grid.vectors[top : top + 4, left : left + 4].any()
