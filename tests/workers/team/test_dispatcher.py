from __future__ import annotations

import dataclasses

import pytest

from workers.media.frame_info import CELL
from workers.team.device_model import KEPT_S, MAX_SILENCE_S, Offer
from workers.team.dispatcher import Dispatch, Dispatcher, Outcome, TaskOrder
from workers.team.partition import WantedRegion, is_part
from workers.temporal.region_selection import Region

RATE = 500.0
INTERVAL_S = 1 / 30


def wanted(count: int, *, side: int = 8) -> list[WantedRegion]:
    """So many squares of as many cells along a side; the first is worth the most."""
    return [
        WantedRegion(Region(0, 512 * place, CELL * side, CELL * side), 100.0 - place, place)
        for place in range(count)
    ]


@dataclasses.dataclass
class Lead:
    """A dispatcher whose helpers answer when they are told to."""

    team: Dispatcher
    now: float = 0.0
    sequence: int = 0

    def frame(self, regions: list[WantedRegion], own: Offer | None = None) -> Dispatch:
        self.sequence += 1
        return self.team.dispatch(self.sequence, regions, arrived=self.now, now=self.now, own=own)

    def answer(self, order: TaskOrder, after_s: float = 0.06, size: int = 3000) -> Outcome:
        """The result of an order, so long after now."""
        outcome = self.team.result(
            order.to, order.number, whole_ms=20.0, waited_ms=0.0, size=size, now=self.now + after_s
        )
        assert outcome is not None
        return outcome

    def play(self, seconds: float, regions: list[WantedRegion]) -> None:
        """Frames of so many seconds, whose orders are all answered in time."""
        for number in range(int(seconds * 30)):
            if number % 30 == 0:
                for name in list(self.team.helpers):
                    self.team.ready(name, RATE, 1.0, now=self.now)
            for order in self.frame(regions).orders:
                self.answer(order)
            self.now += 0.07 if number % 2 else INTERVAL_S
            self.team.on_time(now=self.now)


def lead(*names: str) -> Lead:
    found = Lead(Dispatcher(halo=7))
    for name in names:
        found.team.ready(name, RATE, 1.0, now=0.0)
    return found


def test_without_helpers_nothing_is_given_out_and_no_frame_waits() -> None:
    alone = lead()
    for number in range(3):
        alone.now = number * INTERVAL_S
        found = alone.frame(wanted(3))
        assert found.orders == () and found.own == () and len(found.left) == 3
        assert found.deadline == alone.now
        assert not alone.team.waits_for(alone.sequence)
    own = Offer("", 0.0, 0.0, 0.5, 100.0)
    assert alone.frame(wanted(3), own).left == tuple(wanted(3)), "there is no time to do it ahead"


def test_work_is_divided_and_the_frame_is_complete_with_the_last_result() -> None:
    team = lead("dev1", "dev2")
    team.play(3.0, wanted(4))
    found = team.frame(wanted(4))
    assert {order.to for order in found.orders} == {"dev1", "dev2"}
    assert sorted(one.place for order in found.orders for one in order.regions) == [0, 1, 2, 3]
    assert len({order.number for order in found.orders}) == 2
    assert {order.deadline for order in found.orders} == {found.deadline}
    assert 0.1 < found.deadline - team.now < 0.3
    first, second = (team.answer(order) for order in found.orders)
    assert first.is_in_time and first.new == set(found.orders[0].regions)
    assert (first.is_complete, second.is_complete) == (False, True)
    assert not team.team.waits_for(team.sequence)


def test_the_lead_takes_its_part_where_it_says_so() -> None:
    team = lead("dev1")
    team.play(3.0, wanted(4))
    found = team.frame(wanted(4), Offer("", 0.0, 0.0, 0.5, RATE, max_work_ms=8.0))
    assert found.own and found.orders
    assert {one.place for one in found.own} == {0, 1}, "what is worth the most is never lost"


def test_results_of_others_or_of_nobody_are_not_taken() -> None:
    team = lead("dev1", "dev2")
    team.play(1.0, wanted(4))
    (order, *_) = team.frame(wanted(4)).orders
    other = "dev2" if order.to == "dev1" else "dev1"
    taken = [
        team.team.result(name, number, whole_ms=1.0, waited_ms=0.0, size=1, now=team.now + 0.05)
        for name, number in ((other, order.number), ("dev9", order.number), (order.to, 99_999))
    ]
    assert taken == [None] * 3
    assert team.answer(order).new
    again = team.team.result(
        order.to, order.number, whole_ms=1.0, waited_ms=0.0, size=1, now=team.now + 0.06
    )
    assert again is None


def test_a_late_result_is_told_apart() -> None:
    team = lead("dev1")
    team.play(2.0, wanted(2))
    (order,) = team.frame(wanted(2)).orders
    late = team.answer(order, after_s=order.deadline - team.now + 0.01)
    assert not late.is_in_time and late.new == set(order.regions)


