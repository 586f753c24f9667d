from __future__ import annotations

from workers.plan.lateness import LONGEST_S, ON_TIME_S, TOO_LATE_S, LatePolicy, Method


def simulate(net_s: float, fps: float, frames: int) -> tuple[list[Method], list[float]]:
    """One frame after the other through a net that takes ``net_s``; methods and ages at the end."""
    policy, free_at = LatePolicy(), 0.0
    methods, ages = [], []
    for index in range(frames):
        arrived = index / fps
        now = max(arrived, free_at)
        method = policy.choose(arrived=arrived, interval_s=1 / fps, now=now)
        took = {Method.NET: net_s, Method.RESIZE: 0.001, Method.DROP: 0.0}[method]
        if method is Method.NET:
            policy.took(net_s)
        free_at = now + took
        methods.append(method)
        ages.append(free_at - arrived)
    return methods, ages


def test_a_net_faster_than_the_frames_makes_them_all() -> None:
    methods, ages = simulate(net_s=0.020, fps=30, frames=100)
    assert set(methods) == {Method.NET}
    assert max(ages) < 0.021


def test_a_net_a_little_too_slow_costs_frames_not_delay() -> None:
    methods, ages = simulate(net_s=0.040, fps=30, frames=300)
    share = methods.count(Method.NET) / len(methods)
    assert 0.6 < share < 0.9
    assert Method.DROP not in methods
    assert max(ages) < 0.066


def test_a_net_that_takes_several_intervals_still_delivers_every_frame() -> None:
    methods, ages = simulate(net_s=0.100, fps=60, frames=300)
    assert Method.DROP not in methods and methods.count(Method.NET) > 30
    assert max(ages) < 0.12


def test_an_old_frame_is_resized_and_a_hopeless_one_dropped() -> None:
    policy = LatePolicy()
    policy.took(0.020)
    choose = policy.choose
    assert choose(arrived=1.0, interval_s=1 / 30, now=1.0) is Method.NET
    assert choose(arrived=1.0, interval_s=1 / 30, now=1.0 + ON_TIME_S) is Method.RESIZE
    assert choose(arrived=1.0, interval_s=1 / 30, now=1.001 + TOO_LATE_S) is Method.DROP


def test_forgetting_tries_the_net_again() -> None:
    policy = LatePolicy()
    policy.took(9.0)
    policy.forget()
    assert policy.net_s is None
    assert policy.choose(arrived=0.0, interval_s=1 / 30, now=0.04) is Method.NET


def test_a_net_that_holds_up_the_frames_behind_it_is_not_run_again() -> None:
    methods, ages = simulate(net_s=LONGEST_S + 0.05, fps=30, frames=100)
    assert methods.count(Method.NET) == 1
    assert methods.count(Method.DROP) < 5 and ages[-1] < 0.01


def test_a_slow_net_gets_frames_now_and_then_and_the_others_go_by() -> None:
    methods, ages = simulate(net_s=0.25, fps=30, frames=300)
    assert methods.count(Method.NET) > 20
    assert Method.DROP not in methods and max(ages) < 0.26
