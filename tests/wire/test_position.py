"""Entry ids as places; reading behind them runs in the contract suite."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.position import START, as_pair, just_before

PARTS = st.tuples(st.integers(0, 2**63), st.integers(0, 2**64 - 1))


@given(PARTS, PARTS)
def test_ids_compare_as_the_server_compares_them(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    ids = [f"{ms}-{sequence}" for ms, sequence in (one, other)]
    assert (as_pair(ids[0]) < as_pair(ids[1])) == (one < other)


def test_an_id_without_a_sequence_is_the_first_of_its_millisecond() -> None:
    assert as_pair("17") == as_pair("17-0")
    assert as_pair("9-5") < as_pair("10-0"), "as text it would be the other way"


@given(PARTS.filter(lambda parts: parts != (0, 0)))
def test_nothing_lies_between_an_id_and_the_one_just_before(parts: tuple[int, int]) -> None:
    ms, sequence = parts
    before = as_pair(just_before(f"{ms}-{sequence}"))
    assert before < parts
    successor = (before[0], before[1] + 1) if before[1] < 2**64 - 1 else (before[0] + 1, 0)
    assert successor == parts


@pytest.mark.parametrize(
    ("entry", "before"),
    [
        ("5-3", "5-2"),
        ("5-0", "4-18446744073709551615"),
        ("0-1", START),
        ("7", "6-18446744073709551615"),
    ],
)
def test_a_reader_that_begins_just_before_sees_the_entry_itself(entry: str, before: str) -> None:
    assert just_before(entry) == before
