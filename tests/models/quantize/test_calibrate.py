"""Scales from pictures."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from models.export.live import plain_live
from models.graph.plain import PlainNet
from models.quantize.calibrate import Pictures, calibrate, first_stage, round_weight
from models.quantize.qat import error
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
    import dataclasses

    net, seen = made()
    found = calibrate(net, seen, U8S8)
    uncorrected = dataclasses.replace(found, net=net)
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
