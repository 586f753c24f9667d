"""Placement of renditions on workers that make nothing."""

from __future__ import annotations

import pytest

from benchmarks.placement import HEAD, SPARE, measure, run
from wire.connection import Redis


async def test_every_rendition_is_placed_again_after_workers_died(redis_client: Redis) -> None:
    figures = await measure(redis_client, workers=10, streams=50, pace=1.0)
    assert (figures.workers, figures.streams, figures.placed) == (10, 50, 50)
    assert 0.0 < figures.placed_s < 20.0
    assert 0.0 < figures.replaced_s < 20.0
    assert 1.0 / SPARE < figures.fullest <= 1.0 + 1e-9
    assert 5.0 < figures.commands < 45.0
    assert 0.0 < figures.redis_ms < 1000.0
    assert 0.0 < figures.busy < 1.5
    assert len(figures.cells()) == len(HEAD)


async def test_the_median_of_the_repeats_is_returned(capsys: pytest.CaptureFixture[str]) -> None:
    (result,) = await run([4], per_worker=2, pace=100.0, repeats=1)
    assert result["placed"] == result["streams"] == 8
    assert capsys.readouterr().out.count("|") == len(HEAD) + 1
