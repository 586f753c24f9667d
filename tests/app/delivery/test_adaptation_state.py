"""The states of an adaptation."""

from __future__ import annotations

import pytest

from app.delivery.adaptation_state import ADAPTATION, AdaptEvent, Adapting


def test_every_state_is_reached_and_left() -> None:
    assert ADAPTATION.unreachable() == set()
    assert ADAPTATION.final() == set()


def test_trouble_means_something_in_every_state() -> None:
    for state in Adapting:
        assert ADAPTATION.after(state, AdaptEvent.LOWER, owner="test") is Adapting.FALLING


@pytest.mark.parametrize("state", [Adapting.FALLING, Adapting.RISING, Adapting.TRIAL])
def test_nothing_rises_while_something_else_is_under_way(state: Adapting) -> None:
    assert not ADAPTATION.accepts(state, AdaptEvent.HIGHER)
