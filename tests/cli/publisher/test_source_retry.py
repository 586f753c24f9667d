"""Waits for a source that is away, in virtual time."""

from __future__ import annotations

from cli.publisher.source_retry import FIRST_WAIT_S, MAX_WAIT_S, SourceRetry


def test_waits_double_up_to_a_limit() -> None:
    retry = SourceRetry()
    waits = [retry.wait_s(1.0) for _ in range(10)]
    assert waits[:4] == [0.5, 1.0, 2.0, 4.0]
    assert waits[-1] == MAX_WAIT_S
    assert waits == sorted(waits)


def test_chance_spreads_them_over_half() -> None:
    assert SourceRetry().wait_s(0.0) == FIRST_WAIT_S / 2
    assert SourceRetry().wait_s(1.0) == FIRST_WAIT_S


def test_each_reason_is_said_once_in_a_row() -> None:
    retry = SourceRetry()
    reasons = ["refused", "refused", "404", "404", "refused"]
    assert [retry.is_news(each) for each in reasons] == [True, False, True, False, True]
