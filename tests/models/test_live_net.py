from __future__ import annotations

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from onnx import ModelProto  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from models.export.live import plain_live  # noqa: E402
from models.graph.writer import graph_macs, write_float  # noqa: E402
from models.nets.live import GATE_LIMIT, CollapsibleConv, LiveConfig, LiveNet  # noqa: E402
from models.openvino_core import open_core  # noqa: E402
from models.quantize.calibrate import Pictures, calibrate, round_weight  # noqa: E402
from models.quantize.qdq import write_int8  # noqa: E402
from models.quantize.scheme import S8S8, SCHEMES, U8S8, Scheme  # noqa: E402

LOOKS = LiveConfig(channels=8, body=1, expansion=16)
KINDS = {
    "plain": LiveConfig(channels=8, body=1, crisp=0, expansion=16),
    "looks": LOOKS,
    "x3": LiveConfig(scale=3, channels=8, body=1, expansion=16),
    "x4": LiveConfig(scale=4, channels=8, body=1, crisp=1, expansion=16),
    "temporal": LiveConfig(channels=8, body=1, previous=True, expansion=16),
}
STRENGTH = 0.7


@pytest.fixture(params=list(KINDS))
def net(request: pytest.FixtureRequest) -> LiveNet:
    return tiny(KINDS[request.param])


def tiny(config: LiveConfig) -> LiveNet:
    torch.manual_seed(3)
    net = LiveNet(config).eval()
    # A residual of almost nothing would show nothing.
    for head in (net.faithful, net.crisp):
        if head is not None:
            head.damp(4)
    return net


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.clip((smooth - 128) * 3 + 128, 0, 255).astype(np.uint8)


def pictures(net: LiveNet, height: int, width: int, count: int = 1, first: int = 0) -> Pictures:
    scale, seeds = net.config.scale, range(first, first + count)
    luma = np.stack([picture(height, width, seed) for seed in seeds])
    if not net.config.previous:
        return Pictures(luma)
    size = (scale * height, scale * width)
    return Pictures(luma, np.stack([picture(*size, 50 + seed) for seed in seeds]))


def feeds(net: LiveNet, seen: Pictures) -> dict[str, np.ndarray]:
    named = {"luma": seen.luma[:1, None]}
    if seen.previous is not None:
        named["previous"] = seen.previous[:1, None]
    if net.config.crisp:
        named["strength"] = np.array([STRENGTH], np.float32)
    return named


def by_openvino(model: ModelProto, named: dict[str, np.ndarray]) -> np.ndarray:
    core = open_core()
    read = core.read_model(model.SerializeToString())
    read.reshape({name: list(value.shape) for name, value in named.items()})
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    return np.array(core.compile_model(read, "CPU", exact)(named)[0][0, 0])


def by_onnxruntime(model: ModelProto, named: dict[str, np.ndarray]) -> np.ndarray:
    runtime = pytest.importorskip("onnxruntime")
    content, providers = model.SerializeToString(), ["CPUExecutionProvider"]
    result = runtime.InferenceSession(content, providers=providers).run(None, named)
    return np.asarray(result[0][0, 0])


def unit(luma: np.ndarray | None) -> Tensor | None:
    return None if luma is None else torch.from_numpy(luma[:1, None]).float() / 255


def by_torch(net: LiveNet, seen: Pictures) -> np.ndarray:
    luma = unit(seen.luma)
    with torch.no_grad():
        y = net(luma, unit(seen.previous), STRENGTH if net.config.crisp else 0.0)
    return np.asarray((y * 255).round().clamp(0, 255)[0, 0].byte())


def levels_apart(a: np.ndarray, b: np.ndarray) -> int:
    return int(np.abs(a.astype(int) - b).max())


