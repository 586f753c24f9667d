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
from models.quantize.calibrate import Quantized, calibrate
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
