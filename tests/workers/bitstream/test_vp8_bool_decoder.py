"""The bool decoder against the encoder of the tests: every bit comes back, at any probability."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.bitstream.vp8_bool_decoder import (
    SLACK,
    bytes_unread,
    is_past_end,
    new_reader,
    read_bool,
    read_literal,
    read_tree,
)
from workers.bitstream.vp8_tables import BLOCK_PROBABILITIES, BLOCK_TREE, SHORT_TREE

from .vp8_writer import EVEN, BoolWriter

BITS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 255)), max_size=300)


def reader_of(data: bytes) -> np.ndarray:
    return new_reader(np.frombuffer(data, np.uint8))


@settings(deadline=None)
@given(BITS)
def test_every_bit_comes_back_whatever_its_probability(bits: list[tuple[int, int]]) -> None:
    out = BoolWriter()
    for bit, probability in bits:
        out.bool(bit, probability)
    reader = reader_of(out.finish())
    assert [read_bool(reader, probability) for _, probability in bits] == [bit for bit, _ in bits]
    assert not is_past_end(reader)


@settings(deadline=None)
@given(BITS)
def test_no_more_bytes_are_read_than_the_encoder_needed(bits: list[tuple[int, int]]) -> None:
    out = BoolWriter()
    for bit, probability in bits:
        out.bool(bit, probability)
    data = out.finish()
    reader = reader_of(data)
    for _, probability in bits:
        read_bool(reader, probability)
        assert 128 <= reader[3] <= 255, "the range of section 7.3"
        assert 0 <= bytes_unread(reader) <= len(data)
    assert bytes_unread(reader) <= 1


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 14), st.integers(0, (1 << 14) - 1)), max_size=40))
def test_literals_have_their_highest_bit_first(values: list[tuple[int, int]]) -> None:
    out, kept = BoolWriter(), [(count, value % (1 << count)) for count, value in values]
    for count, value in kept:
        out.literal(value, count)
    reader = reader_of(out.finish())
    assert [read_literal(reader, count) for count, _ in kept] == [value for _, value in kept]
    assert read_literal(reader, 0) == 0


def paths(tree: np.ndarray, node: int = 0) -> dict[int, list[tuple[int, int]]]:
    """The bits that lead to each leaf, each with the index of its probability."""
    found: dict[int, list[tuple[int, int]]] = {}
    for bit in (0, 1):
        step, entry = (bit, node >> 1), int(tree[node + bit])
        if entry > 0:
            found |= {leaf: [step, *rest] for leaf, rest in paths(tree, entry).items()}
        else:
            found[-entry] = [step]
    return found


@pytest.mark.parametrize("first", [0, 3])
@pytest.mark.parametrize("tree", [BLOCK_TREE, SHORT_TREE], ids=["block", "short"])
def test_a_tree_gives_the_leaf_that_its_bits_lead_to(tree: np.ndarray, first: int) -> None:
    probabilities = np.concatenate([np.full(first, 7, np.uint8), BLOCK_PROBABILITIES])
    leaves = paths(tree)
    out = BoolWriter()
    for leaf in leaves:
        for bit, index in leaves[leaf]:
            out.bool(bit, int(probabilities[first + index]))
    reader = reader_of(out.finish())
    assert [read_tree(reader, tree, probabilities, first) for _ in leaves] == list(leaves)


def test_past_the_end_all_bytes_are_zero_and_two_of_them_are_no_fault() -> None:
    reader = reader_of(b"")
    assert bytes_unread(reader) == 0 and not is_past_end(reader)
    for count in range(1, 6):
        assert read_literal(reader, 8) == 0
        # Reading is one byte ahead at most.
        assert bytes_unread(reader) in (-count, -count - 1)
        assert is_past_end(reader) is (bytes_unread(reader) < -SLACK)
    assert is_past_end(reader)


@settings(deadline=None)
@given(st.binary(max_size=20), st.lists(st.integers(0, 255), max_size=400))
def test_any_bytes_can_be_read_for_ever(data: bytes, probabilities: list[int]) -> None:
    reader = reader_of(data)
    assert all(read_bool(reader, chance) in (0, 1) for chance in probabilities)
    assert 128 <= reader[3] <= 255 and reader[1] >= 0


def test_a_reader_leaves_the_partition_alone() -> None:
    data = np.arange(16, dtype=np.uint8)
    reader = new_reader(data[4:])
    read_literal(reader, 32)
    assert data.tolist() == list(range(16)) and bytes_unread(reader) in (12 - 4, 12 - 5)


@pytest.mark.parametrize("probability", [32, EVEN, 224])
def test_the_likelier_a_bit_the_fewer_bytes_it_takes(probability: int) -> None:
    zeros, ones = BoolWriter(), BoolWriter()
    for _ in range(800):
        zeros.bool(0, probability)
        ones.bool(1, probability)
    sizes = [len(each.finish()) for each in (zeros, ones)]
    # A zero of probability p costs -log2(p / 256) bits (section 7.1).
    ideal = [-800 * np.log2(p / 256) / 8 for p in (probability, 256 - probability)]
    for size, least in zip(sizes, ideal, strict=True):
        assert 0.97 * least - 1 <= size <= 1.03 * least + 2