def test_a_tiny_net_multiplies_both_sides(net: LiveNet) -> None:
    scale = net.config.scale
    previous = torch.rand(2, 1, scale * 10, scale * 14) if net.config.previous else None
    y = net(torch.rand(2, 1, 10, 14), previous, STRENGTH if net.config.crisp else 0.0)
    assert y.shape == (2, 1, scale * 10, scale * 14)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_without_its_heads_the_net_is_opencv_bicubic(scale: int) -> None:
    net = tiny(LiveConfig(scale=scale, channels=8, body=1, expansion=16))
    with torch.no_grad():
        for parameter in net.faithful.parameters():
            parameter.zero_()
    luma = picture(24, 32)
    size = (32 * scale, 24 * scale)
    expected = cv2.resize(luma.astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    seen = torch.from_numpy(luma)[None, None].float()
    with torch.no_grad():
        y, base = net(seen)[0, 0].numpy(), net.enlarge(seen)[0, 0].numpy()
    assert np.abs(y - expected).max() < 1e-3
    assert np.abs(base - expected).max() < 1e-3


@pytest.mark.parametrize(("inputs", "outputs", "side"), [(1, 8, 5), (8, 8, 3), (8, 4, 1)])
def test_collapsed_equals_expanded(inputs: int, outputs: int, side: int) -> None:
    torch.manual_seed(5)
    conv = CollapsibleConv(inputs, outputs, hidden=24, side=side, pad=side // 2)
    nn.init.normal_(conv.bias)
    x = torch.rand(1, inputs, 12, 12)
    expected = conv.forward_expanded(x)
    assert torch.allclose(conv(x), expected, atol=1e-5)
    assert torch.allclose(conv.fuse()(x), expected, atol=1e-5)


@pytest.mark.parametrize("size", [(26, 34), (25, 33)])
def test_the_onnx_graph_equals_the_net_to_one_level(net: LiveNet, size: tuple[int, int]) -> None:
    seen = pictures(net, *size)
    result = by_openvino(write_float(plain_live(net)), feeds(net, seen))
    assert levels_apart(result, by_torch(net, seen)) <= 1


def test_strength_moves_the_picture_in_proportion() -> None:
    net, luma = tiny(LOOKS), torch.rand(1, 1, 12, 12)
    with torch.no_grad():
        faithful, half, crisp = (net(luma, strength=s) for s in (0.0, 0.5, 1.0))
    assert torch.allclose(half, (faithful + crisp) / 2, atol=1e-6)
    assert float((crisp - faithful).abs().max()) > 1e-3


def test_an_error_in_the_previous_picture_shrinks_on_the_direct_path() -> None:
    net = tiny(KINDS["temporal"])
    assert net.past is not None and net.gate is not None
    with torch.no_grad():
        net.gate.bias.fill_(100)
        # Only the direct path is bounded by construction; the other one is what training makes it.
        for parameter in net.past.parameters():
            parameter.zero_()
        net.past.identity = False
        luma, base = torch.rand(1, 1, 12, 12), torch.rand(1, 1, 24, 24)
        wrong = net(luma, base + 0.1) - net(luma, base)
    assert float(wrong.abs().max()) == pytest.approx(0.1 * GATE_LIMIT, rel=1e-3)


def test_an_output_depends_on_no_pixel_beyond_the_receptive_radius() -> None:
    net = tiny(LOOKS)
    radius = plain_live(net).receptive_radius
    with torch.no_grad():
        x = torch.rand(1, 1, 48, 48)
        far = x.clone()
        far[:, :, :, 24 + radius :] = 0
        difference = (net(x) - net(far)).abs().amax((0, 1, 2))
    assert float(difference[: 2 * 24].max()) == 0
    assert float(difference[2 * 24 :].max()) > 0


def test_macs_told_are_macs_in_the_graph(net: LiveNet) -> None:
    plain = plain_live(net)
    assert graph_macs(write_float(plain)) == plain.macs_per_pixel


@pytest.mark.parametrize("scheme", [U8S8, S8S8])
def test_weights_round_to_their_scale_within_the_limit(scheme: Scheme) -> None:
    weight = np.random.default_rng(0).normal(size=(4, 3, 3, 3)).astype(np.float32)
    scale = (np.abs(weight).max((1, 2, 3)) / scheme.weight_limit).astype(np.float32)
    levels = round_weight(weight, scale, scheme)
    assert levels.dtype == np.int8
    assert np.abs(levels).max() == scheme.weight_limit
    assert np.abs(levels * scale[:, None, None, None] - weight).max() <= scale.max() * 0.51


def test_pairs_of_products_fit_16_bits_where_a_cpu_adds_them_there() -> None:
    assert 2 * U8S8.activation_limit * U8S8.weight_limit < 2**15


@pytest.mark.parametrize("precision", list(SCHEMES))
def test_the_int8_graph_has_the_same_contract_and_stays_near(net: LiveNet, precision: str) -> None:
    plain, scheme = plain_live(net), SCHEMES[precision]  # type: ignore[index]
    exact = write_float(plain)
    small = write_int8(calibrate(plain, pictures(net, 24, 24, 16), scheme))
    assert [t.name for t in small.graph.input] == [t.name for t in exact.graph.input]
    assert [t.name for t in small.graph.output] == [t.name for t in exact.graph.output]
    assert graph_macs(small) == plain.macs_per_pixel
    kinds = [node.op_type for node in small.graph.node]
    assert kinds.count("QuantizeLinear") == len(plain.convs)
    named = feeds(net, pictures(net, 40, 40, first=99))
    apart = by_openvino(small, named).astype(int) - by_openvino(exact, named)
    assert np.abs(apart).mean() < 1.5


@pytest.mark.parametrize("precision", list(SCHEMES))
def test_zero_points_are_zero(precision: str) -> None:
    net, scheme = tiny(LOOKS), SCHEMES[precision]  # type: ignore[index]
    model = write_int8(calibrate(plain_live(net), pictures(net, 24, 24, 4), scheme))
    constants = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    zeros = [value for name, value in constants.items() if name.endswith("_zero")]
    assert zeros and not any(value.any() for value in zeros)


def test_openvino_and_onnxruntime_agree_on_the_int8_graph(net: LiveNet) -> None:
    model = write_int8(calibrate(plain_live(net), pictures(net, 24, 24, 8), U8S8))
    named = feeds(net, pictures(net, 40, 40, first=7))
    assert levels_apart(by_openvino(model, named), by_onnxruntime(model, named)) <= 1
