from __future__ import annotations

from collections.abc import Callable

import pytest

from workers.team.planning_price import CHECK_S, MIN_OF_GAIN, PlanningPrice
from workers.temporal.refresh_planner import PRICE_OF_GAIN

FPS = 30


def run(
    price: PlanningPrice,
    seconds: float,
    *,
    has_time: float,
    wanted: Callable[[float], float] = lambda price: 1000.0 / price,
    is_short: bool = False,
    begin: float = 0.0,
) -> float:
    """Plans pictures that want the more the lower the price is; the team does ``has_time`` samples
    of each. Returns the end.
    """
    count = int(seconds * FPS)
    for index in range(count):
        samples = int(wanted(price.of_gain))
        left = max(0, samples - int(has_time))
        price.planned(samples, left=left, is_short=is_short, now=begin + index / FPS)
    return begin + count / FPS


def test_a_team_begins_with_the_price_of_a_single_worker() -> None:
    assert PlanningPrice().of_gain == PRICE_OF_GAIN


def test_while_nothing_is_left_the_price_falls_to_the_least() -> None:
    price = PlanningPrice()
    run(price, 1.0, has_time=1e9)
    assert MIN_OF_GAIN < price.of_gain < PRICE_OF_GAIN
    run(price, 30.0, has_time=1e9, begin=1.0)
    assert price.of_gain == MIN_OF_GAIN


def test_a_team_that_has_no_time_for_the_usual_price_keeps_it() -> None:
    price = PlanningPrice()
    run(price, 20.0, has_time=1000.0 / PRICE_OF_GAIN / 2)
    assert price.of_gain == PRICE_OF_GAIN


@pytest.mark.parametrize("level", [0.05, 0.1, 0.18])
def test_it_settles_where_the_team_is_busy(level: float) -> None:
    price = PlanningPrice()
    now = run(price, 20.0, has_time=1000.0 / level)
    seen = []
    for _ in range(40):
        now = run(price, 0.5, has_time=1000.0 / level, begin=now)
        seen.append(price.of_gain)
    assert 0.6 * level < min(seen) and max(seen) < 1.3 * level


def test_a_device_that_leaves_raises_it_within_seconds_and_one_that_joins_lets_it_fall() -> None:
    price = PlanningPrice()
    now = run(price, 30.0, has_time=1000.0 / 0.05)
    low = price.of_gain
    now = run(price, 6.0, has_time=1000.0 / 0.2, begin=now)
    assert price.of_gain > 2 * low
    run(price, 10.0, has_time=1000.0 / 0.05, begin=now)
    assert price.of_gain < 2 * low


def test_a_lead_that_is_short_of_cores_plans_less() -> None:
    price = PlanningPrice()
    now = run(price, 30.0, has_time=1e9)
    run(price, 20.0, has_time=1e9, is_short=True, begin=now)
    assert price.of_gain == PRICE_OF_GAIN


def test_pictures_that_want_nothing_let_it_fall_and_do_no_harm() -> None:
    price = PlanningPrice()
    run(price, 2.0, has_time=0.0, wanted=lambda price: 0.0)
    assert price.of_gain < PRICE_OF_GAIN


def test_it_changes_by_one_step_at_a_time() -> None:
    price = PlanningPrice()
    run(price, CHECK_S / 2, has_time=1e9)
    assert price.of_gain == PRICE_OF_GAIN
    price.planned(100, left=0, is_short=False, now=CHECK_S)
    first = price.of_gain
    price.planned(100, left=0, is_short=False, now=CHECK_S + 0.01)
    assert price.of_gain == first
