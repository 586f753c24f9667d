"""The ONNX graph of a plain net, in float; `models.quantize.qdq` writes the int8 one with the same
frame.

Contract: input `luma` uint8 [1, 1, H, W], output `enhanced` uint8 [1, 1, scale*H, scale*W], H and W
free multiples of `fold`. Everything between is in the graph.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from models.export.plain import PlainNet

__all__ = ["INPUT", "OPSET", "OUTPUT", "GraphWriter", "graph_macs", "write_float"]

OPSET = 17
INPUT = "luma"
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

    def begin(self) -> str:
        """The padded and folded input: float [1, fold**2, (H + 4) / fold, (W + 4) / fold] in
        0..255.
        """
        pads = np.array([0, 0, 2, 2, 0, 0, 2, 2], np.int64)
        padded = self.node("Pad", [INPUT, self.constant("pads", pads)], "padded", mode="edge")
        levels = self.node("Cast", [padded], "levels", to=TensorProto.FLOAT)
        if self.net.fold == 1:
            return levels
        return self.node("SpaceToDepth", [levels], "folded", blocksize=self.net.fold)

    def conv(self, x: str, weight: str, bias: str, name: str, pad: int) -> str:
        return self.node("Conv", [x, weight, bias], name, pads=[pad] * 4)

    def base(self, folded: str) -> str:
        """The fixed interpolation; always float, so that int8 rounding never touches it."""
        conv = self.net.base
        # Cast truncates: half a level in the bias makes it round.
        bias = self.constant("base_b", (conv.bias + 0.5).astype(np.float32))
        return self.conv(folded, self.constant("base_w", conv.weight), bias, "base", 0)

    def finish(self, residual: str, base: str) -> onnx.ModelProto:
        """Adds, clips, casts and unfolds; returns the checked model."""
        block = self.net.fold * self.net.scale
        total = self.node("Add", [residual, base], "sum")
        low = self.constant("low", np.float32(0))
        high = self.constant("high", np.float32(255))
        clipped = self.node("Clip", [total, low, high], "clipped")
        # Unfolding bytes moves a quarter of what unfolding floats would.
        small = self.node("Cast", [clipped], "bytes", to=TensorProto.UINT8)
        self.node("DepthToSpace", [small], OUTPUT, blocksize=block, mode="CRD")
        return self._model()

    def _model(self) -> onnx.ModelProto:
        shape_in: list[str | int] = [1, 1, "height", "width"]
        shape_out: list[str | int] = [1, 1, "enhanced_height", "enhanced_width"]
        graph = helper.make_graph(
            self._nodes,
            "enhance",
            [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, shape_in)],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.UINT8, shape_out)],
            self._constants,
        )
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(
            graph, opset_imports=opset, ir_version=9, producer_name="sharpcast"
        )
        onnx.checker.check_model(model, full_check=True)
        return model


def write_float(net: PlainNet) -> onnx.ModelProto:
    """The fp32 graph of `net`."""
    graph = GraphWriter(net)
    folded = graph.begin()
    x = folded
    last = len(net.body) - 1
    for index, conv in enumerate(net.body):
        weight = graph.constant(f"w{index}", conv.weight)
        bias = graph.constant(f"b{index}", conv.bias)
        x = graph.conv(x, weight, bias, f"conv{index}", net.pad(index))
        if index < last:
            x = graph.node("Relu", [x], f"relu{index}")
    return graph.finish(x, graph.base(folded))


def graph_macs(model: onnx.ModelProto, height: int, width: int) -> int:
    """Multiply-adds of every Conv in the graph for one frame of this size, read from the graph
    itself.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    dims = copy.graph.input[0].type.tensor_type.shape.dim
    dims[2].dim_value, dims[3].dim_value = height, width
    shapes: dict[str, list[int]] = {t.name: list(t.dims) for t in copy.graph.initializer}
    for info in onnx.shape_inference.infer_shapes(copy, data_prop=True).graph.value_info:
        shapes[info.name] = [dim.dim_value for dim in info.type.tensor_type.shape.dim]
    total = 0
    for node in copy.graph.node:
        if node.op_type == "Conv":
            _, _, rows, columns = shapes[node.output[0]]
            total += rows * columns * int(np.prod(shapes[node.input[1]]))
    return total
