"""Threads of several streams on one net: a real one, and one that can be held and made to fail."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from models.manifest import Manifest, load_manifest
from workers.engines.engine import (
    Array,
    CompiledNet,
    DynamicShapeModel,
    EngineInfo,
    Feeds,
    NetInfo,
    Session,
    describe,
)
from workers.engines.engine_lock import EngineLock, EngineUsage
from workers.engines.registry import make_engine
from workers.engines.selection import EngineRequest
from workers.errors import DeviceFailed
from workers.scheduling.batching import BatchCosts
from workers.upscale.batched_model import BatchedNet, batch_for, measure_batch
from workers.upscale.model_cache import ModelCache

PAYS = BatchCosts(size=3, single_s=0.01, batch_s=0.012)


def real_nets(zoo: Path, model: str, size: int) -> tuple[CompiledNet, CompiledNet]:
    engine = make_engine("openvino", threads=1)
    path = zoo / model / "fp32.onnx"
    one, many = (
        engine.compile(load_manifest(model, zoo), path, width=16, height=12, batch=batch)
        for batch in (1, size)
    )
    return one, many


def together(*works: Callable[[], None]) -> None:
    """Each on a thread of its own, until all are done."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_every_stream_gets_its_own_picture_with_its_own_style(zoo: Path) -> None:
    net = BatchedNet(*real_nets(zoo, "looks", 3), PAYS, EngineLock())
    net.warm_up()
    assert net.info.batch == 1 and net.info.output.shape == (24, 32)
    wrong: list[tuple[int, int]] = []

    def stream(number: int) -> Callable[[], None]:
        session = net.session()

        def work() -> None:
            target = np.zeros((24, 32), np.uint8)
            for frame in range(40):
                level, strength = 3 * number + frame, 0.1 * number
                feeds: dict[str, np.ndarray] = {
                    "luma": np.full((12, 16), level, np.uint8),
                    "strength": np.array([strength], np.float32),
                }
                session.run(feeds, target)
                if set(target.flat) != {int(level + 100 * np.float32(strength))}:
                    wrong.append((number, frame))
            session.reset()

        return work

    together(*(stream(number) for number in range(5)))
    assert wrong == []


class HeldNet:
    """A net that notes how many frames each call had, and waits for ``go`` in every call."""

    def __init__(self, info: NetInfo, calls: list[int]) -> None:
        self.info = info
        self.calls = calls
        self.entered, self.go = threading.Event(), threading.Event()
        self.error: Exception | None = None

    def session(self) -> Session:
        return self

    def warm_up(self) -> None:
        pass

    def reset(self) -> None:
        pass

    def run(self, feeds: Feeds, enhanced: Array) -> None:
        self.entered.set()
        assert self.go.wait(10)
        if self.error is not None:
            raise self.error
        frames = feeds["luma"].shape[0] if self.info.batch > 1 else 1
        self.calls.append(frames)
        enhanced[:] = feeds["luma"].repeat(2, -1).repeat(2, -2)


def held(zoo: Path, size: int = 3) -> tuple[HeldNet, HeldNet, list[int]]:
    manifest = load_manifest("tiny", zoo)
    info = describe(manifest, width=4, height=4, batch=1, precision="fp32", device="none")
    calls: list[int] = []
    many = describe(manifest, width=4, height=4, batch=size, precision="fp32", device="none")
    return HeldNet(info, calls), HeldNet(many, calls), calls


