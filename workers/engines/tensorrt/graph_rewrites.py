"""Rewrites of ONNX graphs for TensorRT, and checks of what it refuses.

TensorRT 11 networks are strongly typed: every tensor computes in the type that the graph gives it.
uint8 is for a network's inputs and outputs alone, and casts to and from float lie next to them
(tensorrt.DataType.UINT8). int8 is explicit: pairs of QuantizeLinear and DequantizeLinear with zero
points of 0, one scale for an activation, one for each output channel of a weight ("Working with
Quantized Types" of its documentation).
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from workers.engines.onnx_graphs import Model, types_of
from workers.errors import NetUnusable

LAYOUT_OPS = ("Pad", "DepthToSpace", "SpaceToDepth", "Reshape", "Transpose")
"""Operators that only move elements, so that they may change places with a cast."""

_QUANTIZERS = ("QuantizeLinear", "DequantizeLinear")


def move_casts_to_border(model: Model) -> Model:
    """Returns a copy in which only casts touch uint8.

    Pad and Cast, Cast and DepthToSpace change places; the values stay the same. Raises NetUnusable
    if another operator computes in uint8.
    """
    changed = _copy(model)
    # A cast moves by one operator in each pass, until only casts touch the border.
    while _swap_one(changed.graph):
        pass
    types = types_of(changed)
    for node in changed.graph.node:
        touched = [types.get(name) for name in (*node.input, *node.output) if name]
        if node.op_type != "Cast" and TensorProto.UINT8 in touched and not _is_quantizer(node):
            raise NetUnusable(
                f"TensorRT takes uint8 as input and output only; {node.op_type} "
                f"{node.name or node.output[0]!r} computes in it."
            )
    return changed


def _swap_one(graph: Any) -> bool:
    """Swaps the first pair that is the wrong way round; returns False if there is none."""
    producers, consumers = _links(graph)
    for node in graph.node:
        if node.op_type != "Cast":
            continue
        before = producers.get(node.input[0])
        after = consumers[node.output[0]]
        if _target(node) == TensorProto.UINT8:
            # With several readers the others would get a tensor of the wrong type.
            if len(after) == 1 and _is_layout_op(after[0]):
                _exchange(graph, node, after[0])
                return True
        elif before is not None and _is_layout_op(before) and len(consumers[before.output[0]]) == 1:
            source = producers.get(before.input[0])
            # Behind a cast the operator is not at the border any more.
            if source is None or source.op_type != "Cast":
                _exchange(graph, before, node)
                return True
    return False


def _exchange(graph: Any, first: Any, second: Any) -> None:
    """Turns ``first -> second`` into ``second -> first``; their other inputs stay."""
    source, between, target = first.input[0], first.output[0], second.output[0]
    second.input[0], second.output[0] = source, between
    first.input[0], first.output[0] = between, target
    # ONNX wants nodes in the order of computation, so they change places in the list too.
    nodes = list(graph.node)
    one, two = nodes.index(first), nodes.index(second)
    nodes[one], nodes[two] = nodes[two], nodes[one]
    ordered = [_copied(node) for node in nodes]
    del graph.node[:]
    graph.node.extend(ordered)


def to_half(model: Model) -> Model:
    """Returns a copy whose convolutions after a ReLU, and those ReLUs, compute in float16.

    The first convolutions, the base and the sum stay float32: at 255 float16 has steps of an
    eighth, and half a level must stay half a level.
    """
    changed = _copy(model)
    graph = changed.graph
    _, consumers = _links(graph)
    # Nodes are identified by their output; each node that matters here has one output.
    relus = {
        node.output[0]
        for node in graph.node
        if node.op_type == "Relu" and all(c.op_type == "Conv" for c in consumers[node.output[0]])
    }
    convs = {node.output[0] for relu in relus for node in consumers[relu]}
    readers = {conv: {node.output[0] for node in consumers[conv]} for conv in convs}
    constants = {tensor.name: tensor for tensor in graph.initializer}
    nodes: list[Any] = []
    for node in map(_copied, graph.node):
        made = node.output[0]
        if made in relus:
            nodes += _enter_half(node, convs)
        nodes.append(node)
        if made in convs:
            # Strong typing: weights and biases must have the type of the convolution that reads
            # them.
            for name in node.input[1:]:
                _halve(constants[name])
            node.output[0] = _half_name(made)
            # Whoever reads the result and is no ReLU of the float16 part gets float32 back; so does
            # the graph's output, which no node reads.
            if not readers[made] or readers[made] - relus:
                nodes.append(_cast(node.output[0], made, TensorProto.FLOAT))
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.value_info[:]
    return changed


def _enter_half(relu: Any, convs: set[str]) -> list[Any]:
    """Connects a ReLU to a float16 tensor, or to a new cast, which is returned."""
    source = relu.input[0]
    if source in convs:
        relu.input[0] = _half_name(source)
        return []
    relu.input[0] = _half_name(source)
    return [_cast(source, relu.input[0], TensorProto.FLOAT16)]


def check_quantized(model: Model) -> int:
    """Counts the convolutions that TensorRT can compute in int8.

    Raises NetUnusable, with the reason, for a quantized graph that TensorRT refuses.
    """
    producers, consumers = _links(model.graph)
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if _is_quantizer(node):
            _check_numbers(node, constants)
        if node.op_type == "QuantizeLinear" and any(
            each.op_type != "DequantizeLinear" for each in consumers[node.output[0]]
        ):
            raise NetUnusable(f"{node.output[0]!r} is int8, and not dequantized where it is used.")
    count = 0
    for node in model.graph.node:
        if node.op_type == "Conv":
            made_by = [producers.get(name) for name in node.input[:2]]
            quantized = [each is not None and _is_quantizer(each) for each in made_by]
            if any(quantized) and not all(quantized):
                raise NetUnusable(f"Conv {node.name!r} has only one of its inputs in int8.")
            count += all(quantized)
    return count


def _check_numbers(node: Any, constants: dict[str, Any]) -> None:
    where = f"{node.op_type} {node.name or node.output[0]!r}"
    zero = constants.get(node.input[2]) if len(node.input) > 2 else None
    if zero is None or zero.data_type != TensorProto.INT8:
        raise NetUnusable(f"{where}: TensorRT takes int8, not uint8 (the int8-s8s8 file has it).")
    if numpy_helper.to_array(zero).any():
        raise NetUnusable(f"{where}: TensorRT takes zero points of 0 only.")
    if node.input[1] not in constants:
        raise NetUnusable(f"{where}: its scale is no constant.")
    scale = numpy_helper.to_array(constants[node.input[1]])
    if not (np.isfinite(scale).all() and (scale > 0).all()):
        raise NetUnusable(f"{where}: a scale is not positive.")
    # One scale for all of the tensor, as activations have it.
    if scale.ndim == 0:
        return
    weight = constants.get(node.input[0])
    # Without the attribute the axis is 1 (ONNX, QuantizeLinear).
    axis = next((each.i for each in node.attribute if each.name == "axis"), 1)
    if weight is None or axis != 0 or scale.shape != tuple(weight.dims[:1]):
        raise NetUnusable(f"{where}: only weights may have a scale for each output channel.")


def structure(model: Model) -> str:
    """Returns a digest of everything but the weights and scales.

    A plan can be refitted with any graph of the same digest.
    """
    bare = _copy(model)
    # The exporter's name and version are no part of the structure.
    bare.ClearField("producer_name")
    bare.ClearField("producer_version")
    learned = {
        name
        for node in bare.graph.node
        if node.op_type in ("Conv", *_QUANTIZERS)
        for name in node.input
    }
    for tensor in bare.graph.initializer:
        if tensor.name in learned:
            for field in ("raw_data", "float_data", "int32_data"):
                tensor.ClearField(field)
    return hashlib.sha256(bare.SerializeToString(deterministic=True)).hexdigest()


def _links(graph: Any) -> tuple[dict[str, Any], defaultdict[str, list[Any]]]:
    """Returns the node that produces each tensor, and the nodes that read it."""
    producers = {name: node for node in graph.node for name in node.output}
    consumers: defaultdict[str, list[Any]] = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            consumers[name].append(node)
    return producers, consumers


def _is_layout_op(node: Any) -> bool:
    """Returns True for an operator that only moves elements.

    A Pad with a constant of its own would need that constant cast too; none of ours has one.
    """
    return node.op_type in LAYOUT_OPS and not (
        node.op_type == "Pad" and len(node.input) > 2 and node.input[2]
    )


def _is_quantizer(node: Any) -> bool:
    return node.op_type in _QUANTIZERS


def _target(cast: Any) -> int:
    return next(int(each.i) for each in cast.attribute if each.name == "to")


def _cast(source: str, target: str, kind: int) -> Any:
    return helper.make_node("Cast", [source], [target], name=f"{target}_cast", to=kind)


def _half_name(name: str) -> str:
    return f"{name}_half"


def _halve(tensor: Any) -> None:
    if tensor.data_type != TensorProto.FLOAT16:
        values = numpy_helper.to_array(tensor).astype(np.float16)
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def _copy(model: Model) -> Model:
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    return copy


def _copied(node: Any) -> Any:
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    return copy
