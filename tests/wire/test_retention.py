from __future__ import annotations

import pytest

from wire.position import as_pair, just_before
from wire.retention import RESERVE_BYTES, Retention

MIB = 2**20


class Timeline:
    """Appends at virtual times, in ms since the start; ids are the times unless told otherwise."""

    def __init__(self, *, max_bytes: int = 24 * MIB) -> None:
        self.policy = Retention(grace_s=2.0, max_age_s=15.0, max_bytes=max_bytes)
        self.log: list[str] = []
        self.sizes: dict[str, int] = {}
        self.refused = 0
        self._count = 0

    def append(
        self,
        at_ms: int,
        *,
        key: bool = False,
        size: int = 100,
        full: bool = False,
        away: bool = False,
    ) -> str:
        """Returns the id trimmed to, "refused" if there was no room, "away" if the server was."""
        plan = self.policy.plan(size=size, is_key=key, now_ms=at_ms)
        if plan is None:
            self.refused += 1
            return "refused"
        if away:
            return "away"
        self._count += 1
        entry = f"{at_ms}-{self._count}"
        cut = plan.trim_to
        if full:
            cut = plan.reserve_from or entry
            self.policy.reserved(plan)
        if cut:
            self.log = [kept for kept in self.log if as_pair(kept) >= as_pair(cut)]
        self.log.append(entry)
        self.sizes[entry] = size
        self.policy.appended(entry, size=size, is_key=key, now_ms=at_ms)
        return cut

    def bytes(self) -> int:
        return sum(self.sizes[entry] for entry in self.log)

    def times(self) -> list[int]:
        return [as_pair(entry)[0] for entry in self.log]


def test_entries_before_the_last_key_frame_go_after_the_grace() -> None:
    timeline = Timeline()
    timeline.append(0, key=True)
    for at_ms in (1_000, 9_500):
        timeline.append(at_ms)
    timeline.append(10_000, key=True)
    timeline.append(11_000)
    assert timeline.times()[0] == 9_500
    timeline.append(12_500)
    assert timeline.times() == [10_000, 11_000, 12_500]


def test_a_reader_a_little_behind_finds_its_next_entry() -> None:
    timeline = Timeline()
    for at_ms in range(0, 20_000, 100):
        timeline.append(at_ms, key=at_ms % 1000 == 0)
        assert timeline.times()[0] <= max(0, at_ms - 2_000)


def test_the_last_key_frame_and_all_after_it_is_kept_until_it_is_too_old() -> None:
    timeline = Timeline()
    for at_ms in range(0, 14_900, 100):
        timeline.append(at_ms, key=at_ms == 0)
    assert timeline.times()[0] == 0
    timeline.append(15_600)
    assert timeline.times()[0] == 600


def test_without_key_frames_entries_go_by_age_alone() -> None:
    timeline = Timeline()
    timeline.append(0)
    timeline.append(20_000)
    assert timeline.times() == [20_000]
    assert timeline.policy.bytes == 100


def test_what_another_writer_left_goes_when_our_first_entry_may_be_the_first() -> None:
    timeline = Timeline()
    timeline.log = ["0-0"]
    timeline.append(0, key=True)
    assert timeline.append(1_900) == ""
    assert timeline.append(2_100) == "0-1"
    assert timeline.times() == [0, 1_900, 2_100]


def test_a_trim_is_not_worth_it_for_less_than_half_a_second() -> None:
    timeline = Timeline()
    cuts = [timeline.append(at_ms, key=True) for at_ms in range(0, 10_000, 10)]
    assert sum(cut != "" for cut in cuts) <= 17


def test_ids_need_not_follow_our_clock() -> None:
    """The server's clock was set back by an hour: its ids stand still, and the log is trimmed."""
    policy = Retention()
    kept = 0
    for number in range(300):
        plan = policy.plan(size=100, is_key=number % 30 == 0, now_ms=number * 100)
        assert plan is not None
        if plan.trim_to:
            kept = int(plan.trim_to.partition("-")[2])
        policy.appended(f"5-{number}", size=100, is_key=number % 30 == 0, now_ms=number * 100)
        assert number - kept < 60


