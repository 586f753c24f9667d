from __future__ import annotations

from workers.team.lead_load import MIN_PART, REST_S, SHORT_S, LeadLoad

FRAME_S = 1 / 30


def run(load: LeadLoad, seconds: float, late_s: float, begin: float = 0.0) -> float:
    """Frames that are all taken so late; returns the time at the end."""
    for index in range(round(seconds / FRAME_S)):
        load.took(late_s, now=begin + index * FRAME_S)
    return begin + seconds


def test_a_lead_that_keeps_up_gives_out_all() -> None:
    load = LeadLoad()
    run(load, 10.0, 0.002)
    assert load.part == 1.0 and not load.rests(now=10.0)


def test_a_lead_that_is_short_gives_out_less_at_once_and_more_again_slowly() -> None:
    load = LeadLoad()
    end = run(load, 2.0, 2 * SHORT_S)
    assert 0.2 < load.part < 0.5
    fallen = load.part
    end = run(load, 2.0, 0.0, end)
    assert fallen < load.part < fallen + 0.25
    run(load, 12.0, 0.0, end)
    assert load.part == 1.0


def test_a_frame_now_and_then_that_is_late_says_nothing() -> None:
    load = LeadLoad()
    for index in range(300):
        load.took(0.1 if index % 3 else 0.0, now=index * FRAME_S)
    assert load.part == 1.0


def test_a_lead_for_which_the_least_is_too_much_rests_and_tries_again() -> None:
    load = LeadLoad()
    end = run(load, 10.0, 0.2)
    assert load.part == MIN_PART and load.rests(now=end)
    assert not load.rests(now=end + REST_S + 1.0)
    run(load, 2.0, 0.0, end + REST_S + 1.0)
    assert load.part > MIN_PART
