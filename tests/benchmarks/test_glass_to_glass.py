"""Delays from the stamps that a publisher's preview and a viewer showed."""

from __future__ import annotations

import pytest

from benchmarks.glass_to_glass import delays_ms


def row(number: float, at_ms: float) -> list[float]:
    """A stamp as the pages note it: number, presented, seen (ms), width, height, RTP time."""
    return [number, at_ms, at_ms, 480.0, 270.0, -1.0]


def test_a_delay_is_the_time_from_the_preview_to_the_view() -> None:
    sent = [row(n, 1000 + 33 * n) for n in range(10)]
    shown = [row(n, 1000 + 33 * n + 80 + n) for n in range(10)]
    assert delays_ms(sent, shown) == [80.0 + n for n in range(10)]


def test_of_a_clip_that_loops_the_last_preview_before_the_view_counts() -> None:
    sent = [row(7, 1000), row(7, 11_000)]
    assert delays_ms(sent, [row(7, 1100), row(7, 11_090)]) == [100.0, 90.0]
    assert delays_ms([row(7, 1000), row(7, 1500)], [row(7, 1600)]) == [100.0]


@pytest.mark.parametrize(("number", "at_ms"), [(7, 3000), (7, 999), (8, 1100), (-1, 1100)])
def test_what_has_no_preview_within_two_seconds_has_no_delay(number: int, at_ms: int) -> None:
    """Too late, before it was sent, another frame, and a stamp that cannot be read."""
    assert delays_ms([row(7, 1000), row(-1, 1000)], [row(number, at_ms)]) == []


def test_a_view_at_the_moment_of_the_preview_has_no_delay() -> None:
    assert delays_ms([row(7, 1000)], [row(7, 1000)]) == [0.0]
    assert delays_ms([row(7, 1000)], [row(7, 2999)]) == [1999.0]
