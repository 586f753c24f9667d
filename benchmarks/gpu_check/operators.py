"""Operators of the shipped graphs against what TensorRT is documented to take; needs no GPU."""

from __future__ import annotations

import collections
import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import onnx

from models.manifest import ZOO, list_models, load_manifest, model_file
from workers.engines.engine import tensor_shapes, variant_for
from workers.engines.onnx_graphs import read
from workers.engines.tensorrt.engine import VARIANTS, prepared
from workers.errors import NetUnusable

TENSORRT_TAKES = {
    "Add": "",
    "Cast": "",
    "Clip": "",
    "Conv": "",
    "DepthToSpace": "",
    "DequantizeLinear": "constant scale, zero point 0",
    "Mul": "",
    "Pad": "constant, reflect and edge",
    "QuantizeLinear": "constant scale, zero point 0",
    "Relu": "",
    "Reshape": "",
    "SpaceToDepth": "",
    "Split": "",
    "Sub": "",
    "Transpose": "",
}
"""Operators of the ONNX parser's support matrix that graphs here may use, with what it says of them
(onnx-tensorrt, docs/operators.md, release 11)."""


@dataclasses.dataclass(frozen=True, slots=True)
class GraphCheck:
    """Result for one graph in one precision."""

    model: str
    precision: str
    file: str
    sha256: str
    opset: int
    nodes: dict[str, int]
    "Nodes of each operator, as TensorRT would get them."
    refused: str
    "Sentence that says why it cannot run; empty if nothing speaks against it."


def check_zoo(width: int = 640, height: int = 360) -> list[GraphCheck]:
    """Checks all shipped graphs in every precision of the TensorRT engine."""
    found = []
    for manifest in list_models(ZOO):
        if manifest.architecture is not None:
            continue
        for variant in VARIANTS:
            if variant.file in manifest.files:
                path = model_file(manifest, variant.file, ZOO)
                shapes = tensor_shapes(manifest, width=width, height=height, batch=1)
                found.append(check_graph(manifest.name, path, shapes, variant.name))
    return found


def check_graph(
    model: str, path: Path, shapes: dict[str, tuple[int, ...]], precision: str
) -> GraphCheck:
    """Checks a file as the engine would hand it to TensorRT."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    graph, refused = read(path), ""
    try:
        graph = prepared(path, shapes, precision)
    except NetUnusable as error:
        refused = str(error)
    nodes = collections.Counter(node.op_type for node in graph.graph.node)
    unknown = sorted(set(nodes) - TENSORRT_TAKES.keys())
    if unknown and not refused:
        refused = f"TensorRT is not known to take {', '.join(unknown)}."
    opset = max((each.version for each in graph.opset_import if not each.domain), default=0)
    return GraphCheck(model, precision, path.name, digest, opset, dict(nodes), refused)


def dump(path: Path, shapes: dict[str, tuple[int, ...]], precision: str) -> str:
    """Returns the graph's nodes in lines, with types and shapes, before and after the rewrites."""
    parts = [f"{path.name} as it ships", _lines(read(path))]
    try:
        parts += [f"as TensorRT gets it in {precision}", _lines(prepared(path, shapes, precision))]
    except NetUnusable as error:
        parts.append(f"it cannot be made ready: {error}")
    return "\n".join(parts)


def dump_for(engine_info: Any, model: str, precision: str, width: int, height: int) -> str:
    """Returns the dump of the file that an engine runs for a model and precision."""
    manifest = load_manifest(model, ZOO)
    if manifest.architecture is not None:
        return f"{model} is no graph: {manifest.architecture}"
    variant = variant_for(engine_info, manifest, precision)
    path = model_file(manifest, variant.file, ZOO)
    shapes = tensor_shapes(manifest, width=width, height=height, batch=1)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{path.name} sha256 {digest}\n{dump(path, shapes, variant.name)}"


def _lines(model: Any) -> str:
    inferred = onnx.shape_inference.infer_shapes(model)
    ports = (*inferred.graph.input, *inferred.graph.value_info, *inferred.graph.output)
    known = {port.name: _type(port) for port in ports}
    known |= {
        each.name: f"{onnx.TensorProto.DataType.Name(each.data_type)}{list(each.dims)} constant"
        for each in inferred.graph.initializer
    }
    return "\n".join(
        f"  {node.op_type} {node.name}: "
        + ", ".join(f"{name} {known.get(name, '?')}" for name in node.input)
        + " -> "
        + ", ".join(f"{name} {known.get(name, '?')}" for name in node.output)
        for node in inferred.graph.node
    )


def _type(port: Any) -> str:
    tensor = port.type.tensor_type
    dims = [dim.dim_value or dim.dim_param or "?" for dim in tensor.shape.dim]
    return f"{onnx.TensorProto.DataType.Name(tensor.elem_type)}{dims}"
