"""Counters of recordings, webhooks and rights that others give stand in the one table."""

from __future__ import annotations

from wire import counters, side_counters
from wire.counter import Counter
from wire.counters import COUNTERS

OWN = {name: value for name, value in vars(side_counters).items() if isinstance(value, Counter)}


def test_all_of_them_are_in_the_table_once() -> None:
    assert OWN
    for counter in OWN.values():
        assert COUNTERS.count(counter) == 1, counter.name


def test_the_table_has_each_under_its_own_name() -> None:
    for name, counter in OWN.items():
        assert getattr(counters, name) is counter


def test_they_are_of_what_is_beside_the_live_path_only() -> None:
    for name in OWN:
        assert name.startswith(("RECORDING", "WEBHOOK", "JWKS", "JWTS", "ACCESS_HOOK")), name


def test_a_receiver_is_named_by_each_counter_of_webhooks() -> None:
    """An address may hold a secret, so the label is its place in the setting."""
    hooks = [counter for name, counter in OWN.items() if name.startswith("WEBHOOK")]
    assert {counter.labels[0] for counter in hooks} == {"receiver"}
    assert all(counter.only_grows for counter in OWN.values())
