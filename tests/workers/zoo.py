"""A zoo of tiny nets: nearest-neighbour enlargement, so that their output is known exactly."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def make_model(
    root: Path,
    name: str,
    *,
    size_multiple: int = 2,
    inverted: bool = False,
    scale: int = 2,
    strength: bool = False,
    previous: bool = False,
    macs: int = 10,
) -> None:
    """A model that repeats every sample in a block, or repeats 255 minus it. With ``strength`` it
    adds 100 times that; with ``previous`` it adds half of the previous picture.
    """
    folder = root / name
    folder.mkdir(parents=True)
    data = _net(inverted=inverted, scale=scale, strength=strength, previous=previous)
    (folder / "fp32.onnx").write_bytes(data)
    spec = {"dtype": "uint8", "range": [0.0, 255.0]}
    extra = []
    if previous:
        extra.append({**spec, "name": "previous", "layout": f"1,1,{scale}H,{scale}W"})
    if strength:
        one = {"name": "strength", "dtype": "float32", "layout": "1", "range": [0.0, 1.0]}
        extra.append(one)
    manifest = {
        "format": 2,
        "name": name,
        "title": name,
        "scale": scale,
        "size_multiple": size_multiple,
        "receptive_radius": 0,
        "macs_per_pixel": macs,
        "parameters": 1,
        "inputs": [{**spec, "name": "luma", "layout": "1,1,H,W"}, *extra],
        "previous": previous,
        "strength": strength,
        "output": {**spec, "name": "enhanced", "layout": f"1,1,{scale}H,{scale}W"},
        "files": {
            "fp32": {
                "path": "fp32.onnx",
                "bytes": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
            }
        },
        "default_precision": "fp32",
        "metrics": [],
        "mean_gain_db": {},
        "training": {"script": "none", "seed": 0, "steps": 0, "material": []},
        "licence": "Apache-2.0",
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


def make_video_model(root: Path, name: str, *, colour: str) -> None:
    """A small EDVR with a window of three frames that adds nothing: its output is the bilinear
    enlargement of the middle frame, which stands for the newest.
    """
    import torch

    from models.nets.table import build

    folder = root / name
    folder.mkdir(parents=True)
    config = {
        "colours": 1 if colour == "luma" else 3,
        "scale": 2,
        "channels": 8,
        "tail": 8,
        "window": 3,
        "groups": 2,
        "extract": 1,
        "reconstruct": 1,
    }
    net = build("edvr", config)
    weights = {
        key: torch.zeros_like(value) if key.startswith("conv_last") else value
        for key, value in net.state_dict().items()
    }
    torch.save({"params": weights}, folder / "weights.pth")
    data = (folder / "weights.pth").read_bytes()
    manifest = {
        "format": 2,
        "name": name,
        "title": name,
        "scale": 2,
        "colour": colour,
        "window": 3,
        "lookahead": 1,
        "size_multiple": 4,
        "smallest": 16,
        "macs_per_pixel": 10,
        "parameters": 1,
        "architecture": {"net": "edvr", "config": config},
        "weights": {
            "path": "weights.pth",
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
        },
        "licence": "Apache-2.0",
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


def _net(*, inverted: bool, scale: int, strength: bool, previous: bool) -> bytes:
    constants = [
        numpy_helper.from_array(np.array([1, 1, scale, scale], np.float32), "scales"),
        numpy_helper.from_array(np.array(255, np.float32), "white"),
        numpy_helper.from_array(np.array(100, np.float32), "hundred"),
        numpy_helper.from_array(np.array(0.5, np.float32), "half"),
    ]
    nodes = [
        helper.make_node("Cast", ["luma"], ["real"], to=TensorProto.FLOAT),
        helper.make_node(
            "Resize",
            ["real", "", "scales"],
            ["large"],
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        ),
    ]
    inputs = [helper.make_tensor_value_info("luma", TensorProto.UINT8, [1, 1, "H", "W"])]
    last = "large"

    def then(kind: str, *names: str) -> str:
        name = f"after_{len(nodes)}"
        nodes.append(helper.make_node(kind, list(names), [name]))
        return name

    if inverted:
        last = then("Sub", "white", last)
    if strength:
        inputs.append(helper.make_tensor_value_info("strength", TensorProto.FLOAT, [1]))
        last = then("Add", last, then("Mul", "strength", "hundred"))
    if previous:
        shape: list[str | int | None] = [1, 1, "H2", "W2"]
        inputs.append(helper.make_tensor_value_info("previous", TensorProto.UINT8, shape))
        nodes.append(helper.make_node("Cast", ["previous"], ["before"], to=TensorProto.FLOAT))
        last = then("Add", last, then("Mul", "before", "half"))
    nodes.append(helper.make_node("Cast", [last], ["enhanced"], to=TensorProto.UINT8))
    graph = helper.make_graph(
        nodes,
        "tiny",
        inputs,
        [helper.make_tensor_value_info("enhanced", TensorProto.UINT8, [1, 1, "H2", "W2"])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    data: bytes = model.SerializeToString()
    return data
