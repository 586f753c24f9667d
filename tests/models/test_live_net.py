from __future__ import annotations

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

import openvino  # noqa: E402
from onnx import ModelProto  # noqa: E402
from torch import nn  # noqa: E402

from models.export.graph import graph_macs, write_float  # noqa: E402
from models.export.live import plain_live  # noqa: E402
from models.nets.live import CollapsibleConv, LiveConfig, LiveNet  # noqa: E402
from models.quantize.calibrate import WEIGHT_LIMIT, calibrate, round_weight  # noqa: E402
from models.quantize.qdq import write_int8  # noqa: E402


def tiny(fold: int) -> LiveNet:
    torch.manual_seed(3)
    net = LiveNet(LiveConfig(fold=fold, channels=8, body=1, expansion=16)).eval()
    with torch.no_grad():
        # Quantization of a residual of almost nothing would show nothing.
        last = list(net.convs)[-1]
        assert isinstance(last, CollapsibleConv)
        last.direct.mul_(4)
    return net


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.clip((smooth - 128) * 3 + 128, 0, 255).astype(np.uint8)


def by_openvino(model: ModelProto, luma: np.ndarray) -> np.ndarray:
    core = openvino.Core()
    read = core.read_model(model.SerializeToString())
    read.reshape([1, 1, *luma.shape])
    return np.array(core.compile_model(read, "CPU")({0: luma[None, None]})[0][0, 0])


def by_torch(net: LiveNet, luma: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        y = net(torch.from_numpy(luma)[None, None].float() / 255)
    return np.asarray((y * 255).round().clamp(0, 255)[0, 0].byte())


def levels_apart(a: np.ndarray, b: np.ndarray) -> int:
    return int(np.abs(a.astype(int) - b).max())


@pytest.mark.parametrize("fold", [1, 2])
def test_a_tiny_net_doubles_both_sides(fold: int) -> None:
    y = tiny(fold)(torch.rand(2, 1, 10, 14))
    assert y.shape == (2, 1, 20, 28)


@pytest.mark.parametrize("fold", [1, 2])
def test_without_a_body_the_net_is_opencv_bicubic(fold: int) -> None:
    net = tiny(fold)
    with torch.no_grad():
        for parameter in net.convs[-1].parameters():
            parameter.zero_()
    luma = picture(24, 32)
    expected = cv2.resize(luma.astype(np.float32), (64, 48), interpolation=cv2.INTER_CUBIC)
    with torch.no_grad():
        y = net(torch.from_numpy(luma)[None, None].float())[0, 0].numpy()
    assert np.abs(y - expected).max() < 1e-3


@pytest.mark.parametrize(("inputs", "outputs", "side"), [(1, 8, 5), (8, 8, 3), (8, 4, 3)])
def test_collapsed_equals_expanded(inputs: int, outputs: int, side: int) -> None:
    torch.manual_seed(5)
    conv = CollapsibleConv(inputs, outputs, hidden=24, side=side, pad=side // 2)
    nn.init.normal_(conv.bias)
    x = torch.rand(1, inputs, 12, 12)
    expected = conv.forward_expanded(x)
    assert torch.allclose(conv(x), expected, atol=1e-5)
    assert torch.allclose(conv.fuse()(x), expected, atol=1e-5)


@pytest.mark.parametrize("fold", [1, 2])
def test_the_onnx_graph_equals_the_net_to_one_level(fold: int) -> None:
    net, luma = tiny(fold), picture(26, 34)
    assert levels_apart(by_openvino(write_float(plain_live(net)), luma), by_torch(net, luma)) <= 1


def test_the_onnx_graph_takes_odd_sizes_without_a_fold() -> None:
    net, luma = tiny(1), picture(25, 33)
    assert levels_apart(by_openvino(write_float(plain_live(net)), luma), by_torch(net, luma)) <= 1


@pytest.mark.parametrize("fold", [1, 2])
def test_an_output_depends_on_no_pixel_beyond_the_receptive_radius(fold: int) -> None:
    net = tiny(fold)
    radius = plain_live(net).receptive_radius
    with torch.no_grad():
        x = torch.rand(1, 1, 48, 48)
        far = x.clone()
        far[:, :, :, 24 + radius :] = 0
        difference = (net(x) - net(far)).abs().amax((0, 1, 2))
    assert float(difference[: 2 * 24].max()) == 0
    assert float(difference[2 * 24 :].max()) > 0


@pytest.mark.parametrize("fold", [1, 2])
def test_macs_told_are_macs_in_the_graph(fold: int) -> None:
    plain = plain_live(tiny(fold))
    assert graph_macs(write_float(plain), 20, 30) == pytest.approx(
        plain.macs_per_pixel * 600, rel=0.01
    )


def test_weights_have_seven_bits_and_round_to_their_scale() -> None:
    weight = np.random.default_rng(0).normal(size=(4, 3, 3, 3)).astype(np.float32)
    scale = np.abs(weight).max((1, 2, 3)) / WEIGHT_LIMIT
    levels = round_weight(weight, scale.astype(np.float32))
    assert levels.dtype == np.int8
    assert np.abs(levels).max() == WEIGHT_LIMIT
    assert np.abs(levels * scale[:, None, None, None] - weight).max() <= scale.max() * 0.51


def test_the_int8_graph_has_the_same_contract_and_stays_near_the_float_one() -> None:
    plain = plain_live(tiny(1))
    pictures = np.stack([picture(24, 24, seed) for seed in range(16)])
    exact, small = write_float(plain), write_int8(calibrate(plain, pictures))
    assert [t.name for t in small.graph.input] == [t.name for t in exact.graph.input]
    assert [t.name for t in small.graph.output] == [t.name for t in exact.graph.output]
    kinds = [node.op_type for node in small.graph.node]
    assert kinds.count("QuantizeLinear") == len(plain.body) - 1
    luma = picture(40, 40, 99)
    apart = by_openvino(small, luma).astype(int) - by_openvino(exact, luma)
    assert np.abs(apart).mean() < 1.0


def test_openvino_and_onnxruntime_agree_on_the_int8_graph() -> None:
    runtime = pytest.importorskip("onnxruntime")
    plain = plain_live(tiny(1))
    model = write_int8(calibrate(plain, np.stack([picture(24, 24, seed) for seed in range(8)])))
    luma = picture(40, 40, 7)
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    other = session.run(None, {"luma": luma[None, None]})[0][0, 0]
    assert levels_apart(by_openvino(model, luma), other) <= 2
