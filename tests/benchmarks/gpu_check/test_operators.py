"""Graphs against what TensorRT takes, without it."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from benchmarks.gpu_check.operators import check_graph, check_zoo, dump, dump_for
from models.manifest import ZOO, load_manifest, model_file
from workers.engines.registry import make_engine

SHAPES: dict[str, tuple[int, ...]] = {"luma": (1, 1, 8, 8)}


def graph_file(folder: Path, operator: str) -> Path:
    """A graph that casts, applies one operator and casts back."""
    nodes = [
        helper.make_node("Cast", ["luma"], ["a"], to=TensorProto.FLOAT),
        helper.make_node(operator, ["a"], ["b"]),
        helper.make_node("Cast", ["b"], ["enhanced"], to=TensorProto.UINT8),
    ]
    ports = [
        helper.make_tensor_value_info(name, TensorProto.UINT8, [1, 1, "H", "W"])
        for name in ("luma", "enhanced")
    ]
    graph = helper.make_graph(nodes, "g", ports[:1], ports[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path = folder / f"{operator}.onnx"
    onnx.save(model, path)
    return path


def test_every_shipped_graph_can_be_taken() -> None:
    found = check_zoo()
    assert {each.model for each in found} >= {"live-s", "live-m", "live-l", "live-t"}
    assert {each.precision for each in found} == {"fp16", "int8", "fp32"}
    assert [(each.model, each.precision, each.refused) for each in found if each.refused] == []
    assert all(len(each.sha256) == 64 and each.opset >= 13 for each in found)


def test_an_operator_that_is_not_in_the_table_is_named(tmp_path: Path) -> None:
    assert check_graph("x", graph_file(tmp_path, "Relu"), SHAPES, "fp32").refused == ""
    refused = check_graph("x", graph_file(tmp_path, "Erf"), SHAPES, "fp32").refused
    assert refused == "TensorRT is not known to take Erf."


def test_a_graph_without_int8_is_refused_as_the_engine_would(tmp_path: Path) -> None:
    found = check_graph("x", graph_file(tmp_path, "Relu"), SHAPES, "int8")
    assert found.refused == "Relu.onnx has nothing in int8."


def test_a_dump_shows_the_graph_before_and_after_the_rewrites(tmp_path: Path) -> None:
    text = dump(graph_file(tmp_path, "Relu"), SHAPES, "fp32")
    assert text.count("Relu") >= 2 and "FLOAT[1, 1, 8, 8]" in text and "UINT8" in text
    assert "cannot be made ready" in dump(graph_file(tmp_path, "Relu"), SHAPES, "int8")


@pytest.mark.parametrize("model", ["live-s", "unet-xs"])
def test_a_dump_for_an_engine_is_of_the_file_that_it_runs(model: str) -> None:
    text = dump_for(make_engine("openvino", threads=1).info, model, "int8", 64, 48)
    if model == "unet-xs":
        assert "is no graph" in text
    else:
        manifest = load_manifest(model)
        assert model_file(manifest, "int8", ZOO).name in text.splitlines()[0]
        assert manifest.files["int8"].sha256 in text
