from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from models.export.live import plain_live  # noqa: E402
from models.graph.plain import PlainNet  # noqa: E402
from models.quantize.calibrate import (  # noqa: E402
    Pictures,
    Quantized,
    calibrate,
    first_stage,
)
from models.quantize.qat import QATConfig, RoundedNet, error, refine, rounded  # noqa: E402
from models.quantize.qdq import write_int8  # noqa: E402
from models.quantize.scheme import SCHEMES, U8S8  # noqa: E402
from tests.models.test_live_net import KINDS, by_openvino, feeds, pictures, tiny  # noqa: E402


def test_rounding_takes_whole_steps_within_the_range() -> None:
    x = torch.tensor([-1.0, 0.24, 0.26, 99.0])
    assert rounded(x, torch.tensor(0.5), 0, 3).tolist() == [0.0, 0.0, 0.5, 1.5]


def test_gradients_pass_within_the_range_and_reach_the_scale() -> None:
    x = torch.tensor([-1.0, 0.3, 99.0], requires_grad=True)
    scale = torch.tensor(0.5, requires_grad=True)
    rounded(x, scale, 0, 3).sum().backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None and x.grad.tolist() == [0.0, 1.0, 0.0]
    # LSQ, eq. 3: the limits for what is clipped, else the rounding error.
    share = 1 / np.sqrt(3 * 3)
    assert scale.grad is not None
    assert float(scale.grad) == pytest.approx(share * (0 + (1 - 0.6) + 3), rel=1e-4)


@pytest.mark.parametrize("precision", list(SCHEMES))
@pytest.mark.parametrize("kind", ["looks", "temporal"])
def test_training_mends_ranges_that_cut_too_much(kind: str, precision: str) -> None:
    net, scheme = tiny(KINDS[kind]), SCHEMES[precision]  # type: ignore[index]
    plain, seen = plain_live(net), pictures(net, 20, 20, 8)
    start = calibrate(plain, seen, scheme, percentile=90)
    refined = refine(start, plain, seen, QATConfig(steps=60, scale_rate=1e-2), print)
    assert error(refined, plain, seen) < 0.8 * error(start, plain, seen)


def test_what_was_trained_is_what_the_graph_computes() -> None:
    net = tiny(KINDS["plain"])
    plain, seen = plain_live(net), pictures(net, 24, 24, 4)
    refined = refine(calibrate(plain, seen, U8S8), plain, seen, QATConfig(steps=5), print)
    one = pictures(net, 24, 24, 1)
    with torch.no_grad():
        heads = RoundedNet(refined)(first_stage(plain, one))
        luma = torch.from_numpy(one.luma[:1, None].astype(np.float32))
        y = torch.nn.functional.pixel_shuffle(heads, 2) + net.enlarge(luma)
    expected = y.round().clamp(0, 255)[0, 0].numpy()
    assert np.abs(by_openvino(write_int8(refined), feeds(net, one)) - expected).max() <= 1


def started(kind: str = "plain", percentile: float = 99.0) -> tuple[PlainNet, Pictures, Quantized]:
    net = tiny(KINDS[kind])
    plain, seen = plain_live(net), pictures(net, 12, 12, 4)
    return plain, seen, calibrate(plain, seen, U8S8, percentile)


@pytest.mark.parametrize("kind", list(KINDS))
def test_no_step_changes_nothing(kind: str) -> None:
    plain, seen, start = started(kind)
    found = refine(start, plain, seen, QATConfig(steps=0), print)
    assert found.scheme is start.scheme
    assert found.activation_scales == pytest.approx(start.activation_scales, rel=1e-5)
    for a, b in zip(found.net.convs, start.net.convs, strict=True):
        assert np.array_equal(a.weight, b.weight) and np.array_equal(a.bias, b.bias)
    for c, d in zip(found.weight_scales, start.weight_scales, strict=True):
        assert np.allclose(c, d, rtol=1e-5)


def test_one_seed_gives_one_net_and_another_seed_another() -> None:
    plain, seen, start = started()
    one, same, other = (
        refine(start, plain, seen, QATConfig(steps=3, batch=2, seed=seed), print)
        for seed in (1, 1, 2)
    )
    assert one.activation_scales == same.activation_scales
    assert np.array_equal(one.net.head.weight, same.net.head.weight)
    assert not np.array_equal(one.net.head.weight, other.net.head.weight)


def test_what_stays_float_is_not_trained() -> None:
    plain, seen, start = started("temporal")
    found = refine(start, plain, seen, QATConfig(steps=3, batch=2), print).net
    assert found.first is start.net.first and found.base is start.net.base
    assert found.past is start.net.past
    assert not np.array_equal(found.head.weight, start.net.head.weight)


def test_the_loss_is_told_every_hundred_steps() -> None:
    plain, seen, start = started()
    said: list[str] = []
    refine(start, plain, seen, QATConfig(steps=201, batch=1, scale_rate=1e-3), said.append)
    assert [text.split(":")[0] for text in said] == ["step 100", "step 200"]
    assert all(float(text.rsplit(" ", 1)[1]) >= 0 for text in said)


def test_an_exact_net_rounds_nothing() -> None:
    plain, seen, start = started()
    exact = RoundedNet(Quantized(plain, start.scheme, start.weight_scales, start.activation_scales))
    exact.is_exact = True
    x = first_stage(plain, seen)
    with torch.no_grad():
        y = x
        for conv in plain.convs:
            weight, bias = torch.from_numpy(conv.weight), torch.from_numpy(conv.bias)
            y = torch.nn.functional.conv2d(torch.relu(y), weight, bias, padding=conv.pad)
        assert torch.allclose(exact(x), y, atol=1e-4)
        exact.is_exact = False
        assert not torch.allclose(exact(x), y, atol=1e-4)


@pytest.mark.parametrize(
    ("kind", "weights"),
    [("plain", [1.0]), ("looks", [1.0, 0.25]), ("temporal", [1.0, 0.25, 16.0])],
)
def test_each_head_has_its_weight_in_the_error(kind: str, weights: list[float]) -> None:
    _, _, start = started(kind)
    importance = RoundedNet(start).importance
    cells = start.net.scale**2
    assert importance.shape == (1, cells * len(weights), 1, 1)
    assert importance.flatten()[::cells].tolist() == weights


def test_scales_stay_positive_whatever_their_rate() -> None:
    plain, seen, start = started(percentile=80)
    config = QATConfig(steps=10, batch=2, scale_rate=0.5)
    found = refine(start, plain, seen, config, print)
    assert all(scale > 0 for scale in found.activation_scales)
    assert all((scales > 0).all() for scales in found.weight_scales)


@pytest.mark.parametrize("values", [1, 7, 1000])
def test_a_scale_s_gradient_does_not_grow_with_its_values(values: int) -> None:
    """LSQ, section 2.2: the sum over n values is divided by the root of n times the limit."""
    scale = torch.tensor(0.5, requires_grad=True)
    x = torch.full((values,), 99.0)
    rounded(x, scale, 0, 4).sum().backward()  # type: ignore[no-untyped-call]
    assert scale.grad is not None
    assert float(scale.grad) == pytest.approx(4 * values / np.sqrt(values * 4), rel=1e-4)
