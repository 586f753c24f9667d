"""The int8 graph: QuantizeLinear / DequantizeLinear pairs before each conv of the body and the
head.

The first convs, the base and the sum stay float. Same contract as `models.graph.writer`. Zero
points are all zero, so the S8S8 form is what TensorRT takes.
"""

from __future__ import annotations

import numpy as np
import onnx

from models.graph.plain import Conv
from models.graph.writer import GraphWriter
from models.quantize.calibrate import Quantized, round_weight

__all__ = ["write_int8"]


def write_int8(quantized: Quantized) -> onnx.ModelProto:
    """The int8 graph of a calibrated net."""
    net = quantized.net
    graph = GraphWriter(net)
    x, base, past = graph.begin()
    for index, conv in enumerate((*net.body, graph.head())):
        name = "head" if index == len(net.body) else f"conv{index}"
        x = graph.node("Relu", [x], f"{name}_relu")
        x = _through_integers(graph, x, quantized, index, name)
        weight = _weight(graph, conv, quantized, index, name)
        # The bias stays float32: it is one number for each output channel.
        bias = graph.constant(f"{name}_b", conv.bias)
        x = graph.node("Conv", [x, weight, bias], name, pads=[conv.pad] * 4)
    return graph.finish(x, base, past)


def _through_integers(
    graph: GraphWriter, x: str, quantized: Quantized, index: int, name: str
) -> str:
    step = graph.constant(f"{name}_scale", np.float32(quantized.activation_scales[index]))
    zero = graph.constant(f"{name}_zero", quantized.scheme.activation(0))
    small = graph.node("QuantizeLinear", [x, step, zero], f"{name}_in_q")
    return graph.node("DequantizeLinear", [small, step, zero], f"{name}_in")


def _weight(graph: GraphWriter, conv: Conv, quantized: Quantized, index: int, name: str) -> str:
    scale = quantized.weight_scales[index]
    inputs = [
        graph.constant(f"{name}_w_q", round_weight(conv.weight, scale, quantized.scheme)),
        graph.constant(f"{name}_w_scale", scale),
        graph.constant(f"{name}_w_zero", np.zeros(len(scale), np.int8)),
    ]
    # Axis 0 of a kernel is the output channel; a scale for each keeps small channels precise.
    return graph.node("DequantizeLinear", inputs, f"{name}_w", axis=0)