def test_what_is_overdue_is_asked_of_another_and_the_second_answer_is_a_duplicate() -> None:
    team = lead("dev1", "dev2", "dev3")
    team.play(4.0, wanted(3))
    found = team.frame(wanted(3))
    slow, *others = found.orders
    for order in others:
        team.answer(order)
    hedges: list[TaskOrder] = []
    while not hedges and team.now < found.deadline:
        team.now += 0.005
        hedges = team.team.on_time(now=team.now)
    assert hedges and all(each.is_hedge and each.to != slow.to for each in hedges)
    assert team.team.on_time(now=team.now) == [], "once is enough"
    parts = [one for each in hedges for one in each.regions]
    assert all(any(is_part(part, whole) for whole in slow.regions) for part in parts)
    outcomes = [team.answer(each, after_s=0.03) for each in hedges]
    assert outcomes[-1].is_complete and all(each.new for each in outcomes)
    late = team.answer(slow, after_s=0.04)
    assert late.new == frozenset()
    spent = team.team.budget.spent
    assert 0 < spent.hedged_samples <= 0.1 * spent.samples


@pytest.mark.parametrize(("parity", "may_hedge"), [(0.0, True), (0.05, True), (0.12, False)])
def test_what_links_add_to_results_leaves_less_for_second_orders(
    parity: float, may_hedge: bool
) -> None:
    team = lead("dev1", "dev2", "dev3")
    for _ in range(4):
        for name in team.team.helpers:
            team.team.ready(name, RATE, 1.0, now=team.now, parity=parity)
        for _ in range(20):
            for order in team.frame(wanted(3)).orders:
                team.answer(order)
            team.now += 0.05
    spent = team.team.budget.spent
    assert spent.parity_bytes == pytest.approx(parity * spent.content_bytes, rel=0.01)
    found = team.frame(wanted(3))
    for order in found.orders[1:]:
        team.answer(order)
    hedges: list[TaskOrder] = []
    while not hedges and team.now < found.deadline:
        team.now += 0.005
        hedges = team.team.on_time(now=team.now)
    assert bool(hedges) is may_hedge


def test_the_tasks_of_a_helper_that_leaves_are_asked_of_others() -> None:
    team = lead("dev1", "dev2")
    team.play(4.0, wanted(2))
    found = team.frame(wanted(2))
    gone = found.orders[0]
    team.team.leave(gone.to)
    hedges = team.team.on_time(now=team.now + 0.001)
    assert {each.sequence for each in hedges} == {team.sequence}
    assert gone.to not in {each.to for each in hedges}
    assert (
        team.team.result(gone.to, gone.number, whole_ms=1.0, waited_ms=0.0, size=1, now=team.now)
        is None
    )


def test_a_helper_of_which_nothing_is_heard_is_forgotten_and_the_delay_ends() -> None:
    team = lead("dev1")
    team.play(2.0, wanted(2))
    assert team.team.delay.delay_s > 0.0
    team.now += MAX_SILENCE_S + 0.5
    for _ in range(120):
        found = team.frame(wanted(2))
        team.now += INTERVAL_S
    assert team.team.helpers == {} and found.orders == ()
    assert found.deadline == pytest.approx(team.now - INTERVAL_S)


def test_one_on_a_bad_path_does_not_hold_frames_back() -> None:
    team = lead("dev1", "dev2", "dev3")
    for number in range(90):
        for order in team.frame(wanted(6)).orders:
            team.answer(order, after_s=0.9 if order.to == "dev3" else 0.06)
        team.now += 0.04 if number % 2 else INTERVAL_S
        team.team.on_time(now=team.now)
    assert team.team.delay.delay_s < 0.2
    orders = [order.to for _ in range(9) for order in team.frame(wanted(6)).orders]
    assert "dev3" not in orders


def test_the_delay_leaves_time_for_the_least_that_can_be_given() -> None:
    """Whole frames take 100 ms, which no usual delay would allow."""
    team = lead("dev1", "dev2")
    whole = [WantedRegion(Region(0, 0, 400, 470), 1.0, 0)]
    for _ in range(30):
        team.team.ready("dev1", RATE, 1.0, now=team.now)
        team.team.ready("dev2", RATE, 1.0, now=team.now)
        found = team.frame(whole)
        for order in found.orders:
            team.answer(order, after_s=0.14)
        team.now += INTERVAL_S
    assert found.orders and team.team.delay.delay_s > 0.2


def test_a_failed_task_is_asked_of_another() -> None:
    team = lead("dev1", "dev2")
    team.play(4.0, wanted(2))
    order, *_ = team.frame(wanted(2)).orders
    team.team.failed("nobody", order.number, now=team.now)
    team.team.failed(order.to, order.number, now=team.now + 0.02)
    hedges = team.team.on_time(now=team.now + 0.02)
    assert order.to not in {each.to for each in hedges} and hedges


def test_nothing_is_kept_for_long_even_if_nobody_answers() -> None:
    team = lead("dev1")
    for _ in range(300):
        team.team.ready("dev1", RATE, 1.0, now=team.now)
        team.frame(wanted(3))
        team.now += INTERVAL_S
        team.team.on_time(now=team.now)
    kept = 30 * (KEPT_S + 0.5)
    assert len(team.team._frames) < kept and len(team.team._orders) < kept


def test_a_publisher_that_counts_from_the_start_confuses_nothing() -> None:
    team = lead("dev1")
    team.play(1.0, wanted(2))
    team.sequence = 0
    team.play(1.0, wanted(2))
    team.now += 10.0
    team.team.on_time(now=team.now)
    assert not team.team._frames and not team.team._orders
