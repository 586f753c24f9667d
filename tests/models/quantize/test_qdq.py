"""The int8 graph."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

import onnx
from onnx import numpy_helper

from models.export.live import plain_live
from models.graph.writer import graph_macs, write_float
from models.quantize.calibrate import Quantized, calibrate, round_weight
from models.quantize.qdq import write_int8
from models.quantize.scheme import S8S8, U8S8, Scheme
from tests.models.test_live_net import KINDS, pictures, tiny


def quantized(kind: str, scheme: Scheme) -> Quantized:
    net = tiny(KINDS[kind])
    return calibrate(plain_live(net), pictures(net, 16, 16, 2), scheme)


@pytest.mark.parametrize("kind", list(KINDS))
def test_it_has_the_inputs_and_outputs_of_the_float_graph(kind: str) -> None:
    found = quantized(kind, U8S8)
    small, plain = write_int8(found), write_float(found.net)
    for side in ("input", "output"):
        assert getattr(small.graph, side) == getattr(plain.graph, side)
    assert graph_macs(small) == graph_macs(plain)


@pytest.mark.parametrize(("scheme", "kind"), [(U8S8, np.uint8), (S8S8, np.int8)])
def test_activations_are_of_the_schemes_type_and_zero_is_zero(
    scheme: Scheme, kind: type[np.generic]
) -> None:
    model = write_int8(quantized("plain", scheme))
    constants = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    quantizers = [node for node in model.graph.node if node.op_type == "QuantizeLinear"]
    assert len(quantizers) == len(quantized("plain", scheme).activation_scales)
    for node in quantizers:
        zero = constants[node.input[2]]
        assert zero.dtype == kind and zero == 0
    for name, value in constants.items():
        if name.endswith("_w_zero"):
            assert value.dtype == np.int8 and not value.any()


def test_every_conv_but_the_first_ones_takes_integers() -> None:
    model = write_int8(quantized("looks", U8S8))
    made = {node.output[0]: node.op_type for node in model.graph.node}
    sources = {
        node.name: (made.get(node.input[0]), made.get(node.input[1]))
        for node in model.graph.node
        if node.op_type == "Conv"
    }
    both = ("DequantizeLinear", "DequantizeLinear")
    assert {name for name, found in sources.items() if found != both} == {"first", "base"}


def test_the_weights_are_stored_as_bytes() -> None:
    found = quantized("plain", U8S8)
    small = len(write_int8(found).SerializeToString())
    assert small < len(write_float(found.net).SerializeToString())
    onnx.checker.check_model(write_int8(found), full_check=True)


def constants_of(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    return {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}


def nodes_of(model: onnx.ModelProto) -> dict[str, onnx.NodeProto]:
    return {name: node for node in model.graph.node for name in node.output}


@pytest.mark.parametrize("scheme", [U8S8, S8S8])
@pytest.mark.parametrize("kind", ["plain", "temporal"])
def test_each_conv_reads_relu_quantize_dequantize(kind: str, scheme: Scheme) -> None:
    found = quantized(kind, scheme)
    model = write_int8(found)
    nodes, constants = nodes_of(model), constants_of(model)
    names = [f"conv{index}" for index in range(len(found.net.body))] + ["head"]
    for name, step in zip(names, found.activation_scales, strict=True):
        back = nodes[nodes[name].input[0]]
        small = nodes[back.input[0]]
        relu = nodes[small.input[0]]
        assert (back.op_type, small.op_type, relu.op_type) == (
            "DequantizeLinear", "QuantizeLinear", "Relu",
        )  # fmt: skip
        # One scale and one zero point for both directions.
        assert list(back.input[1:]) == list(small.input[1:])
        assert constants[small.input[1]] == pytest.approx(step)
        assert constants[small.input[1]].shape == ()


@pytest.mark.parametrize("scheme", [U8S8, S8S8])
def test_a_dequantized_kernel_is_the_rounded_one(scheme: Scheme) -> None:
    found = quantized("looks", scheme)
    model = write_int8(found)
    nodes, constants = nodes_of(model), constants_of(model)
    names = [f"conv{index}" for index in range(len(found.net.body))] + ["head"]
    for name, conv, scale in zip(names, found.net.convs, found.weight_scales, strict=True):
        back = nodes[nodes[name].input[1]]
        assert back.op_type == "DequantizeLinear"
        (axis,) = [attribute.i for attribute in back.attribute if attribute.name == "axis"]
        assert axis == 0
        levels, scales, zeros = (constants[each] for each in back.input)
        assert scales.shape == zeros.shape == (len(conv.weight),)
        assert np.array_equal(levels, round_weight(conv.weight, scale, scheme))
        assert np.array_equal(scales, scale)


@pytest.mark.parametrize("kind", list(KINDS))
def test_biases_stay_float_and_only_the_faithful_head_rounds(kind: str) -> None:
    found = quantized(kind, U8S8)
    model = write_int8(found)
    nodes, constants = nodes_of(model), constants_of(model)
    cells = found.net.scale**2
    for index, conv in enumerate(found.net.body):
        bias = constants[nodes[f"conv{index}"].input[2]]
        assert bias.dtype == np.float32 and np.array_equal(bias, conv.bias)
    head = constants[nodes["head"].input[2]]
    assert np.allclose(head[:cells], found.net.head.bias[:cells] + 0.5)
    assert np.array_equal(head[cells:], found.net.head.bias[cells:])


def test_the_frame_around_the_body_is_the_float_graph_s() -> None:
    """First convs, base, sum, clip and unfolding are the same nodes with the same constants."""
    found = quantized("temporal", S8S8)
    small, plain = write_int8(found), write_float(found.net)
    ours, theirs = nodes_of(small), nodes_of(plain)
    shared = {name for name in theirs if not name.startswith(("conv", "relu", "head"))}
    shared.add("conv_past")
    for name in shared - {"seen"}:
        assert ours[name].op_type == theirs[name].op_type
        assert ours[name].attribute == theirs[name].attribute
    for name in ("first_w", "first_b", "base_w", "conv_past_w", "gate_high", "low", "high"):
        assert np.array_equal(constants_of(small)[name], constants_of(plain)[name])


def test_the_same_scales_give_the_same_bytes() -> None:
    one, other = (write_int8(quantized("looks", U8S8)) for _ in range(2))
    assert one.SerializeToString(deterministic=True) == other.SerializeToString(deterministic=True)
