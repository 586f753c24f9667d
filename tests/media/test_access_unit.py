"""One coded frame with its times."""

from __future__ import annotations

import dataclasses

import pytest

from media.access_unit import AccessUnit, Checkpoint, Flags, Kind
from media.codec import Codec

UNIT = AccessUnit(
    kind=Kind.VIDEO,
    codec=Codec.VP8,
    flags=Flags.KEY | Flags.DISCONTINUITY,
    sequence=7,
    pts=3000,
    clock_rate=90_000,
    capture_us=1,
    arrival_us=2,
    payload=b"x",
)


@pytest.mark.parametrize("flags", [Flags(n) for n in range(8)])
def test_decoding_starts_where_the_flag_says_whatever_else_is_set(flags: Flags) -> None:
    assert dataclasses.replace(UNIT, flags=flags).is_key is bool(flags & Flags.KEY)


def test_stamps_are_added_behind_the_others_and_found_by_their_place() -> None:
    once = UNIT.stamped(Checkpoint.ARRIVED, 10)
    twice = once.stamped(Checkpoint.LOGGED, 20)
    assert UNIT.stamps == () and once.stamps == ((Checkpoint.ARRIVED, 10),)
    assert twice.stamp(Checkpoint.ARRIVED) == 10 and twice.stamp(Checkpoint.LOGGED) == 20
    assert twice.stamp(Checkpoint.DELIVERED) is None
    assert twice.payload is UNIT.payload


def test_a_time_of_zero_is_a_time() -> None:
    assert UNIT.stamped(Checkpoint.DECODED, 0).stamp(Checkpoint.DECODED) == 0


def test_places_are_numbered_in_the_order_of_travel() -> None:
    assert [int(each) for each in Checkpoint] == list(range(1, len(Checkpoint) + 1))
    assert min(Checkpoint) == Checkpoint.ARRIVED and max(Checkpoint) == Checkpoint.DELIVERED


def test_a_unit_cannot_be_changed_in_place() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        UNIT.pts = 5  # type: ignore[misc]
