from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

import torch.nn.functional as F  # noqa: E402
from onnx import TensorProto, helper  # noqa: E402

from models.nets.deform import ModulatedDeformConv, deform_conv  # noqa: E402


def by_onnx(
    x: np.ndarray, offset: np.ndarray, weight: np.ndarray, mask: np.ndarray | None
) -> np.ndarray:
    names = ["x", "w", "offset"] + ([] if mask is None else ["b", "mask"])
    groups = offset.shape[1] // 18
    node = helper.make_node(
        "DeformConv",
        names,
        ["y"],
        kernel_shape=[3, 3],
        pads=[1, 1, 1, 1],
        offset_group=groups,
    )
    feeds = {"x": x, "w": weight, "offset": offset}
    if mask is not None:
        feeds |= {"b": np.zeros(weight.shape[0], np.float32), "mask": mask}
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, feeds[name].shape) for name in names
    ]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph([node], "deform", inputs, [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    result: np.ndarray = session.run(None, feeds)[0]
    return result


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("reach", [0.7, 6.0])
def test_grid_sampling_equals_onnx_deform_conv(groups: int, masked: bool, reach: float) -> None:
    rng = np.random.default_rng(groups)
    x = rng.normal(size=(2, 8, 9, 13)).astype(np.float32)
    weight = rng.normal(size=(6, 8, 3, 3)).astype(np.float32) / 8
    # Many of the farther ones point beyond the border.
    offset = rng.normal(0, reach, (2, groups * 18, 9, 13)).astype(np.float32)
    mask = rng.random((2, groups * 9, 9, 13)).astype(np.float32) if masked else None
    expected = by_onnx(x, offset, weight, mask)
    found = deform_conv(
        torch.from_numpy(x),
        torch.from_numpy(offset),
        torch.from_numpy(weight),
        None if mask is None else torch.from_numpy(mask),
    )
    assert np.abs(found.numpy() - expected).max() < 1e-5


def test_without_offsets_it_is_an_ordinary_convolution() -> None:
    x, weight = torch.rand(1, 4, 7, 8), torch.rand(5, 4, 3, 3)
    still = torch.zeros(1, 36, 7, 8)
    assert torch.allclose(deform_conv(x, still, weight), F.conv2d(x, weight, padding=1), atol=1e-5)


def test_a_whole_pixel_offset_shifts() -> None:
    x, weight = torch.rand(1, 2, 8, 8), torch.rand(3, 2, 3, 3)
    right = torch.zeros(1, 9, 2, 8, 8)
    right[:, :, 1] = 1
    moved = deform_conv(x, right.reshape(1, 18, 8, 8), weight)
    plain = F.conv2d(x, weight, padding=1)
    assert torch.allclose(moved[..., :-2], plain[..., 1:-1], atol=1e-5)


def test_a_fresh_one_is_a_convolution_at_half_strength() -> None:
    layer = ModulatedDeformConv(8, groups=2)
    x = torch.rand(1, 8, 6, 6)
    expected = F.conv2d(x, layer.weight, padding=1) / 2
    assert torch.allclose(layer(x, torch.rand(1, 8, 6, 6)), expected, atol=1e-5)
