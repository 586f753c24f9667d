from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.manifest import ZOO, Manifest, list_models, load_manifest, model_file

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from workers.engines.engine import out_shape, tensor_shapes  # noqa: E402
from workers.engines.onnx_graphs import read, shapes_of, types_of, with_shapes  # noqa: E402
from workers.engines.tensorrt.graph_rewrites import (  # noqa: E402
    check_quantized,
    move_casts_to_border,
    structure,
    to_half,
)
from workers.errors import NetUnusable  # noqa: E402

WIDTH, HEIGHT = 40, 24
ZERO = np.int8(0)
GRAPHS = [model.name for model in list_models() if model.files]


def fixed(name: str, precision: str, *, batch: int = 1) -> Any:
    manifest = load_manifest(name)
    shapes = tensor_shapes(manifest, width=WIDTH, height=HEIGHT, batch=batch)
    return with_shapes(read(model_file(manifest, precision)), shapes)


def run(model: Any, manifest: Manifest) -> np.ndarray:
    """The picture of a smooth one."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    luma = (128 + 60 * np.sin(x / 7) + 50 * np.cos(y / 5 + x / 11)).astype(np.uint8)
    feeds: dict[str, Any] = {"luma": luma[None, None], "strength": np.array([0.5], np.float32)}
    if manifest.previous:
        scale = manifest.scale
        feeds["previous"] = luma.repeat(scale, 0).repeat(scale, 1)[None, None]
    return np.asarray(session.run(None, feeds)[0]).astype(int)


def kinds(model: Any) -> list[str]:
    return [node.op_type for node in model.graph.node]


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("precision", ["fp32", "int8-s8s8"])
def test_only_casts_touch_uint8_and_the_picture_stays(name: str, precision: str) -> None:
    before = fixed(name, precision)
    after = move_casts_to_border(before)
    assert kinds(before)[:2] == ["Pad", "Cast"]
    assert kinds(before)[-3:] == ["Cast", "Reshape", "DepthToSpace"]
    assert kinds(after)[:2] == ["Cast", "Pad"]
    assert kinds(after)[-3:] == ["Reshape", "DepthToSpace", "Cast"]
    assert sorted(kinds(after)) == sorted(kinds(before))
    types = types_of(after)
    for node in after.graph.node:
        if node.op_type != "Cast":
            touched = {types.get(each) for each in (*node.input, *node.output)}
            assert TensorProto.UINT8 not in touched
    onnx.checker.check_model(after, full_check=True)
    assert np.array_equal(run(after, load_manifest(name)), run(before, load_manifest(name)))


@pytest.mark.parametrize("name", GRAPHS)
def test_in_half_the_body_alone_changes_and_hardly_a_sample(name: str) -> None:
    manifest = load_manifest(name)
    before = move_casts_to_border(fixed(name, "fp32"))
    after = to_half(before)
    onnx.checker.check_model(after, full_check=True)
    types = types_of(after)
    half = {
        node.name: types[node.input[0]] == TensorProto.FLOAT16
        for node in after.graph.node
        if node.op_type in ("Conv", "Relu")
    }
    whole = {name for name, is_half in half.items() if not is_half}
    assert whole == {"first", "base", *(["conv_past"] if manifest.previous else [])}
    for node in after.graph.node:
        if node.op_type in ("Add", "Mul", "Clip", "DepthToSpace"):
            assert types[node.output[0]] == TensorProto.FLOAT
    apart = np.abs(run(after, manifest) - run(before, manifest))
    assert apart.max() <= 1 and (apart > 0).mean() < 0.01


@pytest.mark.parametrize("name", GRAPHS)
def test_our_int8_files_for_tensorrt_are_laid_out_as_it_wants(name: str) -> None:
    model = fixed(name, "int8-s8s8")
    convs = kinds(model).count("Conv")
    in_float = 3 if load_manifest(name).previous else 2
    assert check_quantized(model) == convs - in_float
    assert check_quantized(fixed(name, "fp32")) == 0


def test_the_int8_file_for_cpus_is_refused_and_the_right_one_named() -> None:
    with pytest.raises(NetUnusable, match="not uint8 .*int8-s8s8"):
        check_quantized(fixed("live-s", "int8"))


def quantized(
    *,
    zero: Any = ZERO,
    scale: Any = 0.1,
    weight_axis: int = 0,
    weight_scale: Any = (0.1, 0.2),
    pair: bool = True,
    both: bool = True,
) -> Any:
    """Input -> Q -> DQ -> Conv with a dequantized weight of two output channels."""
    constants = {
        "scale": np.asarray(scale, np.float32),
        "zero": np.asarray(zero),
        "w": np.ones((2, 1, 1, 1), np.int8),
        "ws": np.asarray(weight_scale, np.float32),
        "wz": np.zeros(np.shape(weight_scale), np.int8),
        "wf": np.ones((2, 1, 1, 1), np.float32),
    }
    nodes = [helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"])]
    if pair:
        nodes.append(helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["d"]))
    else:
        nodes.append(helper.make_node("Cast", ["q"], ["d"], to=TensorProto.FLOAT))
    nodes.append(helper.make_node("DequantizeLinear", ["w", "ws", "wz"], ["wd"], axis=weight_axis))
    nodes.append(helper.make_node("Conv", ["d", "wd" if both else "wf"], ["y"], name="conv"))
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2, 4, 4])],
        [numpy_helper.from_array(value, key) for key, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"zero": np.int8(3)}, "zero points of 0 only"),
        ({"zero": np.uint8(0)}, "not uint8"),
        ({"scale": 0.0}, "not positive"),
        ({"scale": np.inf}, "not positive"),
        ({"weight_scale": (0.1, -0.1)}, "not positive"),
        ({"weight_axis": 1}, "each output channel"),
        ({"weight_scale": (0.1,)}, "each output channel"),
        ({"scale": (0.1,), "zero": np.zeros(1, np.int8)}, "each output channel"),
        ({"pair": False}, "not dequantized where it is used"),
        ({"both": False}, "only one of its inputs"),
    ],
)
def test_what_tensorrt_would_not_take_is_said(fault: dict[str, Any], words: str) -> None:
    assert check_quantized(quantized()) == 1
    with pytest.raises(NetUnusable, match=words):
        check_quantized(quantized(**fault))


def test_a_graph_that_computes_in_uint8_is_refused() -> None:
    nodes = [
        helper.make_node("Add", ["luma", "luma"], ["twice"], name="twice"),
        helper.make_node("Cast", ["twice"], ["enhanced"], to=TensorProto.FLOAT),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("luma", TensorProto.UINT8, [1, 1, 4, 4])],
        [helper.make_tensor_value_info("enhanced", TensorProto.FLOAT, [1, 1, 4, 4])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    with pytest.raises(NetUnusable, match="Add 'twice' computes in it"):
        move_casts_to_border(model)


def test_the_structure_is_what_weights_do_not_change() -> None:
    model, other = fixed("live-s", "int8-s8s8"), fixed("live-s", "int8-s8s8")
    for tensor in other.graph.initializer:
        if tensor.name in ("conv0_w_q", "conv0_b", "conv1_scale"):
            value = numpy_helper.to_array(tensor)
            tensor.CopyFrom(numpy_helper.from_array(np.array(value * 2, value.dtype), tensor.name))
    assert model.SerializeToString() != other.SerializeToString()
    assert structure(model) == structure(other)
    assert structure(model) != structure(fixed("live-m", "int8-s8s8"))
    assert structure(model) != structure(fixed("live-s", "fp32"))
    assert structure(model) != structure(fixed("live-s", "int8-s8s8", batch=2))
    for tensor in other.graph.initializer:
        if tensor.name == "high":  # of the clip: no weight, built into a plan
            tensor.CopyFrom(numpy_helper.from_array(np.array(254, np.float32), "high"))
    assert structure(model) != structure(other)


@pytest.mark.parametrize("batch", [1, 3])
def test_shapes_are_fixed_and_the_output_follows(batch: int) -> None:
    manifest = load_manifest("live-t")
    shapes = shapes_of(fixed("live-t", "fp32", batch=batch))
    assert shapes["luma"] == (batch, 1, HEIGHT, WIDTH)
    assert shapes["strength"] == ((1,) if batch == 1 else (batch, 1, 1, 1))
    wanted = out_shape(manifest, width=WIDTH, height=HEIGHT, batch=batch)
    assert shapes["enhanced"] == wanted


def test_the_files_themselves_are_left_alone() -> None:
    path = ZOO / "live-s" / "fp32.onnx"
    before = path.read_bytes()
    model = read(path)
    to_half(move_casts_to_border(with_shapes(model, {"luma": (1, 1, 8, 8), "strength": (1,)})))
    assert model.SerializeToString() == read(path).SerializeToString()
    assert path.read_bytes() == before
