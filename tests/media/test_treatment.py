"""The numbers by which a worker says what it did to a picture: ``treatment.py``."""

from __future__ import annotations

import pytest

from media.treatment import BY_LEVEL, Treatment
from workers.scheduling.decision import DROP, TEAM
from workers.upscale.methods.table import METHODS

# Numbers go over the wire, so a changed one is a fault of the protocol.
NUMBERS = {
    "UNSAID": 0, "FULL": 1, "TEMPORAL": 2, "SMALL": 3, "TEAM": 4, "RESTORE": 5, "NO_TIME": 16,
    "STARTING": 17, "OFF": 18, "OWNER": 19, "TOO_LARGE": 20, "PLAIN": 21, "FAULT": 22,
}  # fmt: skip


def test_the_numbers_stay_as_they_are() -> None:
    assert {each.name: each.value for each in Treatment} == NUMBERS


@pytest.mark.parametrize("treatment", Treatment)
def test_numbers_below_16_are_those_of_a_net(treatment: Treatment) -> None:
    assert treatment.is_enhanced == (1 <= treatment < 16)


def test_every_quality_level_by_a_net_has_its_treatment() -> None:
    levels = {info.name for info in METHODS if not info.is_free} | {TEAM}
    assert set(BY_LEVEL) == levels
    assert DROP not in BY_LEVEL
    assert all(BY_LEVEL[level].name.lower() == level for level in levels)
