"""A zoo of tiny nets: nearest-neighbour enlargement, so that their output is known exactly."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def make_model(root: Path, name: str, *, size_multiple: int = 2, inverted: bool = False) -> None:
    """A model that repeats every sample in a 2x2 block, or repeats 255 minus it."""
    folder = root / name
    folder.mkdir(parents=True)
    data = _net(inverted=inverted)
    (folder / "fp32.onnx").write_bytes(data)
    spec = {"dtype": "uint8", "range": [0.0, 255.0]}
    manifest = {
        "format": 1, "name": name, "title": name, "scale": 2, "colour": "luma", "window": 1,
        "size_multiple": size_multiple, "receptive_radius": 0, "macs_per_pixel": 10,
        "parameters": 1, "input": {**spec, "name": "luma", "layout": "1,1,H,W"},
        "output": {**spec, "name": "enhanced", "layout": "1,1,2H,2W"},
        "files": {"fp32": {"path": "fp32.onnx", "bytes": len(data),
                           "sha256": hashlib.sha256(data).hexdigest()}},
        "default_precision": "fp32", "metrics": [], "mean_gain_db": {},
        "training": {"script": "none", "seed": 0, "steps": 0, "material": []},
        "licence": "Apache-2.0",
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest))


def _net(*, inverted: bool) -> bytes:
    constants = [
        numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "scales"),
        numpy_helper.from_array(np.array(255, np.float32), "white"),
    ]
    nodes = [
        helper.make_node("Cast", ["luma"], ["real"], to=TensorProto.FLOAT),
        helper.make_node(
            "Resize", ["real", "", "scales"], ["large"], mode="nearest",
            coordinate_transformation_mode="asymmetric", nearest_mode="floor",
        ),
        helper.make_node("Sub", ["white", "large"], ["turned"]),
        helper.make_node(
            "Cast", ["turned" if inverted else "large"], ["enhanced"], to=TensorProto.UINT8
        ),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes if inverted else [nodes[0], nodes[1], nodes[3]],
        "tiny",
        [helper.make_tensor_value_info("luma", TensorProto.UINT8, [1, 1, "H", "W"])],
        [helper.make_tensor_value_info("enhanced", TensorProto.UINT8, [1, 1, "H2", "W2"])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    data: bytes = model.SerializeToString()
    return data
