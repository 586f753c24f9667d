"""The short measurements: real encoder, Redis and nets, within their budgets."""

from __future__ import annotations

import time

import pytest

from benchmarks.quick import measure


def test_calls_end_with_the_budget_and_are_three_at_least() -> None:
    calls: list[int] = []
    ms, cpu = measure.first_quartile(lambda: calls.append(1), 0.0)
    assert len(calls) == measure.MIN_CALLS
    assert 0.0 <= ms < 1000.0 and cpu >= 0.0
    calls.clear()
    measure.first_quartile(lambda: calls.append(1), 60.0)
    assert len(calls) == measure.MAX_CALLS


def test_the_encoder_is_measured_at_two_sizes() -> None:
    small, large = measure.encoder()
    assert (small.size, large.size) == ("960x540", "1280x720")
    assert small.ms > 0 and small.cpu_ms > 0


def test_redis_is_measured_by_an_append() -> None:
    (found,) = measure.redis_append()
    assert found.engine == "Redis" and found.ms > 0


def test_without_time_no_net_is_measured() -> None:
    assert list(measure.nets(until_s=time.monotonic() - 1.0)) == []


@pytest.mark.timeout(300)
def test_the_default_net_is_measured_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "CELL_S", 0.05)
    first = next(measure.nets(until_s=time.monotonic() + 300.0))
    assert (first.what.split()[0], first.size) == ("live-s", "480x270")
    assert first.ms > 0
