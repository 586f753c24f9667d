"""OpenVINO: how it is told to run, graphs of frequent sizes, and the process around it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.manifest import load_manifest, model_file
from workers.engines.engine import Engine
from workers.engines.openvino import ANY_SIZE, COMPILER_NICENESS
from workers.engines.registry import make_engine
from workers.engines.shape_cache import MIN_COUNT, MIN_INPUTS_BETWEEN
from workers.errors import NetUnusable

SIGNALLED = """
import gc, os, signal, sys, threading
from pathlib import Path
from models.manifest import load_manifest
from workers.engines.registry import make_engine

engine = make_engine("openvino", threads=1)
manifest = load_manifest("tiny", Path(sys.argv[1]))
path = Path(sys.argv[1]) / "tiny" / "fp32.onnx"
held = [engine, engine.compile(manifest, path, width=16, height=12)]
del engine

def release():
    held[0].close()
    held.clear()
    gc.collect()

if sys.argv[2] == "held":
    pass
elif sys.argv[2] == "released":
    release()
else:
    releaser = threading.Thread(target=release)
    releaser.start()
    releaser.join()
signal.signal(signal.SIGTERM, lambda number, frame: print("heard"))
os.kill(os.getpid(), signal.SIGTERM)
print("alive")
"""


@pytest.mark.parametrize("when", ["held", "released", "released by another thread"])
def test_a_signal_reaches_a_process_that_has_or_had_an_engine(zoo: Path, when: str) -> None:
    """The plug-in gives signals another stack, which it takes away at its end."""
    ended = subprocess.run(
        [sys.executable, "-c", SIGNALLED, str(zoo), when],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (0, "heard\nalive\n"), ended.stderr


def test_openvino_runs_call_after_call_on_its_threads_in_float(zoo: Path) -> None:
    engine = make_engine("openvino", threads=1)
    net: Any = engine.compile(
        load_manifest("tiny", zoo), zoo / "tiny" / "fp32.onnx", width=8, height=8
    )
    wanted = {"NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": 1, "ENABLE_CPU_PINNING": False}
    assert {name: net._compiled.get_property(name) for name in wanted} == wanted
    assert net._compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name() == "f32"


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = make_engine("openvino", threads=1)
    yield made
    made.close()


def opened(engine: Engine, zoo: Path, name: str = "looks") -> Any:
    return engine.compile_dynamic(load_manifest(name, zoo), zoo / name / "fp32.onnx")


def graph_of(net: Any, size: tuple[int, int]) -> tuple[int, int]:
    """The size that the graph is for which an input of that size would get; nothing is counted."""
    return size if size in net._static else ANY_SIZE


def wait_for_graph(net: Any, size: tuple[int, int]) -> None:
    deadline = time.monotonic() + 20
    while graph_of(net, size) != size:
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_a_frequent_size_gets_a_graph_of_its_own_with_the_same_picture(
    engine: Engine, zoo: Path
) -> None:
    net = opened(engine, zoo)
    session, luma = net.session(), np.full((6, 8), 50, np.uint8)
    for _ in range(MIN_COUNT):
        assert set(session.run(luma, 0.5).flat) == {100}
    wait_for_graph(net, (6, 8))
    assert net.graph((6, 8))[0] == (6, 8) and net.graph((8, 6))[0] == ANY_SIZE
    # Both graphs are in use by then, each with the strength of its call.
    for strength, level in ((0.0, 50), (1.0, 150)):
        assert set(session.run(luma, strength).flat) == {level}
        assert set(session.run(luma[:4], strength).flat) == {level}


def test_prepared_sizes_get_their_graphs_before_any_call(engine: Engine, zoo: Path) -> None:
    net = opened(engine, zoo)
    net.prepare([(4, 6), (6, 8)])
    wait_for_graph(net, (6, 8))
    assert net.graph((4, 6))[0] == (4, 6)
    assert set(net.session().run(np.full((4, 6), 50, np.uint8), 1.0).flat) == {150}
    graphs = dict(net._static)
    net.prepare([(6, 8), (8, 8)])
    wait_for_graph(net, (8, 8))
    assert net._static[(6, 8)] is graphs[(6, 8)]


def test_the_thread_that_compiles_yields_to_the_streams(zoo: Path) -> None:
    engine = make_engine("openvino", threads=1)
    net = opened(engine, zoo)
    found: list[int] = []
    compile_net = net._compile

    def noted(height: int, width: int) -> Any:
        found.append(os.getpriority(os.PRIO_PROCESS, 0))
        return compile_net(height, width)

    net._compile = noted
    net.prepare([(4, 6)])
    wait_for_graph(net, (4, 6))
    engine.close()
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert found == [COMPILER_NICENESS] or sys.platform != "linux"
    assert own < COMPILER_NICENESS


def test_a_graph_that_was_dropped_is_let_go_by_the_sessions(engine: Engine, zoo: Path) -> None:
    net = opened(engine, zoo, "tiny")
    net._sizes = type(net._sizes)(max_graphs=1)
    session, small, large = net.session(), np.zeros((4, 4), np.uint8), np.zeros((8, 8), np.uint8)
    for _ in range(MIN_COUNT):
        session.run(small, 0.0)
    wait_for_graph(net, (4, 4))
    session.run(small, 0.0)
    assert set(session._requests) == {ANY_SIZE, (4, 4)}
    for _ in range(MIN_INPUTS_BETWEEN + 4 * MIN_COUNT):
        session.run(large, 0.0)
    wait_for_graph(net, (8, 8))
    assert graph_of(net, (4, 4)) == ANY_SIZE
    session.run(large, 0.0)
    assert set(session._requests) == {ANY_SIZE, (8, 8)}


def test_a_size_that_cannot_be_compiled_stays_with_the_open_graph(
    engine: Engine, zoo: Path, caplog: pytest.LogCaptureFixture
) -> None:
    net = opened(engine, zoo, "tiny")

    def refuse(height: int, width: int) -> Any:
        raise RuntimeError("first line\nno memory.")

    compile_net, net._compile = net._compile, refuse
    session, luma = net.session(), np.zeros((6, 8), np.uint8)
    for _ in range(MIN_COUNT):
        session.run(luma, 0.0)
    deadline = time.monotonic() + 20
    while not caplog.records:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    assert [getattr(record, "action", "") for record in caplog.records] == ["no_graph"]
    assert "no memory" in caplog.text and "first line" not in caplog.text
    assert session.run(luma, 0.0).shape == (12, 16)
    # It is not asked for again, and other sizes get their graphs after the pause.
    net._compile = compile_net
    for _ in range(2 * MIN_INPUTS_BETWEEN):
        session.run(luma, 0.0)
    assert graph_of(net, (6, 8)) == ANY_SIZE
    for _ in range(MIN_COUNT):
        session.run(luma[:4], 0.0)
    wait_for_graph(net, (4, 8))


def test_a_stream_that_outlives_its_engine_makes_its_last_pictures(zoo: Path) -> None:
    engine = make_engine("openvino", threads=1)
    net = opened(engine, zoo)
    engine.close()
    session, luma = net.session(), np.full((6, 8), 7, np.uint8)
    for _ in range(2 * MIN_COUNT):
        assert set(session.run(luma, 0.0).flat) == {7}
    assert graph_of(net, (6, 8)) == ANY_SIZE


def test_sessions_have_strengths_of_their_own(engine: Engine, zoo: Path) -> None:
    net = opened(engine, zoo)
    one, other, luma = net.session(), net.session(), np.full((6, 8), 50, np.uint8)
    first = np.array(one.run(luma, 1.0))
    assert set(other.run(luma, 0.0).flat) == {50} and set(first.flat) == {150}
    assert set(one.run(luma, 0.25).flat) == {75}


def test_the_last_line_of_the_runtimes_text_is_the_reason(
    engine: Engine, zoo: Path, tmp_path: Path
) -> None:
    (tmp_path / "fp32.onnx").write_bytes(b"nothing of a graph")
    manifest = load_manifest("tiny", zoo)
    with pytest.raises(NetUnusable, match=r"^OpenVINO cannot load fp32\.onnx: .*[^.]\.$") as caught:
        engine.compile_dynamic(manifest, tmp_path / "fp32.onnx")
    assert "\n" not in str(caught.value)


def test_a_net_is_compiled_for_one_size_and_needs_no_warm_up(engine: Engine) -> None:
    manifest = load_manifest("live-s")
    net = engine.compile(manifest, model_file(manifest, "int8"), width=24, height=16)
    net.warm_up()
    luma = np.random.default_rng(2).integers(0, 256, (16, 24)).astype(np.uint8)
    feeds: dict[str, np.ndarray] = {"luma": luma, "strength": np.zeros(1, np.float32)}
    first, second = np.empty((2, 32, 48), np.uint8)
    session = net.session()
    session.run(feeds, first)
    session.reset()
    session.run(feeds, second)
    assert np.array_equal(first, second) and np.ptp(first) > 100
