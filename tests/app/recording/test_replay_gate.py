"""A recording goes on behind what is on a disk, from the key frame before it."""

from __future__ import annotations

import pytest

from app.recording.replay_gate import ReplayGate
from media.access_unit import AccessUnit, Kind
from tests.app.recording import material

UNITS = material.units(4)


def through(durable_us: int, units: list[AccessUnit]) -> list[AccessUnit]:
    gate = ReplayGate(durable_us)
    return [passed for unit in units for passed in gate.take(unit)]


def test_where_nothing_is_on_a_disk_all_of_the_log_is_recorded() -> None:
    assert through(0, UNITS) == UNITS


@pytest.mark.parametrize("picture", [3, 9, 10, 15, 29])
def test_it_begins_with_the_group_of_the_last_picture_on_the_disk(picture: int) -> None:
    pictures = [unit for unit in UNITS if unit.kind is Kind.VIDEO]
    durable = pictures[picture].capture_us
    passed = through(durable, UNITS)
    first = passed[0]
    assert first.is_key and first.kind is Kind.VIDEO
    assert first.sequence == picture // 10 * 10
    assert passed == UNITS[UNITS.index(first) :]


def test_nothing_passes_while_all_is_on_the_disk() -> None:
    assert through(UNITS[-1].capture_us, UNITS) == []


def test_it_begins_with_what_there_is_where_the_log_does_not_reach_back() -> None:
    durable = UNITS[0].capture_us - 5_000_000
    assert through(durable, UNITS) == UNITS


def test_what_is_held_back_is_at_most_one_group() -> None:
    gate = ReplayGate(2**52)
    for unit in material.units(5):
        assert gate.take(unit) == []
    # Ten pictures and their sound, and the sound before the first of them.
    assert len(gate._held) < 40
