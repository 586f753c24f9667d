"""How the time of a worker and the energy of its machine are divided, in virtual time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.runtime.cost_meter import WINDOW_S, CostMeter, LeadUse, RenditionCost, WholeUse


def use(
    threads: float = 0.0, engine: float = 0.0, decode: float = 0.0, sharers: int = 1
) -> LeadUse:
    return LeadUse(threads_s=threads, decode_s=decode, sharers=sharers, engine_s=engine)


def whole(process: float, machine: float = 0.0, energy: float | None = None) -> WholeUse:
    return WholeUse(process_s=process, machine_s=machine or process, energy_j=energy)


def test_the_first_look_costs_nothing() -> None:
    meter = CostMeter()
    meter.observe({"a": use(threads=5.0)}, whole(100.0), now=0.0)
    assert meter.cost("a") == RenditionCost()
    assert meter.cost("nobody") == RenditionCost()


def test_own_threads_are_paid_by_their_rendition_and_the_rest_by_engine_time() -> None:
    meter = CostMeter()
    meter.observe({"a": use(), "b": use()}, whole(0.0), now=0.0)
    leads = {"a": use(threads=1.0, engine=3.0), "b": use(threads=2.0, engine=1.0)}
    meter.observe(leads, whole(11.0), now=10.0)
    # 11 s in all, 3 s of threads; 8 s are left for 3 parts and 1 part of the engine.
    assert meter.cost("a").cpu_s == pytest.approx(1.0 + 6.0)
    assert meter.cost("b").cpu_s == pytest.approx(2.0 + 2.0)


def test_without_a_net_what_is_left_goes_with_the_threads() -> None:
    meter = CostMeter()
    meter.observe({"a": use(), "b": use()}, whole(0.0), now=0.0)
    meter.observe({"a": use(threads=1.0), "b": use(threads=3.0)}, whole(8.0), now=10.0)
    assert meter.cost("a").cpu_s == pytest.approx(2.0)
    assert meter.cost("b").cpu_s == pytest.approx(6.0)


def test_a_decoder_is_paid_by_all_renditions_of_its_stream() -> None:
    meter = CostMeter()
    both = {"a": use(sharers=2), "b": use(sharers=2)}
    meter.observe(both, whole(0.0), now=0.0)
    meter.observe(dict.fromkeys("ab", use(decode=4.0, sharers=2)), whole(4.0), now=10.0)
    assert meter.cost("a").cpu_s == meter.cost("b").cpu_s == pytest.approx(2.0)


def test_rates_are_per_hour_of_the_last_minute() -> None:
    meter = CostMeter()
    for second in range(200):
        # Half a core in the first hundred seconds, a fifth of one afterwards.
        spent = 0.5 * second if second < 100 else 50 + 0.2 * (second - 100)
        meter.observe({"a": use(threads=spent)}, whole(spent), now=float(second))
    found = meter.cost("a")
    assert found.cpu_s == pytest.approx(50 + 0.2 * 99)
    assert found.cpu_s_per_hour == pytest.approx(720.0)


def test_a_rate_of_a_moment_is_not_told() -> None:
    meter = CostMeter()
    meter.observe({"a": use()}, whole(0.0), now=0.0)
    meter.observe({"a": use(threads=1.0)}, whole(1.0), now=2.0)
    assert meter.cost("a").cpu_s_per_hour is None
    assert meter.cost("a").cpu_s == 1.0


def test_energy_is_divided_by_processor_time_of_the_whole_machine() -> None:
    meter = CostMeter()
    meter.observe({"a": use()}, whole(0.0, 100.0, 0.0), now=0.0)
    # A quarter of what the machine worked was for the rendition; it took 20 W for a minute.
    meter.observe({"a": use(threads=15.0)}, whole(15.0, 160.0, 1200.0), now=WINDOW_S)
    found = meter.cost("a")
    assert found.energy_j == pytest.approx(300.0)
    assert found.watt_hours_per_hour == pytest.approx(5.0)


def test_where_the_machine_tells_no_energy_none_is_guessed() -> None:
    meter = CostMeter()
    meter.observe({"a": use()}, whole(0.0), now=0.0)
    meter.observe({"a": use(threads=9.0)}, whole(9.0), now=30.0)
    assert meter.cost("a").energy_j is None
    assert meter.cost("a").watt_hours_per_hour is None
    assert meter.cost("a").cpu_s_per_hour is not None


def test_energy_that_can_be_read_no_more_is_told_no_more() -> None:
    meter = CostMeter()
    meter.observe({"a": use()}, whole(0.0, 1.0, 0.0), now=0.0)
    meter.observe({"a": use(threads=1.0)}, whole(1.0, 2.0, 50.0), now=10.0)
    assert meter.cost("a").energy_j == pytest.approx(50.0)
    meter.observe({"a": use(threads=2.0)}, whole(2.0, 3.0), now=20.0)
    assert meter.cost("a").energy_j is None


def test_a_rendition_that_ended_is_forgotten_and_a_new_one_pays_for_nothing_before_it() -> None:
    meter = CostMeter()
    meter.observe({"a": use()}, whole(0.0), now=0.0)
    meter.observe({"b": use(threads=7.0, engine=7.0)}, whole(10.0), now=10.0)
    assert meter.cost("a") == RenditionCost()
    assert meter.cost("b").cpu_s == 0.0


SECONDS = st.one_of(st.just(0.0), st.floats(1e-6, 5.0))


@settings(deadline=None)
@given(
    st.lists(st.tuples(SECONDS, SECONDS), min_size=1, max_size=6),
    st.floats(0, 50),
)
def test_costs_add_up_to_what_the_worker_took(
    used: list[tuple[float, float]], beside: float
) -> None:
    meter = CostMeter()
    names = [str(number) for number in range(len(used))]
    meter.observe(dict.fromkeys(names, use()), whole(0.0), now=0.0)
    leads = {name: use(threads=t, engine=e) for name, (t, e) in zip(names, used, strict=True)}
    total = sum(threads for threads, _ in used) + beside
    meter.observe(leads, whole(total), now=10.0)
    costs = sum(meter.cost(name).cpu_s for name in names)
    is_used = any(threads + engine > 0 for threads, engine in used)
    assert costs == pytest.approx(total if is_used else 0.0, rel=1e-6, abs=1e-6)
