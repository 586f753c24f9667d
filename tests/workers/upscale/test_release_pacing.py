"""When frames leave, in virtual time: 30 a second."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.upscale.release_pacing import MAX_FALL_S_PER_S, ReleasePacing

INTERVAL_S = 1 / 30


def left(waits: Iterable[float], max_s: float = 0.3) -> list[float]:
    """Times at which frames leave whose results take so long."""
    pacing = ReleasePacing()
    return [
        pacing.release(
            queued=index * INTERVAL_S,
            ready=index * INTERVAL_S + min(wait_s, max_s),
            until=index * INTERVAL_S + max_s,
        )
        for index, wait_s in enumerate(waits)
    ]


def test_what_waits_for_nothing_leaves_at_once() -> None:
    pacing = ReleasePacing()
    for index in range(10):
        at = index * INTERVAL_S
        assert pacing.release(queued=at, ready=at, until=math.inf) == at


def test_every_other_frame_without_anything_to_wait_for_makes_no_bursts() -> None:
    times = left([0.1, 0.0] * 30)
    gaps = [later - before for before, later in zip(times[2:], times[3:], strict=False)]
    assert min(gaps) > (1 - MAX_FALL_S_PER_S) * INTERVAL_S - 1e-9
    assert max(gaps) < 1.5 * INTERVAL_S


def test_when_helpers_are_gone_the_delay_goes_down_by_and_by() -> None:
    times = left([0.2] * 5 + [0.0] * 60)
    gaps = [later - before for before, later in zip(times[4:], times[5:], strict=False)]
    assert gaps[:10] == pytest.approx([0.75 * INTERVAL_S] * 10)
    assert times[-1] == pytest.approx(64 * INTERVAL_S)


@given(st.lists(st.floats(0.0, 0.6), min_size=2, max_size=60))
def test_frames_never_leave_late_early_or_out_of_order(waits: list[float]) -> None:
    times = left(waits)
    for index, (at, wait_s) in enumerate(zip(times, waits, strict=True)):
        queued = index * INTERVAL_S
        assert queued + min(wait_s, 0.3) - 1e-9 <= at <= queued + 0.3 + 1e-9
    assert times == sorted(times)
