from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.scheduling.allocation import MIN_TURN_S, UP_MARGIN, Demand, allocate
from workers.scheduling.option import MethodInfo

from .levels import FULL, SMALL, TEMPORAL

FULL_ONLY = {FULL: 20.0}
TWO = {SMALL: 5.0, FULL: 20.0}


def need(
    prices: dict[MethodInfo, float] = TWO,
    *,
    energy: float = 1.0,
    level: MethodInfo | None = FULL,
    watched: bool = True,
    fps: float = 30.0,
    whole_ms: float = 0.0,
    least_ms: float | None = None,
    turn_s: float = 0.0,
) -> Demand:
    return Demand(fps, prices, energy, level, watched, whole_ms, least_ms, turn_s)


def test_where_there_is_enough_everybody_has_the_best() -> None:
    grants = allocate({"a": need(), "b": need()}, 1300.0)
    assert {grant.level for grant in grants.values()} == {FULL}
    assert [grant.ms_per_s for grant in grants.values()] == [600.0, 600.0]


def test_the_cheapest_net_for_all_comes_before_a_better_one_for_some() -> None:
    grants = allocate({name: need() for name in "abcd"}, 1100.0)
    levels = [grant.level for grant in grants.values()]
    assert (levels.count(SMALL), levels.count(FULL)) == (3, 1)


def test_the_better_net_goes_where_it_mends_most_per_millisecond() -> None:
    needs = {"dull": need(energy=1.0), "rich": need(energy=2.0)}
    assert allocate(needs, 800.0)["rich"].level is FULL
    heavy = {SMALL: 5.0, FULL: 20.0 + 3 * 15.0}
    needs = {"dull": need(energy=1.0), "rich": need(heavy, energy=2.0)}
    grants = allocate(needs, 2000.0)
    assert (grants["dull"].level, grants["rich"].level) == (FULL, SMALL)


def test_what_does_not_reach_for_all_is_shared_by_what_it_mends_and_nobody_is_without() -> None:
    equal = allocate({name: need(FULL_ONLY) for name in "abcd"}, 800.0)
    assert [grant.ms_per_s for grant in equal.values()] == [pytest.approx(200.0)] * 4
    assert {grant.level for grant in equal.values()} == {None}
    needs = {"dull": need(FULL_ONLY, energy=1e-6), "rich": need(FULL_ONLY, energy=9.0)}
    grants = allocate(needs, 820.0)
    assert grants["dull"].ms_per_s >= 0.25 * 820.0
    assert grants["rich"].ms_per_s == pytest.approx(600.0) and grants["rich"].level is FULL


def test_watched_streams_come_before_those_that_nobody_watches() -> None:
    needs = {"dark": need(energy=99.0, watched=False), "seen": need(energy=0.1)}
    grants = allocate(needs, 700.0)
    assert grants["seen"].level is FULL
    assert grants["dark"].level is None and grants["dark"].ms_per_s == pytest.approx(100.0)


def test_a_step_up_must_leave_something_and_staying_need_not() -> None:
    for level, expected in (
        (FULL, FULL),
        (SMALL, SMALL),
    ):
        grants = allocate({"a": need(level=level)}, 600.0 * (1 + UP_MARGIN) / 2)
        assert grants["a"].level is expected


def test_who_has_it_keeps_it_unless_another_gains_much_more() -> None:
    has, wants = need(energy=1.0), need(energy=1.2, level=SMALL)
    assert allocate({"wants": wants, "has": has}, 820.0)["has"].level is FULL
    wants = need(energy=2.0, level=SMALL)
    assert allocate({"wants": wants, "has": has}, 820.0)["wants"].level is FULL


def test_reuse_gets_what_is_left_for_frames_that_can_reuse_little() -> None:
    prices = {SMALL: 5.0, TEMPORAL: 7.0}
    for budget, expected in ((500.0, 500.0), (700.0, 600.0)):
        grants = allocate({"a": need(prices, whole_ms=20.0)}, budget)
        assert grants["a"].level is TEMPORAL
        assert grants["a"].ms_per_s == pytest.approx(expected)


