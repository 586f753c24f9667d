"""A live net in torch from its graph."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

import numpy as np  # noqa: E402

from models.export.live import plain_live  # noqa: E402
from models.graph.writer import write_float  # noqa: E402
from models.split.live_parts import live_cut, read_live  # noqa: E402
from tests.models.test_live_net import KINDS, tiny  # noqa: E402


def saved(kind: str, folder: Path) -> Path:
    path = folder / "fp32.onnx"
    onnx.save(write_float(plain_live(tiny(KINDS[kind]))), path)
    return path


@pytest.mark.parametrize("kind", ["plain", "looks", "x3", "x4"])
def test_what_was_written_is_read(kind: str, tmp_path: Path) -> None:
    net, plain = read_live(saved(kind, tmp_path)), plain_live(tiny(KINDS[kind]))
    assert (net.scale, net.has_styles, len(net.body)) == (
        plain.scale,
        plain.has_styles,
        len(plain.body),
    )
    assert np.array_equal(net.first.weight, plain.first.weight)
    assert np.array_equal(net.head.weight, plain.head.weight)
    assert np.allclose(net.head.bias, plain.head.bias, atol=1e-6)
    assert net.macs_per_pixel == plain.macs_per_pixel


def test_a_net_that_sees_its_past_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="without a past"):
        read_live(saved("temporal", tmp_path))


@pytest.mark.parametrize("convs", [0, 1])
def test_both_parts_give_the_whole_nets_picture(convs: int, tmp_path: Path) -> None:
    net = tiny(KINDS["looks"])
    cut = live_cut(read_live(saved("looks", tmp_path)), convs)
    luma = torch.rand(2, 1, 12, 16)
    with torch.no_grad():
        features = cut.front(luma * 255)
        assert features.shape == (2, 8, 12, 16) and features.min() >= 0
        made = cut.back(features, luma * 255)
        assert torch.allclose(made / 255, net(luma), atol=1e-5)


def test_a_cut_outside_the_body_is_refused(tmp_path: Path) -> None:
    net = read_live(saved("looks", tmp_path))
    for convs in (-1, 2):
        with pytest.raises(ValueError, match="1 convolutions"):
            live_cut(net, convs)
