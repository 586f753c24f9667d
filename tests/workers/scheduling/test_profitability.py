from __future__ import annotations

from workers.scheduling.profitability import RETRY_AFTER_S, Profitability


def told(partial_s: float, whole_s: float, frames: int = 40) -> Profitability:
    worth = Profitability()
    worth.add_whole(whole_s)
    for _ in range(frames):
        worth.add_partial(partial_s)
    return worth


def test_it_is_tried_while_little_is_known() -> None:
    assert Profitability().is_worth_it(now=0.0)
    assert told(0.030, 0.010, frames=10).is_worth_it(now=0.0)


def test_what_saves_time_goes_on_and_what_does_not_pauses() -> None:
    assert told(0.008, 0.010).is_worth_it(now=0.0)
    assert not told(0.012, 0.010).is_worth_it(now=0.0)


def test_after_a_while_it_is_tried_again_and_judged_anew() -> None:
    worth = told(0.012, 0.010)
    assert not worth.is_worth_it(now=100.0)
    assert not worth.is_worth_it(now=100.0 + RETRY_AFTER_S - 0.1)
    assert worth.is_worth_it(now=100.0 + RETRY_AFTER_S)
    for _ in range(40):
        worth.add_partial(0.006)
    assert worth.is_worth_it(now=130.0)


def test_single_slow_frames_do_not_turn_it() -> None:
    worth = told(0.006, 0.010, frames=200)
    for _ in range(3):
        worth.add_partial(0.030)
    assert worth.is_worth_it(now=0.0)


def test_a_machine_that_became_slow_is_followed() -> None:
    worth = told(0.012, 0.010)
    for _ in range(100):
        worth.add_whole(0.030)
    assert worth.is_worth_it(now=0.0)
