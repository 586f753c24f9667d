from __future__ import annotations

import dataclasses
import random

import pytest

from tests.contract.units import batch, video
from wire.batch import MAX_PAYLOAD
from wire.errors import BadBatch
from wire.link.message import MAX_CONTENT_BYTES
from wire.log import Entry
from wire.remote import units

ENTRY = Entry("1795861977117-5", batch(7, video(1, key=True), video(2)))


def joined(parts: list[bytes]) -> tuple[int, bytes] | None:
    joiner, whole = units.Joiner(), None
    for part in parts:
        assert whole is None
        whole = joiner.add(part)
    return whole


def test_an_entry_keeps_its_id_and_its_units() -> None:
    assert units.parse_entry(units.encode_entry(ENTRY)) == ENTRY


def test_a_batch_keeps_its_units() -> None:
    assert units.parse_units(units.encode_units(ENTRY.batch)) == ENTRY.batch


@pytest.mark.parametrize("text", ["", "1", "1-", "-1", "a-b", "1-2-3", "1-0\n", "9" * 20 + "-0"])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(BadBatch, match="is no id"):
        units.encode_entry(dataclasses.replace(ENTRY, id=text))


@pytest.mark.parametrize("size", [0, 1, 15])
def test_an_entry_without_an_id_is_refused(size: int) -> None:
    with pytest.raises(BadBatch, match="has no id"):
        units.parse_entry(bytes(size))


@pytest.mark.parametrize("size", [0, 1, units.PART_BYTES - 1, units.PART_BYTES])
def test_what_fits_is_one_part(size: int) -> None:
    content = random.Random(size).randbytes(size)
    (part,) = units.cut(content, turn=3)
    assert joined([part]) == (3, content)


@pytest.mark.parametrize("size", [units.PART_BYTES + 1, 3 * units.PART_BYTES, 1_000_000])
def test_what_is_larger_is_cut_and_joined(size: int) -> None:
    content = random.Random(size).randbytes(size)
    parts = units.cut(content, turn=65535)
    assert len(parts) == -(-size // units.PART_BYTES)
    assert max(map(len, parts)) <= MAX_CONTENT_BYTES
    assert joined(parts) == (65535, content)


def test_the_largest_unit_passes() -> None:
    large = batch(7, dataclasses.replace(video(1, key=True), payload=bytes(MAX_PAYLOAD)))
    whole = joined(units.cut(units.encode_units(large)))
    assert whole is not None and units.parse_units(whole[1]) == large


def test_more_than_the_largest_unit_is_refused_and_forgotten() -> None:
    joiner = units.Joiner()
    more = units.cut(bytes(2 * units.PART_BYTES))[0]
    with pytest.raises(BadBatch, match="more than"):
        for _ in range(units.MAX_JOINED_BYTES // units.PART_BYTES + 1):
            assert joiner.add(more) is None
    (last,) = units.cut(b"next")
    assert joiner.add(last) == (0, b"next")


@pytest.mark.parametrize("size", [0, 1, 2])
def test_a_part_without_a_head_is_refused(size: int) -> None:
    with pytest.raises(BadBatch, match="has no head"):
        units.Joiner().add(bytes(size))


def test_what_was_begun_can_be_forgotten() -> None:
    joiner = units.Joiner()
    first = units.cut(bytes(units.PART_BYTES + 1))[0]
    assert joiner.add(first) is None
    joiner.reset()
    assert joiner.add(units.cut(b"x")[0]) == (0, b"x")