def test_calm_reuse_that_is_cheaper_than_the_smaller_net_is_taken_first() -> None:
    prices = {SMALL: 5.0, TEMPORAL: 2.0, FULL: 20.0}
    grants = allocate({"a": need(prices), "b": need(prices)}, 130.0)
    assert {grant.level for grant in grants.values()} == {TEMPORAL}


def reuse(**more: Any) -> Demand:
    return need({TEMPORAL: 8.0}, least_ms=5.0, **more)


def test_every_stream_reuses_a_little_before_one_has_all_that_it_wishes() -> None:
    grants = allocate({name: reuse() for name in "abc"}, 510.0)
    assert {grant.level for grant in grants.values()} == {TEMPORAL}
    assert [grant.ms_per_s for grant in grants.values()] == [pytest.approx(170.0)] * 3


def test_where_even_a_little_does_not_reach_for_all_some_streams_have_nothing() -> None:
    grants = allocate({name: reuse() for name in "abcd"}, 400.0)
    levels = [grant.level for grant in grants.values()]
    assert (levels.count(None), levels.count(TEMPORAL)) == (2, 2)
    given = sorted(grant.ms_per_s for grant in grants.values())
    assert given == [0.0, 0.0, pytest.approx(200.0), pytest.approx(200.0)]
    assert all(grant.takes_turns for grant in grants.values())


def test_who_waited_comes_before_who_had_its_turn() -> None:
    for waited_s, expected in ((1.0, "old"), (3.0, "old"), (8.0, "new")):
        needs = {
            "new": reuse(level=None, turn_s=waited_s),
            "old": reuse(turn_s=MIN_TURN_S + 1.0),
        }
        grants = allocate(needs, 200.0)
        assert [key for key in needs if grants[key].level is TEMPORAL] == [expected]
    young = {"new": reuse(level=None, turn_s=60.0), "old": reuse(turn_s=1.0)}
    assert allocate(young, 200.0)["old"].level is TEMPORAL


def test_the_first_turns_are_of_those_in_which_a_millisecond_mends_most() -> None:
    needs = {"dull": reuse(energy=1.0), "rich": reuse(energy=3.0)}
    grants = allocate(needs, 200.0)
    assert (grants["dull"].ms_per_s, grants["rich"].level) == (0.0, TEMPORAL)


def test_streams_that_cannot_reuse_keep_their_part_beside_those_that_take_turns() -> None:
    needs = {"a": reuse(), "b": reuse(), "plain": need(FULL_ONLY)}
    grants = allocate(needs, 300.0)
    assert grants["plain"].ms_per_s >= 50.0 and not grants["plain"].takes_turns
    assert [grants[key].level for key in "ab"].count(TEMPORAL) == 1


def test_what_costs_nothing_yet_is_tried_at_its_best() -> None:
    grants = allocate({"a": need({SMALL: 0.0, FULL: 0.0})}, 900.0)
    assert grants["a"].level is FULL


def test_nobody_there_is_no_trouble() -> None:
    empty: dict[str, Demand] = {}
    assert allocate(empty, 900.0) == {}


some_needs = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=2),
    st.builds(
        Demand,
        fps=st.floats(5, 60),
        prices_ms=st.dictionaries(
            st.sampled_from([SMALL, TEMPORAL, FULL]),
            st.floats(0.1, 300),
            min_size=1,
        ),
        energy=st.floats(1e-3, 1e6),
        level=st.sampled_from([None, SMALL, TEMPORAL, FULL]),
        watched=st.booleans(),
    ),
    max_size=9,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(some_needs, st.floats(0, 2000))
def test_no_more_is_given_than_there_is_and_every_level_is_paid_for(
    needs: dict[str, Demand], budget: float
) -> None:
    grants = allocate(needs, budget)
    assert grants.keys() == needs.keys()
    assert sum(grant.ms_per_s for grant in grants.values()) <= budget + 1e-6
    watched = [key for key in needs if needs[key].watched]
    for key, grant in grants.items():
        if grant.level is not None:
            due = needs[key].fps * needs[key].prices_ms[grant.level]
            assert grant.ms_per_s >= due - 1e-6
        if key in watched and TEMPORAL not in needs[key].prices_ms:
            cheapest = min(needs[key].prices_ms.values()) * needs[key].fps
            assert grant.ms_per_s >= min(cheapest, 0.5 * budget / len(watched)) - 1e-6
