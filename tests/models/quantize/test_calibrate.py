"""Scales from pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from models.export.live import plain_live
from models.graph.plain import Conv, PlainNet
from models.quantize.calibrate import Pictures, calibrate, first_stage, round_weight
from models.quantize.qat import RoundedNet, error
from models.quantize.scheme import S8S8, SCHEMES, U8S8, Scheme
from tests.models.test_live_net import KINDS, pictures, tiny


def made(kind: str = "plain") -> tuple[PlainNet, Pictures]:
    net = tiny(KINDS[kind])
    return plain_live(net), pictures(net, 20, 24, 6)


@pytest.mark.parametrize("scheme", list(SCHEMES.values()))
@pytest.mark.parametrize("kind", list(KINDS))
def test_there_is_a_scale_for_each_channel_and_each_input(kind: str, scheme: Scheme) -> None:
    net, seen = made(kind)
    found = calibrate(net, seen, scheme)
    assert len(found.weight_scales) == len(found.activation_scales) == len(net.convs)
    for conv, scales in zip(net.convs, found.weight_scales, strict=True):
        assert scales.shape == (len(conv.weight),) and scales.dtype == np.float32
        assert (scales > 0).all()
    assert all(scale > 0 for scale in found.activation_scales)


@pytest.mark.parametrize("scheme", [U8S8, S8S8])
def test_weights_are_rounded_to_less_than_a_step_or_clipped(scheme: Scheme) -> None:
    net, seen = made()
    found = calibrate(net, seen, scheme)
    for conv, scales in zip(net.convs, found.weight_scales, strict=True):
        levels = round_weight(conv.weight, scales, scheme)
        assert levels.dtype == np.int8 and np.abs(levels).max() <= scheme.weight_limit
        back = levels * scales[:, None, None, None]
        inside = np.abs(levels) < scheme.weight_limit
        steps = np.broadcast_to(scales[:, None, None, None], back.shape)
        assert (np.abs(back - conv.weight)[inside] <= 0.501 * steps[inside]).all()
        # No scale is worse than the one that clips nothing.
        plain = np.abs(conv.weight).max((1, 2, 3)) / scheme.weight_limit
        whole = round_weight(conv.weight, plain.astype(np.float32), scheme)
        plain_back = whole * plain[:, None, None, None]
        assert ((back - conv.weight) ** 2).sum() <= ((plain_back - conv.weight) ** 2).sum() + 1e-6


def test_only_body_and_head_are_changed_and_only_in_their_biases() -> None:
    net, seen = made("looks")
    found = calibrate(net, seen, U8S8).net
    assert found.first is net.first and found.base is net.base
    for old, new in zip(net.convs, found.convs, strict=True):
        assert new.weight is old.weight
        assert new.bias.shape == old.bias.shape


def test_corrected_biases_lessen_the_error() -> None:
    net, seen = made()
    found = calibrate(net, seen, U8S8)
    uncorrected = replace(found, net=net)
    assert error(found, net, seen) < error(uncorrected, net, seen)


def test_a_lower_percentile_gives_smaller_ranges() -> None:
    net, seen = made()
    high = calibrate(net, seen, U8S8).activation_scales
    low = calibrate(net, seen, U8S8, percentile=80).activation_scales
    assert low[0] < high[0]


def test_black_pictures_give_scales_all_the_same() -> None:
    net, seen = made()
    black = Pictures(np.zeros_like(seen.luma))
    found = calibrate(net, black, U8S8)
    assert all(np.isfinite(scale) and scale > 0 for scale in found.activation_scales)


def test_the_first_stage_keeps_the_size_and_sees_the_previous_picture() -> None:
    net, seen = made("temporal")
    alone = first_stage(net, Pictures(seen.luma))
    followed = first_stage(net, seen)
    assert alone.shape == followed.shape == (6, len(net.first.weight), 20, 24)
    assert not np.allclose(alone.numpy(), followed.numpy())


WEIGHTS = arrays.arrays(
    np.float32, (3, 2, 3, 3), elements=st.floats(-8, 8, width=32, allow_subnormal=False)
)


@pytest.mark.parametrize("scheme", [U8S8, S8S8])
@settings(max_examples=30, deadline=None)
@given(weight=WEIGHTS, scale=st.floats(1e-3, 4))
def test_rounding_never_leaves_the_limits_and_is_nearest_within_them(
    scheme: Scheme, weight: np.ndarray, scale: float
) -> None:
    scales = np.full(3, scale, np.float32)
    levels = round_weight(weight, scales, scheme).astype(int)
    assert np.abs(levels).max() <= scheme.weight_limit
    exact = weight.astype(np.float64) / np.float64(np.float32(scale))
    inside = np.abs(exact) <= scheme.weight_limit
    assert (np.abs(levels - exact)[inside] <= 0.5001).all()
    # What lies beyond is at the limit of its own sign.
    beyond = ~inside
    assert (levels[beyond] == np.sign(exact[beyond]) * scheme.weight_limit).all()


@settings(max_examples=30, deadline=None)
@given(weight=WEIGHTS)
def test_a_negative_kernel_rounds_to_the_negative(weight: np.ndarray) -> None:
    scales = np.full(3, 0.1, np.float32)
    one, other = round_weight(weight, scales, U8S8), round_weight(-weight, scales, U8S8)
    assert np.array_equal(one, -other)


@pytest.mark.parametrize("factor", [0.25, 4.0, 1024.0])
def test_scales_grow_with_the_weights(factor: float) -> None:
    """Powers of two change no rounding: the integers are the same."""
    net, seen = made()
    larger = replace(
        net,
        body=tuple(Conv(c.weight * np.float32(factor), c.bias) for c in net.body),
    )
    one, other = calibrate(net, seen, U8S8), calibrate(larger, seen, U8S8)
    for a, b, c, d in zip(
        net.body, larger.body, one.weight_scales, other.weight_scales, strict=False
    ):
        assert np.allclose(c * factor, d)
        assert np.array_equal(round_weight(a.weight, c, U8S8), round_weight(b.weight, d, U8S8))


def test_a_channel_of_zeros_stays_zero() -> None:
    net, seen = made()
    silent = net.body[0].weight.copy()
    silent[2] = 0
    found = calibrate(replace(net, body=(Conv(silent, net.body[0].bias),)), seen, S8S8)
    scales = found.weight_scales[0]
    assert np.isfinite(scales).all() and (scales > 0).all()
    assert not round_weight(silent, scales, S8S8)[2].any()


def test_one_wild_weight_is_clipped_where_that_costs_less() -> None:
    rng = np.random.default_rng(2)
    weight = rng.normal(0, 0.1, (1, 8, 3, 3)).astype(np.float32)
    net, seen = made()
    head = np.tile(weight, (len(net.head.weight), 1, 1, 1))
    head[:, 0, 0, 0] = 0.45
    found = calibrate(replace(net, head=Conv(head, net.head.bias)), seen, U8S8)
    top = np.abs(head).max((1, 2, 3))
    assert (found.weight_scales[-1] * U8S8.weight_limit <= top * 1.0001).all()
    assert (found.weight_scales[-1] * U8S8.weight_limit >= 0.6 * top * 0.9999).all()


def test_the_order_of_the_pictures_does_not_matter() -> None:
    net, seen = made()
    turned = Pictures(seen.luma[::-1].copy())
    one, other = calibrate(net, seen, U8S8), calibrate(net, turned, U8S8)
    assert one.activation_scales == pytest.approx(other.activation_scales, rel=1e-5)
    for a, b in zip(one.net.convs, other.net.convs, strict=True):
        assert np.allclose(a.bias, b.bias, atol=1e-3)


def test_after_correction_each_channel_is_right_on_average() -> None:
    """The bias makes up for the mean of all rounding before it."""
    net, seen = made("looks")
    found = calibrate(net, seen, U8S8)
    entry = first_stage(net, seen)
    student, teacher = RoundedNet(found), RoundedNet(replace(found, net=net))
    teacher.is_exact = True
    apart = (student(entry) - teacher(entry)).mean((0, 2, 3)).detach().numpy()
    assert np.abs(apart).max() < 0.02
