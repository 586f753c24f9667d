"""Nets for video as ONNX graphs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnxscript")

import onnx
import torch

from models.export.video import OPSET, Step, write_video
from tests.models.nets.small import SHAPES, SMALL
from tests.models.nets.test_video import CASES, HEIGHT, WIDTH, clip, made, played

Export = Callable[[str, dict[str, int]], Path]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """Gives the graph of ``made(name, shape)``, which is written once: that takes seconds."""
    folder = tmp_path_factory.mktemp("graphs")

    def export(name: str, shape: dict[str, int]) -> Path:
        path = folder / f"{name}-{shape['colours']}-{shape['scale']}.onnx"
        if not path.exists():
            write_video(made(name, shape), path, height=HEIGHT, width=WIDTH)
        return path

    return export


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_its_onnx_graph_equals_it_frame_after_frame(
    name: str, shape: dict[str, int], exported: Export
) -> None:
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    net = made(name, shape)
    session = runtime.InferenceSession(
        str(exported(name, shape)), providers=["CPUExecutionProvider"]
    )
    frames = clip(net, 2)
    state = [x.numpy() for x in net.start(HEIGHT, WIDTH)]
    for n, expected in enumerate(played(net, frames)):
        feeds = {"frames": frames[:, n : n + net.window].numpy()}
        feeds |= {f"state{k}": x for k, x in enumerate(state)}
        y, *state = session.run(None, feeds)
        assert np.abs(y - expected.numpy()).max() < 1e-4


@pytest.mark.parametrize("name", SMALL)
def test_openvino_runs_its_graph_too(name: str, exported: Export) -> None:
    pytest.importorskip("onnxscript")
    from models.openvino_core import open_core

    net = made(name, SHAPES[1])
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    core = open_core()
    compiled = core.compile_model(core.read_model(exported(name, SHAPES[1])), "CPU", exact)
    frames = clip(net, 1)
    feeds = {"frames": frames.numpy()}
    feeds |= {f"state{k}": x.numpy() for k, x in enumerate(net.start(HEIGHT, WIDTH))}
    y = compiled(feeds)["enhanced"]
    assert np.abs(y - played(net, frames)[0].numpy()).max() < 1e-4


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> onnx.ModelProto:
    path = tmp_path_factory.mktemp("graph") / "net.onnx"
    write_video(made("unet", SHAPES[1]), path, height=HEIGHT, width=WIDTH)
    assert [each.name for each in path.parent.iterdir()] == ["net.onnx"], "weights stay inside"
    return onnx.load(path)


def sizes(values: Any) -> dict[str, list[int]]:
    return {
        value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim] for value in values
    }


def test_inputs_are_the_frames_and_the_state_at_one_size(graph: onnx.ModelProto) -> None:
    assert sizes(graph.graph.input) == {
        "frames": [1, 1, 1, HEIGHT, WIDTH],
        "state0": [1, 1, 2 * HEIGHT, 2 * WIDTH],
        "state1": [1, 8, HEIGHT, WIDTH],
    }


def test_outputs_are_the_picture_and_the_state_in_the_same_order(graph: onnx.ModelProto) -> None:
    inputs, outputs = sizes(graph.graph.input), sizes(graph.graph.output)
    assert list(outputs) == ["enhanced", "state0_out", "state1_out"]
    assert outputs["enhanced"] == [1, 1, 2 * HEIGHT, 2 * WIDTH]
    for name in ("state0", "state1"):
        assert outputs[f"{name}_out"] == inputs[name]
    kinds = {each.type.tensor_type.elem_type for each in graph.graph.output}
    assert kinds == {onnx.TensorProto.FLOAT}


def test_only_operators_that_every_runtime_has_are_used(graph: onnx.ModelProto) -> None:
    assert {each.version for each in graph.opset_import if each.domain == ""} == {OPSET}
    assert {node.domain for node in graph.graph.node} <= {"", "ai.onnx"}
    assert "DeformConv" not in {node.op_type for node in graph.graph.node}
    onnx.checker.check_model(graph, full_check=True)


def test_all_weights_are_in_the_graph(graph: onnx.ModelProto) -> None:
    net = made("unet", SHAPES[1])
    held = [onnx.numpy_helper.to_array(each) for each in graph.graph.initializer]
    for parameter in net.parameters():
        values = parameter.detach().numpy()
        assert any(each.shape == values.shape and np.allclose(each, values) for each in held)


@pytest.mark.parametrize("name", SMALL)
def test_a_step_is_the_net_s_own(name: str) -> None:
    net = made(name, SHAPES[1])
    frames, state = clip(net, 1), net.start(HEIGHT, WIDTH)
    with torch.no_grad():
        expected, found = net.step(frames, *state), Step(net)(frames, *state)
    assert len(expected) == len(found) == 1 + len(state)
    assert all(torch.equal(a, b) for a, b in zip(expected, found, strict=True))
