"""``models.graph.reader``: the written form read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from models.graph.plain import PlainNet
from models.graph.reader import read_float
from models.graph.writer import write_float
from models.manifest import load_manifest, model_file


def shipped() -> PlainNet:
    manifest = load_manifest("live-s")
    return read_float(model_file(manifest, "fp32"), scale=2, has_styles=True)


def test_a_written_net_is_read_back_to_the_last_bit(tmp_path: Path) -> None:
    net = shipped()
    onnx.save(write_float(net), str(tmp_path / "net.onnx"))
    again = read_float(tmp_path / "net.onnx", scale=2, has_styles=True)
    for one, other in zip((net.first, *net.convs), (again.first, *again.convs), strict=True):
        np.testing.assert_array_equal(one.weight, other.weight)
        np.testing.assert_allclose(one.bias, other.bias, atol=1e-6)


def test_the_shipped_graph_is_written_again_with_the_same_constants(tmp_path: Path) -> None:
    onnx.save(write_float(shipped()), str(tmp_path / "net.onnx"))
    manifest = load_manifest("live-s")
    assert shipped().macs_per_pixel == manifest.macs_per_pixel
    assert shipped().receptive_radius == manifest.receptive_radius
    graph = onnx.load(str(tmp_path / "net.onnx")).graph
    original = onnx.load(str(model_file(manifest, "fp32"))).graph
    assert [node.op_type for node in graph.node] == [node.op_type for node in original.node]


def test_a_graph_of_another_form_is_refused(tmp_path: Path) -> None:
    temporal = model_file(load_manifest("live-t"), "fp32")
    with pytest.raises(ValueError, match="previous picture"):
        read_float(temporal, scale=2, has_styles=True)
    net = onnx.load(str(model_file(load_manifest("live-s"), "fp32")))
    del net.graph.initializer[:]
    onnx.save(net, str(tmp_path / "empty.onnx"))
    with pytest.raises(ValueError, match="no graph of a plain net"):
        read_float(tmp_path / "empty.onnx", scale=2, has_styles=True)
