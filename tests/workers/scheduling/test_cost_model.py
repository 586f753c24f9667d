from __future__ import annotations

import random

import pytest

from workers.scheduling.cost_model import CostModel, Estimate
from workers.scheduling.decision import Usage
from workers.scheduling.option import MethodInfo, PricedOption
from workers.scheduling.resource_budget import ResourceBudget

from .levels import FULL, SMALL, TEMPORAL, took

PLENTY = ResourceBudget.of()


def price(
    costs: CostModel, method: MethodInfo, budget: ResourceBudget = PLENTY, *, wanted: float = 1.0
) -> PricedOption:
    return budget.priced(costs.option(method, wanted=wanted))


def test_a_guess_counts_as_three_measurements_and_comes_before_them() -> None:
    estimate = Estimate()
    assert estimate.mean is None and estimate.cautious == 0.0
    estimate.expect(0.5)
    assert estimate.mean == 0.5
    estimate.add(0.1)
    assert estimate.mean == pytest.approx((3 * 0.5 + 0.1) / 4)
    estimate.expect(9.0)
    assert estimate.mean == pytest.approx(0.4)


def test_the_first_measurements_count_alike_so_that_a_cold_start_is_soon_forgotten() -> None:
    estimate = Estimate()
    for value in (0.5, *[0.1] * 7):
        estimate.add(value)
    assert estimate.mean == pytest.approx(0.15)


def test_it_follows_a_change_within_a_second_and_is_cautious_by_the_noise() -> None:
    estimate, rng = Estimate(), random.Random(3)
    for _ in range(100):
        estimate.add(rng.gauss(0.020, 0.002))
    assert estimate.mean == pytest.approx(0.020, rel=0.1)
    assert 0.021 < estimate.cautious < 0.026
    for _ in range(30):
        estimate.add(0.040)
    assert estimate.mean == pytest.approx(0.040, rel=0.1)


def test_a_machine_that_slept_says_little_and_one_that_became_slow_is_believed() -> None:
    estimate = Estimate()
    for _ in range(20):
        estimate.add(0.020)
    estimate.add(30.0)
    assert estimate.mean == pytest.approx(0.026)
    for _ in range(40):
        estimate.add(1.0)
    assert estimate.mean is not None and estimate.mean > 0.9


def test_what_is_old_weighs_no_more_than_one_measurement() -> None:
    estimate = Estimate()
    for _ in range(20):
        estimate.add(0.060)
    estimate.doubt()
    estimate.add(0.020)
    assert estimate.mean == pytest.approx(0.040)


def test_what_is_not_known_costs_nothing() -> None:
    option = price(CostModel(), FULL)
    assert (option.price_ms, option.latency_s) == (0.0, 0.0)
    assert CostModel().usual_ms(FULL) is None


def test_the_engine_is_paid_and_the_time_beside_it_only_passes() -> None:
    costs = CostModel()
    for _ in range(30):
        costs.add(SMALL, took(0.010, 0.007))
    option = price(costs, SMALL)
    assert option.price_ms == pytest.approx(7.0)
    assert option.latency_s == pytest.approx(0.010)
    assert costs.usual_ms(SMALL) == pytest.approx(7.0)


def test_on_few_cores_the_work_beside_the_engine_is_paid_too() -> None:
    costs = CostModel()
    costs.add(SMALL, took(0.010, 0.007))
    assert price(costs, SMALL, ResourceBudget.of(cpu_ms=600.0)).price_ms == pytest.approx(10.0)


def test_waiting_for_cores_is_no_cost_but_it_takes_time() -> None:
    costs = CostModel()
    for _ in range(30):
        costs.add(FULL, Usage(0.045, 0.010, hold_s=0.040, cpu_s=0.001))
    option = price(costs, FULL)
    assert option.price_ms == pytest.approx(10.0)
    assert costs.pace == pytest.approx(4.0)
    assert (option.hold_s, option.latency_s) == pytest.approx((0.040, 0.045))
    assert price(costs, TEMPORAL).fraction_hold_s == pytest.approx(0.040)


def test_planning_has_a_time_of_its_own() -> None:
    costs = CostModel()
    assert costs.planning_s == 0.0
    costs.add(
        TEMPORAL,
        Usage(0.005, 0.003, 0.003, 0.006, planned_s=0.004, fraction=0.1),
    )
    costs.add(FULL, took(0.010, 0.007))
    assert costs.planning_s == pytest.approx(0.004)


def test_reuse_has_a_fixed_part_and_a_part_by_what_it_refreshes() -> None:
    costs = CostModel()
    costs.expect(FULL, 0.020)
    for share in (0.1, 0.5, 0.2):
        costs.add(TEMPORAL, took(0.004 + share * 0.020, 0.001 + share * 0.020, share))
    option = price(costs, TEMPORAL, wanted=0.4)
    assert option.fixed_ms == pytest.approx(1.0)
    assert option.price_ms == pytest.approx(1.0 + 8.0)
    assert option.latency_s == pytest.approx(0.004)


def test_a_net_costs_what_it_takes_over_a_resize() -> None:
    costs = CostModel()
    costs.add(FULL, took(0.023, 0.020))
    assert costs.resize_s == 0.0 and costs.cost(FULL)["cpu"] == pytest.approx(23.0)
    costs.add_resize(0.002)
    assert costs.resize_s == pytest.approx(0.002)
    assert costs.cost(FULL)["cpu"] == pytest.approx(21.0)
    # What is cheaper than a resize costs nothing over it, and the engine's time stays.
    costs.add_resize(0.020)
    assert costs.cost(FULL)["cpu"] == pytest.approx(20.0)
    costs.forget()
    assert costs.resize_s == 0.0
