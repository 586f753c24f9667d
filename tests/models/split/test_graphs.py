"""Graphs of the parts of a net."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from models.export.live import plain_live  # noqa: E402
from models.graph.writer import write_float  # noqa: E402
from models.manifest import load_manifest, model_file  # noqa: E402
from models.openvino_core import open_core  # noqa: E402
from models.split.graphs import COEFFICIENTS, cut_graph, cut_points, with_transform  # noqa: E402
from models.split.live_parts import live_cut, read_live  # noqa: E402
from models.split.transform import BLOCK, Transform  # noqa: E402
from tests.models.test_live_net import LOOKS, picture, tiny  # noqa: E402

LUMA = picture(24, 32)
STRENGTH = np.array([0.5], np.float32)


def run(model: Any, feeds: dict[str, np.ndarray]) -> np.ndarray:
    """The one output of a graph."""
    core = open_core()
    options = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    read = core.read_model(model.SerializeToString())
    read.reshape({port.any_name: list(feeds[port.any_name].shape) for port in read.inputs})
    compiled = core.compile_model(read, "CPU", options)
    result: Any = compiled.create_infer_request().infer(feeds)[0]
    return np.array(result)


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_the_parts_of_the_large_net_compute_what_it_computes(precision: Any) -> None:
    model = onnx.load(model_file(load_manifest("live-l"), precision))
    points = cut_points(model)
    assert len(points) == 8
    whole = run(model, {"luma": LUMA[None, None], "strength": STRENGTH})
    for at in (points[0], points[4], points[7]):
        front, back = cut_graph(model, at)
        features = run(front, {"luma": LUMA[None, None]})
        assert features.shape == (1, 48, 24, 32)
        assert features.dtype == (np.uint8 if precision == "int8" else np.float32)
        made = run(back, {"luma": LUMA[None, None], "strength": STRENGTH, at: features})
        apart = np.abs(made.astype(int) - whole)
        # A sum that lies between two integers may be rounded either way.
        assert apart.max() <= 1 and (apart > 0).mean() < 0.01
        # Each convolution is in one part only, but for the base, which is the receiver's.
        convs = [sum(n.op_type == "Conv" for n in part.graph.node) for part in (front, back)]
        assert sum(convs) == sum(n.op_type == "Conv" for n in model.graph.node)


def test_a_cut_at_another_place_is_refused() -> None:
    model = write_float(plain_live(tiny(LOOKS)))
    with pytest.raises(ValueError, match="no cut point; there are relu0, relu_head"):
        cut_graph(model, "base")


def small_transform(channels: int, dimensions: int) -> Transform:
    rng = np.random.default_rng(0)
    shape = (dimensions, channels, BLOCK, BLOCK)
    # Rows of an orthogonal matrix: with all dimensions nothing is lost.
    matrix = np.linalg.qr(rng.normal(size=(channels * BLOCK**2,) * 2))[0]
    kernel = matrix[:dimensions].reshape(shape).astype(np.float32)
    predictor = rng.normal(0, 0.001, (channels, 1, 9, 9)).astype(np.float32)
    return Transform(predictor, rng.normal(0, 0.1, channels).astype(np.float32), kernel, kernel)


def test_all_coefficients_give_the_whole_nets_picture() -> None:
    model = write_float(plain_live(tiny(LOOKS)))
    transform = small_transform(8, 8 * BLOCK**2)
    at = cut_points(model)[1]
    sender, receiver = with_transform(*cut_graph(model, at), at, transform)
    values = run(sender, {"luma": LUMA[None, None]})
    assert values.shape == (1, 8 * BLOCK**2, 6, 8)
    feeds = {"luma": LUMA[None, None], "strength": STRENGTH, COEFFICIENTS: values}
    whole = run(model, {"luma": LUMA[None, None], "strength": STRENGTH})
    apart = np.abs(run(receiver, feeds).astype(int) - whole)
    assert apart.max() <= 1 and (apart > 0).mean() < 0.02


def test_weights_take_the_places_of_the_second_parts_constants() -> None:
    model = write_float(plain_live(tiny(LOOKS)))
    at = cut_points(model)[1]
    parts, transform = cut_graph(model, at), small_transform(8, 8 * BLOCK**2)
    sender, same = with_transform(*parts, at, transform, {"absent_w": np.zeros(1, np.float32)})
    _, other = with_transform(*parts, at, transform, {"head_b": np.full(8, 9.5, np.float32)})
    feeds = {
        "luma": LUMA[None, None],
        "strength": np.zeros(1, np.float32),
        COEFFICIENTS: run(sender, {"luma": LUMA[None, None]}),
    }
    lift = run(other, feeds).astype(int) - run(same, feeds)
    assert 7 <= np.median(lift) <= 11
    with pytest.raises(ValueError, match="head_b"):
        with_transform(*parts, at, transform, {"head_b": np.zeros(3, np.float32)})


def test_graphs_and_torch_agree(tmp_path: Path) -> None:
    import torch

    model = write_float(plain_live(tiny(LOOKS)))
    path = tmp_path / "tiny" / "fp32.onnx"
    path.parent.mkdir()
    onnx.save(model, path)
    cut, transform = live_cut(read_live(path), 1), small_transform(8, 20)
    at = cut_points(model)[1]
    sender, receiver = with_transform(*cut_graph(model, at), at, transform)
    luma = torch.from_numpy(LUMA.astype(np.float32))[None, None]
    with torch.no_grad():
        expected = transform.forward(cut.front(luma), luma)
        picture_of_torch = cut.back(transform.backward(expected, luma), luma)
    values = run(sender, {"luma": LUMA[None, None]})
    assert np.allclose(values, expected.numpy(), atol=1e-3)
    feeds = {
        "luma": LUMA[None, None],
        "strength": np.zeros(1, np.float32),
        COEFFICIENTS: values,
    }
    made = run(receiver, feeds).astype(int)
    rounded = np.floor(picture_of_torch.numpy() + 0.5).clip(0, 255)
    assert np.abs(made - rounded).max() <= 1
