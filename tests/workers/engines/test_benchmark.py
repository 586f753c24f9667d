from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.manifest import load_manifest
from workers.engines.benchmark import ROUNDS, TimedCalls, sample_feeds, sample_picture, time_net
from workers.engines.engine import CompiledNet, describe
from workers.engines.registry import make_engine


def after(*took_ms: float, budget_ms: float = 500.0) -> TimedCalls:
    trial = TimedCalls(budget_s=budget_ms / 1000)
    for each in took_ms:
        trial.add(each / 1000)
    return trial


def test_there_is_at_least_one_call() -> None:
    assert not after(budget_ms=0).is_over
    assert after(900, budget_ms=0).is_over
    assert after(900).first_quartile_s == 0.9


def test_quick_calls_end_with_their_number() -> None:
    assert not after(*[1] * (ROUNDS - 1)).is_over
    assert after(*[1] * ROUNDS).is_over


def test_slow_calls_end_before_the_budget_is_broken() -> None:
    assert not after(120, 120, 120).is_over
    assert after(120, 120, 120, 120).is_over


def test_neither_the_first_call_nor_a_hold_up_counts() -> None:
    assert after(300, 11, 10, 90, 12, 13).first_quartile_s == 0.011


@pytest.fixture
def net(zoo: Path) -> CompiledNet:
    engine = make_engine("openvino", threads=1)
    manifest = load_manifest("looks", zoo)
    return engine.compile(manifest, zoo / "looks" / "fp32.onnx", width=40, height=24)


def test_a_net_is_timed_within_its_budget(net: CompiledNet) -> None:
    times = iter(np.arange(0.0, 100.0, 0.1))
    assert time_net(net, clock=lambda: next(times)) == pytest.approx(0.1)
    # two readings a call, five calls of 0.1 s: no sixth
    assert next(times) == pytest.approx(1.0)
    assert time_net(net) > 0


def test_the_sample_fits_every_kind_of_port(net: CompiledNet, zoo: Path) -> None:
    feeds = sample_feeds(net.info)
    assert feeds["luma"].shape == (24, 40) and feeds["luma"].dtype == np.uint8
    assert np.ptp(feeds["luma"]) > 150
    assert feeds["strength"].tolist() == [0.5]
    assert sample_picture(net).shape == (48, 80)
    video = describe(
        load_manifest("unet-xs"), width=32, height=16, batch=1, precision="fp32", device=""
    )
    frames = sample_feeds(video)["frames"]
    assert frames.shape == video.inputs[0].shape
    assert frames.dtype == np.float32 and 0 <= frames.min() < 0.3 < 0.7 < frames.max() <= 1
