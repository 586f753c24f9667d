"""Graphs of the parts of a net: an exported graph cut at a tensor, and features sent in between.

The parts hold the very nodes of the whole graph, so one after the other they compute the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, compose, helper, numpy_helper, shape_inference
from onnx.utils import Extractor

from models.graph.writer import INPUT, OUTPUT, STRENGTH
from models.split.transform import BLOCK, RADIUS, Transform

__all__ = ["COEFFICIENTS", "cut_graph", "cut_points", "with_transform"]

COEFFICIENTS = "coefficients"
"""Name of what is sent: float32 [1, D, H / BLOCK, W / BLOCK]."""


def cut_points(model: onnx.ModelProto) -> list[str]:
    """Tensors at which a live net's graph may be cut: the activations between its convolutions.

    In an int8 graph these are bytes, so that nothing is lost at the cut.
    """
    quantized = {n.input[0]: n.output[0] for n in model.graph.node if n.op_type == "QuantizeLinear"}
    names = [node.output[0] for node in model.graph.node if node.op_type == "Relu"]
    return [quantized.get(name, name) for name in names]


def cut_graph(model: onnx.ModelProto, at: str) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """The part before a cut point, from the luma to that tensor, and the part behind it, from that
    tensor and the graph's own inputs to the enhanced luma.
    """
    if at not in cut_points(model):
        raise ValueError(f"{at!r} is no cut point; there are {', '.join(cut_points(model))}")
    known = Extractor(shape_inference.infer_shapes(model))
    front = known.extract_model([INPUT], [at])
    inputs = [each.name for each in model.graph.input]
    return front, known.extract_model([*inputs, at], [OUTPUT])


def with_transform(
    front: onnx.ModelProto,
    back: onnx.ModelProto,
    at: str,
    transform: Transform,
    weights: Mapping[str, NDArray[np.float32]] | None = None,
) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """Both parts of a float graph with the transform at their ends: the first gives COEFFICIENTS,
    the second takes them. Sides must be multiples of BLOCK. ``weights`` take the places of the
    second part's constants of these names.
    """
    back = _with_weights(back, weights or {})
    opset = front.opset_import[0].version
    sender = compose.merge_models(
        _renamed(front, "front_", at),
        _model(_analysis(transform), opset, front.ir_version),
        io_map=[(f"front_{at}", "features")],
        outputs=[COEFFICIENTS],
    )
    receiver = compose.merge_models(
        _model(_synthesis(transform), opset, front.ir_version),
        _renamed(back, "back_", at),
        io_map=[("made", f"back_{at}")],
    )
    return _one_luma(sender, "front_"), _one_luma(receiver, "back_")


def _with_weights(
    model: onnx.ModelProto, weights: Mapping[str, NDArray[np.float32]]
) -> onnx.ModelProto:
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    for constant in changed.graph.initializer:
        if constant.name in weights:
            new = weights[constant.name]
            if list(new.shape) != list(constant.dims):
                raise ValueError(f"{constant.name} is {list(constant.dims)}, not {new.shape}")
            constant.CopyFrom(_constant(constant.name, new))
    return changed


def _renamed(model: onnx.ModelProto, prefix: str, at: str) -> onnx.ModelProto:
    """The two graphs of a part must not have names in common."""
    return compose.add_prefix(model, prefix)


def _model(graph: onnx.GraphProto, opset: int, ir_version: int) -> onnx.ModelProto:
    # merge_models refuses graphs of different versions.
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version
    )


def _luma() -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(INPUT, TensorProto.UINT8, [1, 1, "height", "width"])


def _features(name: str, channels: int) -> onnx.ValueInfoProto:
    shape: list[str | int] = [1, channels, "height", "width"]
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _coefficients(transform: Transform) -> onnx.ValueInfoProto:
    shape: list[str | int] = [1, len(transform.analysis), "rows", "columns"]
    return helper.make_tensor_value_info(COEFFICIENTS, TensorProto.FLOAT, shape)


def _predicted(transform: Transform) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """Nodes from the luma to `predicted`, and their constants."""
    ends = np.array([0, 0, RADIUS, RADIUS] * 2, np.int64)
    nodes = [
        helper.make_node("Pad", [INPUT, "predictor_pads"], ["predictor_padded"], mode="edge"),
        helper.make_node("Cast", ["predictor_padded"], ["predictor_levels"], to=TensorProto.FLOAT),
        helper.make_node("Conv", ["predictor_levels", "predictor_w", "predictor_b"], ["predicted"]),
    ]
    return nodes, [
        _constant("predictor_pads", ends),
        _constant("predictor_w", transform.predictor),
        _constant("predictor_b", transform.bias),
    ]


def _analysis(transform: Transform) -> onnx.GraphProto:
    nodes, constants = _predicted(transform)
    nodes += [
        helper.make_node("Sub", ["features", "predicted"], ["untold"]),
        helper.make_node("Conv", ["untold", "analysis_w"], [COEFFICIENTS], strides=[BLOCK, BLOCK]),
    ]
    constants.append(_constant("analysis_w", transform.analysis))
    inputs = [_features("features", len(transform.predictor)), _luma()]
    return helper.make_graph(nodes, "analyse", inputs, [_coefficients(transform)], constants)


def _synthesis(transform: Transform) -> onnx.GraphProto:
    nodes, constants = _predicted(transform)
    nodes += [
        helper.make_node(
            "ConvTranspose", [COEFFICIENTS, "synthesis_w"], ["told"], strides=[BLOCK, BLOCK]
        ),
        helper.make_node("Add", ["told", "predicted"], ["sum_told"]),
        helper.make_node("Relu", ["sum_told"], ["made"]),
    ]
    constants.append(_constant("synthesis_w", transform.synthesis))
    outputs = [_features("made", len(transform.predictor))]
    return helper.make_graph(
        nodes, "synthesise", [_coefficients(transform), _luma()], outputs, constants
    )


def _constant(name: str, value: Any) -> onnx.TensorProto:
    return numpy_helper.from_array(np.ascontiguousarray(value), name)


def _one_luma(model: onnx.ModelProto, prefix: str) -> onnx.ModelProto:
    """Joins the luma of both graphs, and gives inputs and outputs their names again."""
    names = {f"{prefix}{name}": name for name in (INPUT, STRENGTH, OUTPUT)}
    for node in model.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    inputs = {names.get(each.name, each.name): each for each in model.graph.input}
    for name, each in inputs.items():
        each.name = name
    # The dictionary holds one luma; the message needs a list of its own before it is emptied.
    kept = [onnx.ValueInfoProto.FromString(each.SerializeToString()) for each in inputs.values()]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    for each in model.graph.output:
        each.name = names.get(each.name, each.name)
    onnx.checker.check_model(model, full_check=True)
    return model
