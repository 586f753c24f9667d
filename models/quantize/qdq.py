"""The int8 graph: QuantizeLinear / DequantizeLinear pairs before each body conv but the first.

The first conv, the base and the sum stay float.

U8S8: uint8 activations with one scale for the tensor and zero at zero (they follow a ReLU), int8
weights of 7 bits with one scale for each output channel. Same contract as `models.export.graph`.
"""

from __future__ import annotations

import numpy as np
import onnx

from models.export.graph import GraphWriter
from models.quantize.calibrate import Quantized, round_weight

__all__ = ["write_int8"]


def write_int8(quantized: Quantized) -> onnx.ModelProto:
    """The int8 graph of a calibrated net."""
    net = quantized.net
    graph = GraphWriter(net)
    folded = graph.begin()
    x = folded
    last = len(net.body) - 1
    for index, conv in enumerate(net.body):
        if index == 0:
            # One input channel fills a quarter of an int8 dot product: float is faster here.
            weight = graph.constant("w0", conv.weight)
        else:
            scale = quantized.activation_scales[index - 1]
            x = _through_bytes(graph, x, scale, f"act{index}")
            weight = _weight(graph, quantized, index)
        bias = graph.constant(f"b{index}", conv.bias)
        x = graph.conv(x, weight, bias, f"conv{index}", net.pad(index))
        if index < last:
            x = graph.node("Relu", [x], f"relu{index}")
    return graph.finish(x, graph.base(folded))


def _through_bytes(graph: GraphWriter, x: str, scale: float, name: str) -> str:
    step = graph.constant(f"{name}_scale", np.float32(scale))
    zero = graph.constant(f"{name}_zero", np.uint8(0))
    small = graph.node("QuantizeLinear", [x, step, zero], f"{name}_q")
    return graph.node("DequantizeLinear", [small, step, zero], name)


def _weight(graph: GraphWriter, quantized: Quantized, index: int) -> str:
    scale = quantized.weight_scales[index - 1]
    levels = round_weight(quantized.net.body[index].weight, scale)
    inputs = [
        graph.constant(f"w{index}_q", levels),
        graph.constant(f"w{index}_scale", scale),
        graph.constant(f"w{index}_zero", np.zeros(len(scale), np.int8)),
    ]
    return graph.node("DequantizeLinear", inputs, f"w{index}", axis=0)
