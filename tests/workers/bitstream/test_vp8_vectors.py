"""Vectors: how they are coded, what their neighbours predict, and where they may lead."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.bitstream.vp8_bool_decoder import bytes_unread, new_reader
from workers.bitstream.vp8_macroblocks import GOLDEN, INTRA, LAST, Grid, new_grid
from workers.bitstream.vp8_tables import (
    COMPONENT,
    LONG,
    MV_NEAR,
    MV_NEAREST,
    MV_NEW,
    MV_ZERO,
    PIECE_PROBABILITIES,
    SHORT,
    SIXTEENTHS,
    SPLIT_PROBABILITIES,
    TOP_BOTTOM,
    VECTOR_PROBABILITIES,
    VECTOR_UPDATES,
)
from workers.bitstream.vp8_vectors import (
    clamp_vectors,
    find_near_vectors,
    read_split,
    read_whole,
    update_vector_probabilities,
)

from .vp8_writer import BoolWriter

CHANCES = VECTOR_PROBABILITIES
LIMIT = 4 * 4096
HERE = (4, 4)
"""The first block of the only macroblock of a grid."""


def written(write: Callable[[BoolWriter], None]) -> np.ndarray:
    """A reader of what was written."""
    out = BoolWriter()
    write(out)
    return new_reader(np.frombuffer(out.finish(), np.uint8))


def component(out: BoolWriter, value: int, first: int) -> None:
    """A coordinate of a vector (section 17.1), independently of the decoder."""
    size = abs(value)
    out.bool(size > 7, int(CHANCES[first]))
    if size > 7:
        for bit in (0, 1, 2, 9, 8, 7, 6, 5, 4):
            out.bool(size >> bit & 1, int(CHANCES[first + LONG + bit]))
        if size > 15:
            out.bool(size >> 3 & 1, int(CHANCES[first + LONG + 3]))
    else:
        # The tree of eight values: halves, then quarters, then pairs.
        high, middle = size >> 2, size >> 1 & 1
        out.bool(high, int(CHANCES[first + SHORT]))
        out.bool(middle, int(CHANCES[first + SHORT + 1 + 3 * high]))
        out.bool(size & 1, int(CHANCES[first + SHORT + 2 + 3 * high + middle]))
    if size:
        out.bool(value < 0, int(CHANCES[first + 1]))


def vector(out: BoolWriter, dy: int, dx: int) -> None:
    component(out, dy, 0)
    component(out, dx, COMPONENT)


def coded(dy: int, dx: int) -> np.ndarray:
    """A reader of that vector."""
    return written(lambda out: vector(out, dy, dx))


def near_of(best: tuple[int, int] = (0, 0)) -> np.ndarray:
    near = np.zeros((4, 2), np.int64)
    near[0] = best
    return near


@settings(max_examples=300, deadline=None)
@given(st.tuples(*[st.integers(-1023, 1023)] * 2), st.tuples(*[st.integers(-4000, 4000)] * 2))
def test_a_new_vector_is_added_to_the_best_one(
    change: tuple[int, int], best: tuple[int, int]
) -> None:
    reader, grid = coded(*change), new_grid(1, 1)
    assert read_whole(reader, grid.vectors, *HERE, CHANCES, near_of(best), MV_NEW)
    expected = np.add(best, change).tolist()
    assert (grid.vectors[4:8, 4:8] == expected).all()
    assert bytes_unread(reader) in (0, 1)


@pytest.mark.parametrize("value", [0, 1, 7, 8, 15, 16, 23, 24, 1022, 1023])
def test_short_and_long_numbers_meet_without_a_gap(value: int) -> None:
    for signed in {value, -value}:
        reader, grid = coded(signed, -signed), new_grid(1, 1)
        read_whole(reader, grid.vectors, *HERE, CHANCES, near_of(), MV_NEW)
        assert grid.vectors[4, 4].tolist() == [signed, -signed]


@pytest.mark.parametrize(
    ("mode", "found"),
    [(MV_ZERO, [0, 0]), (MV_NEAREST, [3, 4]), (MV_NEAR, [5, 6])],
)
def test_other_modes_take_what_the_neighbours_have(mode: int, found: list[int]) -> None:
    near = np.array([[1, 2], [3, 4], [5, 6], [7, 8]])
    grid, reader = new_grid(1, 1), written(lambda out: None)
    assert read_whole(reader, grid.vectors, *HERE, CHANCES, near, mode)
    assert (grid.vectors[4:, 4:] == found).all() and not grid.vectors[:4].any()


@pytest.mark.parametrize(("best", "change", "fits"), [(LIMIT - 9, 9, True), (LIMIT - 9, 10, False)])
def test_a_vector_over_the_limit_is_refused(best: int, change: int, fits: bool) -> None:
    for sign in (1, -1):
        reader = coded(0, sign * change)
        near = near_of((0, sign * best))
        assert read_whole(reader, new_grid(1, 1).vectors, *HERE, CHANCES, near, MV_NEW) == fits


def test_updates_of_probabilities_have_seven_bits_and_none_becomes_zero() -> None:
    news = {0: 0, 5: 127, 19: 1, 37: 64}

    def write(out: BoolWriter) -> None:
        for index, chance in enumerate(VECTOR_UPDATES):
            out.bool(index in news, int(chance))
            if index in news:
                out.literal(news[index], 7)

    changed = CHANCES.copy()
    update_vector_probabilities(written(write), changed)
    expected = CHANCES.copy()
    expected[[0, 5, 19, 37]] = 1, 254, 2, 128
    assert changed.tolist() == expected.tolist()


def neighbourhood(**vectors: tuple[int, int] | None) -> Grid:
    """A grid of 2x2 whose last macroblock is asked about; None: coded without a vector."""
    grid = new_grid(2, 2)
    places = {"above": (1, 2), "left": (2, 1), "corner": (1, 1)}
    for name, found in vectors.items():
        row, column = places[name]
        grid.references[row, column] = INTRA if found is None else LAST
        if found is not None:
            grid.vectors[4 * row : 4 * row + 4, 4 * column : 4 * column + 4] = found
    grid.references[2, 2] = LAST
    return grid


def surveyed(grid: Grid, biases: tuple[int, ...] = (0, 0, 0, 0)) -> tuple[list, list]:  # type: ignore[type-arg]
    near, counts = np.full((4, 2), 99, np.int64), np.full(4, 99, np.int64)
    find_near_vectors(grid, np.array(biases, np.bool_), 2, 2, near, counts)
    return near[:3].tolist(), counts.tolist()


A, B, C, ZERO = (4, -8), (12, 0), (0, 20), (0, 0)


@pytest.mark.parametrize(
    ("above", "left", "corner", "near", "counts"),
    [
        # Best, nearest, near; weights of zero, nearest, near and SPLITMV (section 16.3).
        (None, None, None, (ZERO, ZERO, ZERO), [0, 0, 0, 0]),
        (ZERO, ZERO, ZERO, (ZERO, ZERO, ZERO), [5, 0, 0, 0]),
        (A, None, None, (A, A, ZERO), [0, 2, 0, 0]),
        (A, A, A, (A, A, ZERO), [0, 5, 0, 0]),
        (A, B, None, (A, A, B), [0, 2, 2, 0]),
        (A, B, B, (B, B, A), [0, 3, 2, 0]),
        (A, B, A, (A, A, B), [0, 3, 2, 0]),
        (A, B, C, (A, A, B), [0, 2, 2, 0]),
        (A, ZERO, ZERO, (ZERO, A, ZERO), [3, 2, 0, 0]),
        (None, ZERO, A, (ZERO, A, ZERO), [2, 1, 0, 0]),
        (None, None, A, (A, A, ZERO), [0, 1, 0, 0]),
    ],
)
def test_three_neighbours_are_listed_by_their_weight(
    above: tuple[int, int] | None,
    left: tuple[int, int] | None,
    corner: tuple[int, int] | None,
    near: tuple[tuple[int, int], ...],
    counts: list[int],
) -> None:
    found = surveyed(neighbourhood(above=above, left=left, corner=corner))
    assert found == ([list(each) for each in near], counts)


def test_a_vector_of_the_other_sign_bias_is_turned_round() -> None:
    grid = neighbourhood(above=A, left=(-4, 8), corner=None)
    grid.references[1, 2] = GOLDEN
    assert surveyed(grid)[1] == [0, 2, 2, 0]
    near, counts = surveyed(grid, (0, 0, 1, 0))
    assert near[1] == [-4, 8] and counts == [0, 4, 0, 0]


def test_split_neighbours_count_for_the_last_weight_and_by_their_last_block() -> None:
    grid = neighbourhood(above=A, left=A, corner=A)
    grid.splits[1, 2] = grid.splits[1, 1] = True
    grid.vectors[4 + 3, 8 + 3] = B
    near, counts = surveyed(grid)
    assert near == [list(A), list(A), list(B)] and counts == [0, 3, 2, 3]


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([None, ZERO, A, B, C]), min_size=3, max_size=3),
    st.lists(st.booleans(), min_size=3, max_size=3),
)
def test_weights_are_those_of_all_neighbours_together(
    vectors: list[tuple[int, int] | None], splits: list[bool]
) -> None:
    grid = neighbourhood(above=vectors[0], left=vectors[1], corner=vectors[2])
    for place, is_split in zip(((1, 2), (2, 1), (1, 1)), splits, strict=True):
        grid.splits[place] = is_split
    near, counts = surveyed(grid)
    assert counts[1] >= counts[2] and max(counts) <= 5
    total = sum(w for v, w in zip(vectors, (2, 2, 1), strict=True) if v is not None)
    # A third vector that equals neither is listed nowhere.
    assert counts[0] + counts[1] + counts[2] in (total, total - 1)
    assert counts[3] == sum(w for s, w in zip(splits, (2, 2, 1), strict=True) if s)
    assert near[0] == (near[1] if counts[1] >= counts[0] else [0, 0])


@pytest.mark.parametrize("axis", [0, 1])
def test_predicted_vectors_lead_a_macroblock_out_of_the_picture_at_most(axis: int) -> None:
    near = np.full((4, 2), 10_000)
    near[1] = -10_000
    clamp_vectors(near, axis, 2, 6)
    # Two macroblocks before it and four behind it, and one more: quarters of 16 samples each.
    assert near[:, axis].tolist() == [64 * 5, -64 * 3, 64 * 5, 10_000]
    assert near[:, 1 - axis].tolist() == [10_000, -10_000, 10_000, 10_000]


def test_sixteen_pieces_each_take_the_context_of_their_neighbours() -> None:
    """All LEFT: the block to the left of the macroblock spreads over its row."""
    grid = new_grid(1, 1)
    grid.vectors[4:8, 3] = A
    table = PIECE_PROBABILITIES.reshape(5, 3)

    def write(out: BoolWriter) -> None:
        out.bool(0, int(SPLIT_PROBABILITIES[0]))
        for y in range(4):
            for _ in range(4):
                # Above: zero in the first row, the same vector as to the left in the others.
                out.bool(0, int(table[2 if y == 0 else 3, 0]))

    reader = written(write)
    assert read_split(reader, grid.vectors, *HERE, CHANCES, near_of())
    assert (grid.vectors[4:8, 4:8] == A).all() and bytes_unread(reader) in (0, 1)
    assert SIXTEENTHS == 3


def test_halves_take_a_new_vector_and_the_one_above() -> None:
    grid = new_grid(1, 1)
    table = PIECE_PROBABILITIES.reshape(5, 3)

    def write(out: BoolWriter) -> None:
        for bit, chance in zip((1, 1, TOP_BOTTOM), SPLIT_PROBABILITIES, strict=True):
            out.bool(bit, int(chance))
        # NEW: left and above are zero alike.
        for bit, chance in zip((1, 1, 1), table[4], strict=True):
            out.bool(bit, int(chance))
        vector(out, *A)
        # ABOVE: the left one is zero, the upper one the first piece's.
        for bit, chance in zip((1, 0), table[1], strict=False):
            out.bool(bit, int(chance))

    assert read_split(written(write), grid.vectors, *HERE, CHANCES, near_of(B))
    assert (grid.vectors[4:8, 4:8] == np.add(A, B)).all()


def test_a_piece_over_the_limit_is_refused() -> None:
    table = PIECE_PROBABILITIES.reshape(5, 3)

    def write(out: BoolWriter) -> None:
        out.bool(0, int(SPLIT_PROBABILITIES[0]))
        for chance in table[4]:
            out.bool(1, int(chance))
        vector(out, 10, 0)

    near = near_of((LIMIT - 9, 0))
    assert not read_split(written(write), new_grid(1, 1).vectors, *HERE, CHANCES, near)
