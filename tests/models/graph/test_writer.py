"""The float graph."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

import onnx
from onnx import TensorProto

from models.export.live import plain_live
from models.graph.plain import Conv
from models.graph.writer import (
    INPUT,
    OPSET,
    OUTPUT,
    PREVIOUS,
    STRENGTH,
    GraphWriter,
    graph_macs,
    write_float,
)
from tests.models.test_live_net import KINDS, by_openvino, feeds, pictures, tiny


def shapes(model: onnx.ModelProto) -> dict[str, list[str | int]]:
    found: dict[str, list[str | int]] = {}
    for each in (*model.graph.input, *model.graph.output):
        dims = each.type.tensor_type.shape.dim
        found[each.name] = [dim.dim_param or dim.dim_value for dim in dims]
    return found


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("plain", {INPUT}),
        ("looks", {INPUT, STRENGTH}),
        ("temporal", {INPUT, PREVIOUS, STRENGTH}),
    ],
)
def test_the_inputs_are_those_that_the_net_needs(kind: str, inputs: set[str]) -> None:
    model = write_float(plain_live(tiny(KINDS[kind])))
    found = shapes(model)
    assert set(found) - {OUTPUT} == inputs
    assert found[INPUT] == [1, 1, "height", "width"]
    assert found[OUTPUT] == [1, 1, "enhanced_height", "enhanced_width"]
    types = {each.name: each.type.tensor_type.elem_type for each in model.graph.input}
    assert types[INPUT] == TensorProto.UINT8
    assert types.get(STRENGTH, TensorProto.FLOAT) == TensorProto.FLOAT
    assert types.get(PREVIOUS, TensorProto.UINT8) == TensorProto.UINT8


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_graph_counts_the_multiply_adds_of_the_net(kind: str) -> None:
    plain = plain_live(tiny(KINDS[kind]))
    assert graph_macs(write_float(plain)) == plain.macs_per_pixel


def test_the_version_that_every_runtime_reads_is_written() -> None:
    model = write_float(plain_live(tiny(KINDS["plain"])))
    assert [(each.domain, each.version) for each in model.opset_import] == [("", OPSET)]
    assert model.producer_name == "sharpcast"


def test_every_node_has_one_output_of_its_own_name() -> None:
    model = write_float(plain_live(tiny(KINDS["plain"])))
    outputs = [name for node in model.graph.node for name in node.output]
    assert len(outputs) == len(set(outputs))
    assert all(list(node.output) == [node.name] for node in model.graph.node)


def test_the_faithful_head_rounds_and_no_other_one() -> None:
    plain = plain_live(tiny(KINDS["looks"]))
    head: Conv = GraphWriter(plain).head()
    cells = plain.scale**2
    assert np.allclose(head.bias[:cells], plain.head.bias[:cells] + 0.5)
    assert np.array_equal(head.bias[cells:], plain.head.bias[cells:])
    assert head.weight is plain.head.weight


def test_levels_beyond_the_range_are_clipped_and_not_wrapped() -> None:
    net = tiny(KINDS["plain"])
    seen = pictures(net, 16, 16)
    named = feeds(net, seen)
    named["luma"] = np.tile(np.array([0, 255], np.uint8), (1, 1, 16, 8))
    made = by_openvino(write_float(plain_live(net)), named)
    assert made.shape == (32, 32) and made.dtype == np.uint8
    assert made.min() < 20 and made.max() > 235
