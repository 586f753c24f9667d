"""Delays for addresses that go on after refusals."""

from __future__ import annotations

from app.http.edge.penalties import PAUSE_S, REFUSALS, Penalties


def test_an_address_that_goes_on_after_refusals_is_held_back_and_no_other() -> None:
    penalties = Penalties()
    for _ in range(39):
        penalties.on_refusal("a", now=0.0)
    assert penalties.pause_s("a", now=0.0) == 0.0
    for _ in range(1000):
        penalties.on_refusal("a", now=0.0)
    assert penalties.pause_s("a", now=0.0) == PAUSE_S
    assert penalties.pause_s("b", now=0.0) == 0.0
    assert penalties.pause_s("a", now=0.5) == 0.0
    assert penalties.paused == 1


def test_forty_refusals_are_free_and_ten_more_a_second() -> None:
    penalties = Penalties()
    for _ in range(int(REFUSALS.burst)):
        assert penalties.pause_s("a", now=0.0) == 0.0
        penalties.on_refusal("a", now=0.0)
    assert penalties.pause_s("a", now=0.0) == PAUSE_S
    for n in range(1, 100):
        # Who is refused no more often than the rate is never delayed.
        now = 1.0 + n / REFUSALS.per_s
        assert penalties.pause_s("a", now=now) == 0.0
        penalties.on_refusal("a", now=now)


def test_each_delay_is_counted_and_costs_no_token() -> None:
    penalties = Penalties()
    for _ in range(50):
        penalties.on_refusal("a", now=0.0)
    assert [penalties.pause_s("a", now=0.0) for _ in range(5)] == [PAUSE_S] * 5
    assert penalties.paused == 5
    # Half a second later the bucket has gained five tokens of the one that it may owe.
    assert penalties.pause_s("a", now=0.5) == 0.0
