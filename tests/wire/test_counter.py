"""A counter is a constant: nothing changes it, and it can be a key."""

from __future__ import annotations

import dataclasses

import pytest

from wire.counter import Counter

UNITS = Counter("units_in", "units", "Units taken", ("stream",), ("Intake.units",))


def test_a_counter_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        UNITS.name = "other"  # type: ignore[misc]


def test_a_counter_can_be_a_key() -> None:
    """The API collects values by counter."""
    assert {UNITS: 1}[dataclasses.replace(UNITS)] == 1
    assert dataclasses.replace(UNITS, labels=()) not in {UNITS: 1}


def test_a_counter_only_grows_unless_it_says_so() -> None:
    assert UNITS.only_grows
    assert not dataclasses.replace(UNITS, only_grows=False).only_grows
