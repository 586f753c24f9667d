"""Contexts rise with what they go by, and stay within the models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from workers.team.residual_codec import MAX_QUALITY, make_tables
from workers.team.residual_contexts import (
    BUCKETS,
    CLASSES,
    MAX_KEPT,
    MAX_LEVEL,
    MAX_SUM,
    MAX_UNARY,
    MODELS,
    activity_root,
    coded_model,
    expected_bucket,
    first_bucket,
    is_one_model,
    locate,
    more_model,
    no_levels,
    note,
    place_in_block,
    restored,
    unary_model,
    zero_model,
)

TABLES = make_tables(14)


def plain(blocks: int, value: int = 0) -> Any:
    return np.full((blocks, 64), value, np.int32)


def test_each_bit_has_a_model_of_its_own() -> None:
    first_of_class = [int(np.argmax(TABLES.classes == each)) for each in range(CLASSES)]
    zeros = [zero_model(TABLES, k, b) for k in first_of_class for b in range(BUCKETS)]
    ones = {is_one_model(TABLES, k, b) for k in first_of_class for b in range(BUCKETS)}
    more = {more_model(place, b) for place in range(63) for b in range(BUCKETS)}
    coded = [coded_model(b) for b in range(BUCKETS)]
    unary = {unary_model(b, n) for b in range(BUCKETS) for n in range(MAX_UNARY)}
    groups = [set(zeros), ones, more, set(coded), unary]
    assert len(set(zeros)) == len(zeros) == CLASSES * BUCKETS
    assert sum(map(len, groups)) == MODELS == len(set.union(*groups))
    assert set.union(*groups) == set(range(MODELS))


def test_neighbours_in_a_block_are_apart_from_those_beyond_its_edges() -> None:
    places = {place_in_block(k) for k in range(64)}
    assert len(places) == 64
    # Two steps from any coefficient lie within the 12 rows of 12, and never wrap onto another one.
    for k in range(64):
        u, v = k >> 3, k & 7
        for across, down in ((0, 1), (0, -1), (2, 0), (-2, 0), (1, -1)):
            at = place_in_block(k) + 12 * across + down
            assert 0 <= at < 144
            inside = 0 <= u + across < 8 and 0 <= v + down < 8
            assert (at in places) == inside


def test_more_is_expected_where_the_plain_picture_has_more() -> None:
    for k in (1, 9, 40):
        found = []
        for magnitude in (0, 40, 400, 4000):
            block = locate(0, 1, plain(1, magnitude), TABLES, no_levels(1))
            found.append(expected_bucket(TABLES, k, plain(1, -magnitude), block, no_levels(1)))
        assert found == sorted(found) and found[-1] > found[0]


def test_more_is_expected_beside_levels() -> None:
    seen = no_levels(4)
    before = locate(3, 2, plain(4, 60), TABLES, seen)
    quiet = expected_bucket(TABLES, 2, plain(4, 60), before, seen)
    for number in (1, 2):
        note(seen, number, 2, 3)
        seen.around[:] = 0
    block = locate(3, 2, plain(4, 60), TABLES, seen)
    assert block[:4] == (3, 1, 2, 6)
    assert block[4] > before[4]
    assert expected_bucket(TABLES, 2, plain(4, 60), block, seen) > quiet


def test_blocks_at_the_edges_have_nothing_beside_them() -> None:
    seen = no_levels(6)
    for number in range(6):
        note(seen, number, 5, 2)
    outside = 6
    assert locate(0, 3, plain(6), TABLES, seen)[1:4] == (outside, outside, 0)
    assert locate(2, 3, plain(6), TABLES, seen)[1:4] == (outside, 1, 2)
    assert locate(3, 3, plain(6), TABLES, seen)[1:4] == (0, outside, 2)
    assert locate(5, 3, plain(6), TABLES, seen)[1:4] == (2, 4, 4)


def test_large_levels_are_noted_within_bounds() -> None:
    seen = no_levels(1)
    for k in range(64):
        note(seen, 0, k, MAX_LEVEL)
    assert seen.kept[0].max() == MAX_KEPT and seen.totals[0] == MAX_SUM


@pytest.mark.parametrize("quality", [0, 7, MAX_QUALITY])
def test_any_input_has_a_bucket(quality: int) -> None:
    tables = make_tables(quality)
    for value in (0, 1 << 15, -(1 << 26)):
        seen = no_levels(4)
        for number in (1, 2, 3):
            for k in range(64):
                note(seen, number, k, MAX_LEVEL)
        block = locate(3, 2, plain(4, value), tables, seen)
        assert 0 <= activity_root(tables, plain(4, value), 3) <= tables.roots[-1]
        assert 0 <= block[4] < BUCKETS
        for k in range(64):
            assert 0 <= expected_bucket(tables, k, plain(4, value), block, seen) < BUCKETS


def test_a_block_beside_full_ones_is_expected_to_have_levels() -> None:
    assert first_bucket(TABLES, 0, MAX_SUM) > first_bucket(TABLES, 0, 0)


def test_levels_stand_for_less_than_their_middle() -> None:
    for step in (20, 64, 640):
        assert [restored(level, step) < level * step for level in (1, 2, 9)] == [True] * 3
        assert restored(1, step) > step / 2
