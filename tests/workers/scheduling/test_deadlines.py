from __future__ import annotations

from workers.scheduling.deadlines import MAX_AGE_S, MAX_FREEZE_S, StaleFrameFilter

FPS = 30.0
OLD = MAX_AGE_S + 0.1


def test_what_is_in_time_passes() -> None:
    patience = StaleFrameFilter()
    assert not any(patience.ends(MAX_AGE_S, now=i / FPS) for i in range(90))


def test_what_is_too_late_is_dropped_but_for_a_picture_now_and_then() -> None:
    patience = StaleFrameFilter()
    patience.ends(0.0, now=0.0)
    passed = [i / FPS for i in range(1, 91) if not patience.ends(OLD, now=i / FPS)]
    gaps = [after - before for before, after in zip([0.0, *passed], passed, strict=False)]
    assert max(gaps) < MAX_FREEZE_S + 1.5 / FPS and min(gaps) >= MAX_FREEZE_S
    assert not patience.ends(0.0, now=3.01)


def test_the_first_picture_is_shown_however_old() -> None:
    assert not StaleFrameFilter().ends(OLD, now=7.0)


def test_a_clock_that_jumps_back_holds_nothing_up() -> None:
    patience = StaleFrameFilter()
    patience.ends(0.0, now=100.0)
    assert not patience.ends(OLD, now=5.0)
