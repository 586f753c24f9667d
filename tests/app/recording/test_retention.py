"""The oldest recordings go first, the one that is being written never."""

from __future__ import annotations

import pytest

from app.recording.retention import (
    MAX_FLOOR_BYTES,
    Kept,
    RetentionRule,
    SpaceGuard,
    floor_bytes,
)

DAY = 86_400_000_000
NOW = 100 * DAY


def kept(age_days: float, size: int = 100, *, live: bool = False) -> Kept:
    return Kept("cam1", f"{age_days}", NOW - int(age_days * DAY), size, live)


def gone(rule: RetentionRule, *files: Kept) -> list[str]:
    return [each.name for each in rule.surplus(files, now_us=NOW)]


def test_without_a_rule_all_is_kept() -> None:
    assert gone(RetentionRule(), kept(1000), kept(0, 2**50)) == []


def test_files_of_too_many_days_go() -> None:
    assert gone(RetentionRule(days=7), kept(7.5), kept(6.5), kept(300)) == ["300", "7.5"]


def test_the_oldest_go_until_the_rest_fits() -> None:
    files = [kept(age) for age in (3, 1, 4, 2)]
    assert gone(RetentionRule(max_bytes=250), *files) == ["4", "3"]
    assert gone(RetentionRule(max_bytes=400), *files) == []
    assert gone(RetentionRule(max_bytes=1), *files) == ["4", "3", "2", "1"]


def test_what_is_being_written_stays_and_counts() -> None:
    live = kept(9, 300, live=True)
    assert gone(RetentionRule(max_bytes=350), live, kept(2), kept(1)) == ["2", "1"]
    assert gone(RetentionRule(days=1), live) == []


def test_both_rules_hold_together() -> None:
    files = [kept(age) for age in (1, 2, 3, 40)]
    assert gone(RetentionRule(days=30, max_bytes=200), *files) == ["40", "3"]


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_the_list_does_not_count(order: int) -> None:
    files = [kept(age) for age in range(1, 20)][::order]
    assert gone(RetentionRule(max_bytes=1700), *files) == ["19", "18"]


def test_recording_stops_before_the_disk_is_full_and_goes_on_with_some_more() -> None:
    guard = SpaceGuard()
    total = 100 * MAX_FLOOR_BYTES
    assert guard.judge(free=MAX_FLOOR_BYTES, total=total)
    assert not guard.judge(free=MAX_FLOOR_BYTES - 1, total=total)
    assert not guard.judge(free=MAX_FLOOR_BYTES + 1, total=total)
    assert guard.is_full
    assert guard.judge(free=int(1.25 * MAX_FLOOR_BYTES), total=total)
    assert guard.judge(free=MAX_FLOOR_BYTES, total=total)


def test_a_small_disk_keeps_a_small_part_free() -> None:
    guard = SpaceGuard()
    assert guard.judge(free=4 * 2**20, total=64 * 2**20)
    assert not guard.judge(free=3 * 2**20, total=64 * 2**20)


def test_the_floor_is_a_part_of_a_small_disk_and_bounded_on_a_large_one() -> None:
    assert floor_bytes(0) == 0
    assert floor_bytes(2 * 2**30) == 2 * 2**30 // 20
    assert floor_bytes(2**50) == MAX_FLOOR_BYTES
    for total in (2**20, 2**30, 2**34, 2**40):
        floor = floor_bytes(total)
        assert SpaceGuard().judge(free=floor, total=total)
        assert not SpaceGuard().judge(free=floor - 1, total=total)
