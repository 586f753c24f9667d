"""The time until the engine is free."""

from __future__ import annotations

import pytest

from workers.scheduling.engine_queue import EngineQueue


def test_frames_wait_for_all_that_were_chosen_before() -> None:
    queue = EngineQueue()
    assert queue.wait_s(now=5.0) == 0.0
    queue.enter("a", 0.02, now=5.0)
    queue.enter("b", 0.03, now=5.0)
    assert queue.wait_s(now=5.0) == pytest.approx(0.05)
    assert queue.wait_s(now=5.04) == pytest.approx(0.01)
    assert queue.wait_s(now=6.0) == 0.0


def test_a_frame_that_is_done_early_shortens_the_wait_and_one_that_is_late_does_not() -> None:
    queue = EngineQueue()
    queue.enter("a", 0.02, now=0.0)
    queue.enter("b", 0.03, now=0.0)
    queue.leave("a", now=0.005)
    assert queue.wait_s(now=0.005) == pytest.approx(0.03)
    queue.leave("b", now=0.1)
    assert queue.wait_s(now=0.1) == 0.0


def test_a_frame_that_is_not_there_changes_nothing() -> None:
    queue = EngineQueue()
    queue.enter("a", 0.02, now=0.0)
    queue.leave("b", now=0.01)
    queue.leave("b", now=0.02)
    assert queue.wait_s(now=0.0) == pytest.approx(0.02)


def test_after_a_pause_the_wait_begins_now_and_not_in_the_past() -> None:
    queue = EngineQueue()
    queue.enter("a", 0.02, now=0.0)
    queue.leave("a", now=0.02)
    queue.enter("a", 0.02, now=100.0)
    assert queue.wait_s(now=100.0) == pytest.approx(0.02)