def test_frames_that_come_while_the_net_is_busy_go_together(zoo: Path) -> None:
    single, many, calls = held(zoo)
    lock = EngineLock()
    net = BatchedNet(single, many, dataclasses.replace(PAYS, size=3), lock)
    many.go.set()
    results: dict[int, int] = {}
    spent: dict[int, EngineUsage] = {}

    def stream(level: int) -> Callable[[], None]:
        session = net.session()

        def work() -> None:
            target = np.zeros((8, 8), np.uint8)
            with lock.timed() as spent[level]:
                session.run({"luma": np.full((4, 4), level, np.uint8)}, target)
            results[level] = int(target.max()) if np.ptp(target) == 0 else -1

        return work

    first = threading.Thread(target=stream(9))
    first.start()
    assert single.entered.wait(10)
    others = [threading.Thread(target=stream(level)) for level in (1, 2, 3)]
    for thread in others:
        thread.start()
    # Whether a frame waits shows nowhere else: its thread only sleeps.
    waiting = net._calls._policy._waiting
    while len(waiting) < 3:
        assert first.is_alive()
        time.sleep(0.001)
    single.go.set()
    for thread in (first, *others):
        thread.join(10)
        assert not thread.is_alive()
    assert calls == [1, 3]
    assert results == {9: 9, 1: 1, 2: 2, 3: 3}
    # Each pays an equal part of the call, whichever thread ran it, and waited for the first.
    assert len({spent[level].worked_s for level in (1, 2, 3)}) == 1 and spent[1].worked_s > 0
    assert all(spent[level].waited_s > 0 for level in (1, 2, 3))
    assert lock.tickets == 2


def test_a_call_that_fails_fails_for_its_frames_and_the_net_goes_on(
    zoo: Path, caplog: pytest.LogCaptureFixture
) -> None:
    single, many, calls = held(zoo)
    net = BatchedNet(single, many, PAYS, EngineLock())
    single.go.set()
    session, target = net.session(), np.zeros((8, 8), np.uint8)
    feeds = {"luma": np.full((4, 4), 5, np.uint8)}
    single.error = DeviceFailed("the GPU is lost")
    with pytest.raises(DeviceFailed, match="lost"):
        session.run(feeds, target)
    assert [getattr(record, "action", "") for record in caplog.records] == ["net_failed"]
    single.error = None
    session.run(feeds, target)
    assert (target == 5).all() and calls == [1]


def test_costs_are_those_of_the_two_nets(zoo: Path) -> None:
    costs = measure_batch(*real_nets(zoo, "looks", 4))
    assert costs.size == 4 and costs.single_s > 0 and costs.batch_s > 0


@pytest.mark.parametrize("model", ["nowhere", "colours"])
def test_what_is_no_graph_is_not_batched(zoo: Path, model: str) -> None:
    assert batch_for(make_engine("openvino", threads=1), EngineRequest(model, 64, 48, zoo=zoo)) == 1


class Paying:
    """OpenVINO, but calls of several frames are said to take as long as a call of one would."""

    def __init__(self) -> None:
        self._engine = make_engine("openvino", threads=1)
        self.batches: list[int] = []

    @property
    def info(self) -> EngineInfo:
        return dataclasses.replace(self._engine.info, max_batch=3)

    def compile(self, *arguments: object, **how: object) -> CompiledNet:
        self.batches.append(int(how.get("batch", 1)))  # type: ignore[call-overload]
        return self._engine.compile(*arguments, **how)  # type: ignore[arg-type]

    def compile_dynamic(self, manifest: Manifest, path: Path) -> DynamicShapeModel:
        return self._engine.compile_dynamic(manifest, path)

    def close(self) -> None:
        self._engine.close()


@pytest.mark.parametrize("pays", [True, False])
def test_the_cache_batches_a_net_only_where_that_pays(zoo: Path, pays: bool) -> None:
    measured = BatchCosts(size=3, single_s=0.01, batch_s=0.012 if pays else 0.03)
    engine = Paying()
    nets = ModelCache(engine, zoo=zoo, batch=3, measure=lambda single, many: measured)
    net = nets.load("tiny", 16, 12)
    assert isinstance(net.compiled, BatchedNet) is pays
    assert engine.batches == [1, 3]
    target = np.zeros((24, 32), np.uint8)
    net.session().run({"luma": np.full((12, 16), 7, np.uint8)}, target)
    assert (target == 7).all()
    nets.close()


def test_a_net_with_memory_is_never_batched(zoo: Path) -> None:
    pytest.importorskip("torch")
    nets = ModelCache(Paying(), zoo=zoo, batch=3)
    assert not isinstance(nets.load("window", 16, 16).compiled, BatchedNet)
    nets.close()