def test_a_log_has_a_budget_of_bytes_and_refuses_units_until_the_next_key_frame() -> None:
    timeline = Timeline(max_bytes=MIB)
    timeline.append(0, key=True, size=MIB // 4)
    outcomes = [timeline.append(at_ms, size=MIB // 4) for at_ms in range(10, 80, 10)]
    assert outcomes == ["", "", ""] + ["refused"] * 4
    assert timeline.policy.bytes == MIB
    # The key frame needs room, and nobody needs what was before it.
    timeline.append(100, key=True, size=MIB // 2)
    assert timeline.times() == [100]
    assert timeline.append(110, size=MIB // 4) == ""


def test_under_pressure_what_precedes_the_last_key_frame_goes_before_its_grace() -> None:
    timeline = Timeline(max_bytes=MIB)
    timeline.append(0, key=True, size=MIB // 2)
    timeline.append(10, key=True, size=MIB // 4)
    timeline.append(20, size=MIB // 2)
    assert timeline.times() == [10, 20]


def test_without_a_key_frame_the_newest_entries_are_kept_within_the_budget() -> None:
    timeline = Timeline(max_bytes=MIB)
    for at_ms in range(0, 1000, 10):
        assert timeline.append(at_ms, size=MIB // 4) != "refused"
        assert timeline.policy.bytes <= MIB
    assert timeline.times() == [960, 970, 980, 990]


def test_a_trim_that_the_server_did_not_carry_out_goes_with_the_next_entry() -> None:
    timeline = Timeline(max_bytes=MIB)
    timeline.append(0, key=True, size=MIB // 2)
    timeline.append(10, key=True, size=MIB // 2)
    assert timeline.append(20, size=MIB // 4, away=True) == "away"
    timeline.append(30, size=MIB // 4)
    assert timeline.times() == [10, 30]
    timeline.append(40, key=True, size=MIB // 4)
    # Too large beside the last key frame, for whose sake what precedes it goes.
    assert timeline.append(50, size=MIB) == "refused"
    timeline.append(60, size=MIB // 4)
    assert timeline.times() == [40, 60]


def test_a_server_that_is_away_now_and_then_never_holds_more_than_the_budget() -> None:
    timeline = Timeline(max_bytes=MIB)
    for number in range(2_000):
        timeline.append(
            number * 33,
            key=number % 7 == 0,
            size=(number * 7919 % 40) * MIB // 100,
            away=number % 5 < 2,
        )
        assert timeline.bytes() <= MIB


@pytest.mark.parametrize("size", [1_000, 50_000, RESERVE_BYTES, 3 * RESERVE_BYTES])
def test_on_a_full_server_a_log_keeps_its_reserve_and_takes_every_unit(size: int) -> None:
    timeline = Timeline()
    for at_ms in range(0, 200, 33):
        timeline.append(at_ms, key=at_ms == 0, size=size)
    for at_ms in range(200, 3200, 33):
        timeline.append(at_ms, size=size, full=True)
        assert timeline.policy.bytes <= max(RESERVE_BYTES, size)
    assert timeline.refused == 0
    assert timeline.times()[-1] == 3170
    assert len(timeline.log) >= min(90, RESERVE_BYTES // size)


def test_a_cleared_log_has_nothing() -> None:
    timeline = Timeline()
    timeline.append(0, key=True)
    timeline.policy.cleared()
    assert timeline.policy.bytes == 0
    timeline.append(10)
    assert timeline.policy.bytes == 100


@pytest.mark.parametrize(
    ("entry", "before"),
    [("5-2", "5-1"), ("5-1", "5-0"), ("5-0", "4-18446744073709551615")],
)
def test_the_id_before_an_id(entry: str, before: str) -> None:
    assert just_before(entry) == before
    assert as_pair(before) < as_pair(entry)


def test_ids_compare_as_numbers() -> None:
    assert as_pair("10-2") > as_pair("9-11")
    assert as_pair("10-10") > as_pair("10-9")
