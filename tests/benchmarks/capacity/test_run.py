"""Runs against a worker: every frame is somewhere."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import psutil
import pytest

from benchmarks.capacity.material import CodedFrame, Material
from benchmarks.capacity.pinned import NAME, on_core, pinned_worker
from benchmarks.capacity.run import Span, run_streams
from benchmarks.material import CLIP_FOLDER
from tests.workers.conftest import zoo
from tests.workers.fakes import PacedEngine
from tests.workers.studio import lead_config, working
from wire import keys
from wire.connection import Redis, connect
from wire.embedded import EmbeddedServer
from workers.upscale.model_cache import ModelCache

__all__ = ["zoo"]

SPAN = Span(warm_s=0.5, seconds=2.0)


async def test_frames_in_are_frames_out_and_dropped(redis_client: Redis, zoo: Path) -> None:
    good, bad = Material(CLIP_FOLDER, SPAN.frames).streams("mixed", 2)
    bad = list(bad)
    # A slice that is cut off: the worker drops it, and all that follows.
    bad[30] = CodedFrame(bad[30].payload[: len(bad[30].payload) // 2], is_key=False)
    nets = ModelCache(PacedEngine(0.0001), zoo=zoo)
    spent = iter((1.0, 1.5))
    try:
        async with working(redis_client, nets, lead_config("w1")) as worker:
            outcome = await run_streams(
                redis_client, "run", [good, bad], SPAN, worker="w1", cpu_s=lambda: next(spent)
            )
            assert worker.leads == []
    finally:
        nets.close()
    assert outcome.streams == 2 and outcome.unaccounted == 0
    timing = outcome.timing
    assert 100 <= timing.frames <= 120
    assert 40 <= timing.frames - timing.out <= 45
    assert outcome.served.dropped > 20 and outcome.served.full > 40
    assert 0 < timing.p50_ms <= timing.p95_ms <= timing.p99_ms < 5000
    assert timing.worst_gap_ms > 1300  # 40 frames at 30 a second
    assert 0.15 < outcome.worker_cpu < 0.3


def test_a_thread_leaves_its_core_again() -> None:
    before = os.sched_getaffinity(0)
    core = min(before)
    with on_core(core):
        assert os.sched_getaffinity(0) == {core}
    assert os.sched_getaffinity(0) == before


@pytest.mark.e2e
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is only one core")
async def test_the_real_worker_has_one_core_and_loses_nothing(
    redis_server: EmbeddedServer,
) -> None:
    core = max(os.sched_getaffinity(0))
    span = dataclasses.replace(SPAN, warm_s=1.5)
    streams = Material(CLIP_FOLDER, span.frames).streams("fixed", 1)
    with pinned_worker(core, redis_server.url, model="live-s", temporal=True) as worker:
        threads = psutil.Process(worker.process.pid).threads()
        assert len(threads) > 1
        assert all(os.sched_getaffinity(thread.id) == {core} for thread in threads)
        client = connect(redis_server.url, prefix=keys.PREFIX)
        try:
            outcome = await run_streams(
                client, "run", streams, span, worker=NAME, cpu_s=worker.cpu_s
            )
        finally:
            await client.aclose()
    assert outcome.unaccounted == 0
    got = outcome.served
    assert got.frames > 30 and got.full + got.temporal + got.bicubic + got.dropped > 30
    assert outcome.timing.frames >= 50 and 0 < outcome.worker_cpu < 1.1
    assert worker.process.poll() is not None
