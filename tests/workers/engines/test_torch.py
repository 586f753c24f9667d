"""The engine for nets that are not exported: what it takes, and what a session remembers."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from models.manifest import Architecture, Manifest, load_manifest
from workers.engines.engine import CompiledNet, Engine
from workers.engines.registry import engine_reasons, make_engine
from workers.errors import NetUnusable

RECURRENT: dict[str, int | bool | list[int]] = {
    "channels": 8,
    "blocks": 1,
    "tail": 8,
    "flow_channels": 8,
}


def test_torch_runs_a_net_of_the_table_frame_after_frame(zoo: Path) -> None:
    torch = pytest.importorskip("torch")
    engine = make_engine("torch", threads=1)
    manifest, path = load_manifest("colours", zoo), zoo / "colours" / "weights.pth"
    session = engine.compile(manifest, path, width=16, height=20).session()
    frames = np.random.default_rng(0).random((3, 3, 20, 16), np.float32)
    result = np.empty((3, 40, 32), np.float32)
    session.run({"frames": frames}, result)
    middle = torch.from_numpy(frames[1:2])
    expected = torch.nn.functional.interpolate(middle, scale_factor=2, mode="bilinear")
    assert np.abs(result - expected[0].numpy()).max() < 1e-5
    session.reset()
    engine.close()


def test_torch_takes_neither_graphs_nor_batches(zoo: Path) -> None:
    pytest.importorskip("torch")
    engine = make_engine("torch", threads=1)
    with pytest.raises(NetUnusable, match="no architecture"):
        engine.compile(load_manifest("tiny", zoo), zoo / "tiny" / "fp32.onnx", width=8, height=8)
    path = zoo / "colours" / "weights.pth"
    with pytest.raises(NetUnusable, match="one frame at a time"):
        engine.compile(load_manifest("colours", zoo), path, width=16, height=16, batch=2)


def test_asking_for_reasons_leaves_the_threads_of_torch_alone(zoo: Path) -> None:
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    engine_reasons()
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)


def test_torch_says_what_is_wrong_with_weights(zoo: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "weights.pth").write_bytes(b"nothing")
    engine = make_engine("torch", threads=1)
    with pytest.raises(NetUnusable, match=r"weights\.pth is damaged"):
        engine.compile(load_manifest("colours", zoo), tmp_path / "weights.pth", width=16, height=16)


@pytest.fixture
def engine() -> Engine:
    pytest.importorskip("torch")
    return make_engine("torch", threads=1)


def recurrent(zoo: Path) -> Manifest:
    """A small BasicVSR that goes forward only, in the clothes of another model."""
    manifest = load_manifest("colours", zoo)
    return msgspec.structs.replace(
        manifest,
        architecture=Architecture("basicvsr-causal", RECURRENT),
        scale=4,
        window=1,
        lookahead=0,
    )


def remembering(engine: Engine, zoo: Path, folder: Path) -> CompiledNet:
    import torch

    from models.nets.table import build

    torch.manual_seed(1)
    torch.save({"params": build("basicvsr-causal", RECURRENT).state_dict()}, folder / "net.pth")
    return engine.compile(recurrent(zoo), folder / "net.pth", width=16, height=16)


def shown(count: int, size: int = 16) -> list[dict[str, np.ndarray]]:
    frames = np.random.default_rng(4).random((count, 1, 3, size, size), np.float32)
    return [{"frames": frame} for frame in frames]


def test_the_engine_has_no_form_of_a_graph(engine: Engine) -> None:
    info = engine.info
    assert info.name == "torch" and info.variants == () and info.max_batch == 1


def test_a_net_with_memory_goes_on_from_its_last_frame(
    engine: Engine, zoo: Path, tmp_path: Path
) -> None:
    session = remembering(engine, zoo, tmp_path).session()
    first, again, after = (np.empty((3, 64, 64), np.float32) for _ in range(3))
    one, two = shown(2)
    session.run(two, first)
    session.run(one, again)
    session.run(two, after)
    assert np.abs(after - first).max() > 1e-4
    session.reset()
    session.run(two, again)
    assert np.array_equal(again, first)


def test_sessions_of_a_net_with_memory_remember_each_their_own(
    engine: Engine, zoo: Path, tmp_path: Path
) -> None:
    net = remembering(engine, zoo, tmp_path)
    one, two = shown(2)
    alone, together = np.empty((2, 3, 64, 64), np.float32)
    session = net.session()
    for feeds in (one, two):
        session.run(feeds, alone)
    ours, theirs = net.session(), net.session()
    other = np.empty_like(alone)
    ours.run(one, together)
    theirs.run(two, other)
    ours.run(two, together)
    assert np.array_equal(together, alone)


@pytest.mark.parametrize("size", [16, 17, 32, 33])
def test_the_least_size_of_a_net_runs_too(
    engine: Engine, zoo: Path, tmp_path: Path, size: int
) -> None:
    """At 32 and below the flow of such a net begins with a picture of one pixel."""
    remembering(engine, zoo, tmp_path)
    manifest = recurrent(zoo)
    manifest = msgspec.structs.replace(manifest, size_multiple=1)
    session = engine.compile(manifest, tmp_path / "net.pth", width=size, height=16).session()
    made = np.full((3, 64, 4 * size), np.nan, np.float32)
    for frame in np.random.default_rng(4).random((2, 1, 3, 16, size), np.float32):
        session.run({"frames": frame}, made)
        assert np.isfinite(made).all()


def test_warming_up_leaves_no_trace(engine: Engine, zoo: Path, tmp_path: Path) -> None:
    net = remembering(engine, zoo, tmp_path)
    (feeds,) = shown(1)
    before, after = np.empty((2, 3, 64, 64), np.float32)
    net.session().run(feeds, before)
    net.warm_up()
    net.session().run(feeds, after)
    assert np.array_equal(before, after)


def test_a_net_that_the_table_lacks_is_refused(engine: Engine, zoo: Path) -> None:
    manifest = msgspec.structs.replace(recurrent(zoo), architecture=Architecture("dreamnet", {}))
    with pytest.raises(NetUnusable, match="there is no net 'dreamnet'"):
        engine.compile(manifest, zoo / "colours" / "weights.pth", width=16, height=16)


def test_weights_of_another_net_are_refused(engine: Engine, zoo: Path) -> None:
    with pytest.raises(NetUnusable, match=r"weights\.pth does not fit"):
        engine.compile(recurrent(zoo), zoo / "colours" / "weights.pth", width=16, height=16)


def test_sizes_are_fixed_when_a_net_is_compiled(engine: Engine, zoo: Path) -> None:
    with pytest.raises(NetUnusable, match="Engine 'torch' fixes the size"):
        engine.compile_dynamic(load_manifest("colours", zoo), zoo / "colours" / "weights.pth")


@pytest.mark.parametrize("precision", ["auto", "fp32", "fp16", "int8"])
def test_on_a_processor_everything_is_computed_in_fp32(
    engine: Engine, zoo: Path, precision: str
) -> None:
    if engine.info.device != "cpu":
        pytest.skip("there is a GPU, where fp16 is used")
    path = zoo / "colours" / "weights.pth"
    net = engine.compile(
        load_manifest("colours", zoo), path, width=16, height=16, precision=precision
    )
    assert net.info.precision == "fp32" and net.info.device == "cpu"
    assert net.info.output.shape == (3, 32, 32)
