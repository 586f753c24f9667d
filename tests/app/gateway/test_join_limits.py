"""Limits by address, in virtual time."""

from __future__ import annotations

import pytest

from app.gateway.join_limits import (
    HANDSHAKES,
    MAX_OPENING,
    MAX_OPENING_PER_ADDRESS,
    WRONG_TOKENS,
    JoinLimits,
)
from wire.link.endpoint import MAX_PEERS

HERE, THERE = "192.0.2.1", "198.51.100.7"


def test_an_address_begins_so_many_handshakes_at_once_and_then_few() -> None:
    limits = JoinLimits()
    begun = sum(limits.begin(HERE, now=1.0) for _ in range(1000))
    assert begun == HANDSHAKES.burst
    assert not limits.may_begin(HERE, now=1.0)
    assert limits.may_begin(THERE, now=1.0)
    assert limits.begin(THERE, now=1.0)
    later = 1.0 + 10.0
    begun = sum(limits.begin(HERE, now=later) for _ in range(1000))
    assert begun == pytest.approx(10.0 * HANDSHAKES.per_s, abs=1)


def test_looking_counts_nothing_since_the_address_may_be_forged() -> None:
    limits = JoinLimits()
    assert all(limits.may_begin(HERE, now=1.0) for _ in range(1000))
    assert limits.begin(HERE, now=1.0)


def test_connections_that_have_not_joined_are_bounded_for_each_and_for_all() -> None:
    opening: list[str] = [HERE] * MAX_OPENING_PER_ADDRESS
    limits = JoinLimits(lambda: opening)
    assert not limits.begin(HERE, now=1.0)
    assert limits.begin(THERE, now=1.0)
    opening += ["203.0.113.9"] * (MAX_OPENING - len(opening))
    assert not limits.begin(THERE, now=1.0)
    # Devices have space beside them.
    assert MAX_OPENING < MAX_PEERS / 2


def test_neighbours_of_one_ipv6_subscriber_are_one() -> None:
    limits = JoinLimits()
    for number in range(int(WRONG_TOKENS.burst)):
        limits.count_wrong(f"2001:db8:1:2::{number:x}", now=1.0)
    assert not limits.may_try("2001:db8:1:2:ffff::1", now=1.0)
    assert limits.may_try("2001:db8:1:3::1", now=1.0)


def test_wrong_tokens_are_forgiven_slowly() -> None:
    limits = JoinLimits()
    for _ in range(int(WRONG_TOKENS.burst)):
        assert limits.may_try(HERE, now=1.0)
        limits.count_wrong(HERE, now=1.0)
    assert not limits.may_try(HERE, now=1.0)
    assert limits.may_try(HERE, now=1.0 + 1.0 / WRONG_TOKENS.per_s)
