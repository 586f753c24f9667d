"""The ONNX graph of a plain net, in float; `models.quantize.qdq` writes the int8 one with the same
frame.

Contract: inputs `luma` uint8 [1, 1, H, W], `previous` uint8 [1, 1, scale*H, scale*W] where the net
sees the previous picture, `strength` float32 [1] if it has two styles; output `enhanced` uint8
[1, 1, scale*H, scale*W]. H and W are free. Everything between is in the graph.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from models.graph.plain import Conv, PlainNet

__all__ = ["INPUT", "OPSET", "OUTPUT", "PREVIOUS", "STRENGTH", "GraphWriter", "graph_macs"]
__all__ += ["write_float"]

OPSET = 17
INPUT = "luma"
PREVIOUS = "previous"
STRENGTH = "strength"
OUTPUT = "enhanced"


class GraphWriter:
    """Collects nodes and constants. Every node has one output, which carries the node's name."""

    def __init__(self, net: PlainNet) -> None:
        self.net = net
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: NDArray[Any] | np.generic) -> str:
        self._constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def begin(self) -> tuple[str, str, str]:
        """The first conv's output before its ReLU, the base, and the previous picture's difference
        to the base (empty where the net does not see it); all float.
        """
        # ONNX lists the beginnings of all axes before their ends: here 2 pixels around H and W.
        pads = np.array([0, 0, 2, 2, 0, 0, 2, 2], np.int64)
        padded = self.node("Pad", [INPUT, self.constant("pads", pads)], "padded", mode="edge")
        levels = self.node("Cast", [padded], "levels", to=TensorProto.FLOAT)
        # One input channel fills a quarter of an int8 dot product: float is faster here, and the
        # base must never feel int8 rounding.
        x = self.conv(levels, self.net.first, "first", pad=0)
        base = self.conv(levels, self.net.base, "base", pad=0)
        past = self.net.past
        if past is None:
            return x, base, ""
        before = self.node("Cast", [PREVIOUS], "previous_levels", to=TensorProto.FLOAT)
        folded = self.node("SpaceToDepth", [before], "previous_folded", blocksize=self.net.scale)
        # depth to space (CRD) and space to depth order one channel's cells alike.
        difference = self.node("Sub", [folded, base], "past")
        return self.node("Add", [x, self.conv(difference, past, "conv_past")], "seen"), base, "past"

    def conv(self, x: str, conv: Conv, name: str, *, pad: int | None = None) -> str:
        """Adds a float convolution to the graph; returns the name of its output."""
        inputs = [
            x,
            self.constant(f"{name}_w", conv.weight),
            self.constant(f"{name}_b", conv.bias),
        ]
        return self.node("Conv", inputs, name, pads=[conv.pad if pad is None else pad] * 4)

    def head(self) -> Conv:
        """The heads as one conv. Cast truncates: half a level in the faithful bias makes it
        round.
        """
        bias = self.net.head.bias.copy()
        bias[: self.net.scale**2] += 0.5
        return Conv(self.net.head.weight, bias)

    def finish(self, head: str, base: str, past: str) -> onnx.ModelProto:
        """Puts the heads and the base together, clips, casts and unfolds; the checked model."""
        faithful, crisp, gate = self._heads(head)
        total = self.node("Add", [faithful, self._flat(base)], "sum")
        if gate:
            # The gate's conv is not bounded; GATE_LIMIT in models.nets.live says why it must be.
            limits = [self.constant("gate_low", np.float32(0))]
            limits.append(self.constant("gate_high", np.float32(self.net.gate_limit)))
            kept = self.node(
                "Mul",
                [self.node("Clip", [gate, *limits], "gate_clipped"), self._flat(past)],
                "kept",
            )
            total = self.node("Add", [total, kept], "sum_kept")
        if crisp:
            more = self.node("Mul", [crisp, STRENGTH], "crisper")
            total = self.node("Add", [total, more], "sum_crisp")
        low, high = self.constant("low", np.float32(0)), self.constant("high", np.float32(255))
        # ONNX leaves the cast of a float beyond the type's range undefined (operator Cast).
        clipped = self.node("Clip", [total, low, high], "clipped")
        # Unfolding bytes moves a quarter of what unfolding floats would.
        small = self.node("Cast", [clipped], "bytes", to=TensorProto.UINT8)
        small = self._reshaped(small, self.net.scale**2, "cells")
        self.node("DepthToSpace", [small], OUTPUT, blocksize=self.net.scale, mode="CRD")
        return self._model()

    def _heads(self, head: str) -> tuple[str, str, str]:
        """Faithful, crisp and gate, the latter two empty where there are none, as `_flat`."""
        names = ["faithful", *(["crisp"] if self.net.has_styles else [])]
        names += ["gate"] if self.net.past else []
        styles = self._reshaped(head, len(names), "looks")
        if len(names) == 1:
            return styles, "", ""
        sizes = self.constant("sizes", np.ones(len(names), np.int64))
        self._nodes.append(helper.make_node("Split", [styles, sizes], names, name="split", axis=1))
        return names[0], "crisp" if self.net.has_styles else "", "gate" if self.net.past else ""

    def _flat(self, x: str) -> str:
        """The channels as rows of one, [N, 1, channels H, W]. Convs leave a sample's channels side
        by side, and so they are split one by one (in OpenVINO a quarter of a small net's time);
        as rows each head is one piece of memory.
        """
        return self._reshaped(x, 1, f"{x}_flat")

    def _reshaped(self, x: str, channels: int, name: str) -> str:
        # 0 copies a dimension and -1 takes what is left (Reshape): batch, H and W stay free.
        shape = self.constant(f"{name}_shape", np.array([0, channels, -1, 0], np.int64))
        return self.node("Reshape", [x, shape], name)

    def _model(self) -> onnx.ModelProto:
        small: list[str | int] = [1, 1, "height", "width"]
        large: list[str | int] = [1, 1, "enhanced_height", "enhanced_width"]
        inputs = [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, small)]
        if self.net.past:
            inputs.append(helper.make_tensor_value_info(PREVIOUS, TensorProto.UINT8, large))
        if self.net.has_styles:
            inputs.append(helper.make_tensor_value_info(STRENGTH, TensorProto.FLOAT, [1]))
        graph = helper.make_graph(
            self._nodes,
            "enhance",
            inputs,
            [helper.make_tensor_value_info(OUTPUT, TensorProto.UINT8, large)],
            self._constants,
        )
        opset = [helper.make_opsetid("", OPSET)]
        # Left alone, the onnx package writes its own newest version, which older runtimes refuse.
        model = helper.make_model(
            graph, opset_imports=opset, ir_version=9, producer_name="sharpcast"
        )
        onnx.checker.check_model(model, full_check=True)
        return model


def write_float(net: PlainNet) -> onnx.ModelProto:
    """The fp32 graph of `net`."""
    graph = GraphWriter(net)
    x, base, past = graph.begin()
    for index, conv in enumerate(net.body):
        x = graph.conv(graph.node("Relu", [x], f"relu{index}"), conv, f"conv{index}")
    x = graph.conv(graph.node("Relu", [x], "relu_head"), graph.head(), "head")
    return graph.finish(x, base, past)


def graph_macs(model: onnx.ModelProto) -> int:
    """Multiply-adds of every Conv for one input pixel, read from the graph itself: all run at input
    resolution.
    """
    shapes = {t.name: t.dims for t in model.graph.initializer}
    # A quantized kernel stands behind a DequantizeLinear.
    behind = {node.output[0]: node.input[0] for node in model.graph.node}
    total = 0
    for node in model.graph.node:
        if node.op_type == "Conv":
            kernel = node.input[1]
            total += int(np.prod(shapes[kernel if kernel in shapes else behind[kernel]]))
    return total
