"""Reading and rewriting of ONNX graphs; needs the package onnx, which is optional."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError

from workers.errors import NetUnusable

Model = Any
"""onnx.ModelProto."""


def read(path: Path) -> Model:
    """Reads and checks a model. Raises NetUnusable."""
    try:
        model = onnx.load_model_from_string(path.read_bytes())
        onnx.checker.check_model(model)
    except OSError as error:
        raise NetUnusable(f"{path.name} cannot be read: {error.strerror}.") from error
    except (DecodeError, onnx.checker.ValidationError) as error:
        raise NetUnusable(f"{path.name} is no ONNX file, or a damaged one.") from error
    return model


def with_shapes(model: Model, shapes: Mapping[str, tuple[int, ...]]) -> Model:
    """Returns a copy with fixed input shapes; the output's shape follows from them."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    for port in changed.graph.input:
        dims = port.type.tensor_type.shape
        del dims.dim[:]
        for size in shapes[port.name]:
            dims.dim.add().dim_value = size
    for port in changed.graph.output:
        for dim in port.type.tensor_type.shape.dim:
            # A size that was written for other inputs would contradict the one that is inferred.
            dim.Clear()
    # Shapes of tensors inside the graph belong to the old input sizes.
    del changed.graph.value_info[:]
    return changed


def shapes_of(model: Model) -> dict[str, tuple[int, ...]]:
    """Returns the shapes of all tensors that follow from the inputs', by name."""
    # Strict: without it a graph that contradicts itself would only have shapes missing.
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    found = {}
    for port in (*inferred.graph.input, *inferred.graph.value_info, *inferred.graph.output):
        dims = port.type.tensor_type.shape.dim
        if all(dim.HasField("dim_value") for dim in dims):
            found[port.name] = tuple(dim.dim_value for dim in dims)
    return found


def types_of(model: Model) -> dict[str, int]:
    """Returns the element types (onnx.TensorProto.DataType) of all tensors and constants."""
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    ports = (*inferred.graph.input, *inferred.graph.value_info, *inferred.graph.output)
    found = {port.name: port.type.tensor_type.elem_type for port in ports}
    found.update({tensor.name: tensor.data_type for tensor in inferred.graph.initializer})
    return found
