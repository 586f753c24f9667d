"""The tables of RFC 6386 as far as they can be checked by themselves: trees, sizes, layouts."""

from __future__ import annotations

import numpy as np
import pytest

from workers.bitstream import vp8_tables as tables

TREES = {
    "SEGMENT_TREE": range(4),
    "KEY_LUMA_TREE": range(5),
    "LUMA_TREE": range(5),
    "CHROMA_TREE": range(4),
    "BLOCK_TREE": range(10),
    "VECTOR_TREE": range(5),
    "SPLIT_TREE": range(4),
    "PIECE_TREE": range(4),
    "SHORT_TREE": range(8),
}
PROBABILITIES = {
    "KEY_LUMA_TREE": ["KEY_LUMA_PROBABILITIES"],
    "CHROMA_TREE": ["KEY_CHROMA_PROBABILITIES", "CHROMA_PROBABILITIES"],
    "LUMA_TREE": ["LUMA_PROBABILITIES"],
    "BLOCK_TREE": ["BLOCK_PROBABILITIES"],
    "SPLIT_TREE": ["SPLIT_PROBABILITIES"],
}


def leaves(tree: np.ndarray, node: int = 0, depth: int = 0) -> list[int]:
    """The values that a walk through the tree can end with, each as often as it is met."""
    assert depth < len(tree), "a tree has no circle"
    found: list[int] = []
    for bit in (0, 1):
        entry = int(tree[node + bit])
        found += leaves(tree, entry, depth + 1) if entry > 0 else [-entry]
    return found


@pytest.mark.parametrize("name", TREES)
def test_a_tree_ends_once_with_each_of_its_values(name: str) -> None:
    tree = getattr(tables, name)
    assert sorted(leaves(tree)) == list(TREES[name])
    # A tree of n leaves has n - 1 nodes of two entries.
    assert tree.size == 2 * (len(TREES[name]) - 1)


@pytest.mark.parametrize("name", PROBABILITIES)
def test_each_node_of_a_tree_has_a_probability(name: str) -> None:
    for table in PROBABILITIES[name]:
        assert getattr(tables, table).size == getattr(tables, name).size // 2


def test_tables_by_context_have_a_row_for_each_context() -> None:
    assert tables.KEY_BLOCK_PROBABILITIES.shape == (10 * 10 * 9,)
    assert tables.PIECE_PROBABILITIES.shape == (5 * 3,)
    # Weights of neighbours are 0 to 5 (section 16.3), for four nodes.
    assert tables.VECTOR_CONTEXTS.shape == (6, 4)
    # Planes, bands, contexts and nodes of coefficients (section 13.4).
    assert tables.COEFFICIENT_UPDATES.shape == (4 * 8 * 3 * 11,)
    assert tables.VECTOR_UPDATES.shape == tables.VECTOR_PROBABILITIES.shape == (38,)


def test_no_probability_is_zero() -> None:
    checked = 0
    for name, table in vars(tables).items():
        if isinstance(table, np.ndarray) and name.endswith(("PROBABILITIES", "UPDATES")):
            assert table.dtype == np.uint8 and table.min() > 0, name
            checked += 1
    assert checked >= 11


@pytest.mark.parametrize("kind", range(4))
def test_a_split_covers_all_blocks_with_pieces_of_one_size(kind: int) -> None:
    layout, count = tables.SPLIT_LAYOUT[kind], int(tables.SPLIT_PIECES[kind])
    assert np.bincount(layout).tolist() == [16 // count] * count
    # Pieces are numbered by their first block.
    firsts = [int(np.argmax(layout == piece)) for piece in range(count)]
    assert firsts == sorted(firsts)


def test_halves_and_quarters_lie_where_their_names_say() -> None:
    top, left, quarters = (
        tables.SPLIT_LAYOUT[kind].reshape(4, 4)
        for kind in (tables.TOP_BOTTOM, tables.LEFT_RIGHT, tables.QUARTERS)
    )
    rows, columns = np.indices((4, 4)) // 2
    assert np.array_equal(top, rows) and np.array_equal(left, columns)
    assert np.array_equal(quarters, 2 * rows + columns)


def test_a_component_has_its_probabilities_side_by_side() -> None:
    nodes = tables.SHORT_TREE.size // 2
    assert tables.SHORT + nodes == tables.LONG
    assert tables.LONG + tables.LONG_BITS == tables.COMPONENT
    assert tables.VECTOR_PROBABILITIES.size == 2 * tables.COMPONENT


def test_what_is_left_out_of_a_row_of_coefficients_is_never_updated() -> None:
    rows = tables.COEFFICIENT_UPDATES.reshape(-1, 11)
    assert (rows[0] == 255).all() and rows[3].tolist() == [176, 246] + [255] * 9
    # Updates are rare: on average an entry is left as it is.
    assert rows.mean() > 250
