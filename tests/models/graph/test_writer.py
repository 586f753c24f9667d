"""The float graph."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch")
pytest.importorskip("onnx")

import onnx
from onnx import TensorProto

from models.export.live import plain_live
from models.graph.plain import Conv, PlainNet
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
from models.openvino_core import open_core
from tests.models.test_live_net import KINDS, by_openvino, feeds, pictures, tiny

Float = NDArray[np.floating[Any]]


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


def random_net(scale: int = 2, *, styles: bool = False, past: bool = False) -> PlainNet:
    """A net of random convs, that no training form stands behind."""
    rng = np.random.default_rng(8)
    cells, width = scale**2, 4

    def conv(out: int, inside: int, side: int, size: float) -> Conv:
        weight = rng.normal(0, size, (out, inside, side, side)).astype(np.float32)
        return Conv(weight, rng.normal(0, 1, out).astype(np.float32))

    heads = 1 + styles + past
    base = np.zeros((cells, 1, 5, 5), np.float32)
    base[:, 0, 2, 2] = 1
    return PlainNet(
        scale=scale,
        first=conv(width, 1, 5, 0.02),
        past=conv(width, cells, 3, 0.02) if past else None,
        body=(conv(width, width, 3, 0.2),),
        head=conv(heads * cells, width, 3, 0.3),
        has_styles=styles,
        gate_limit=0.5,
        base=Conv(base, np.zeros(cells, np.float32)),
    )


def convolved(x: Float, conv: Conv, pad: int) -> Float:
    """A convolution of [C, H, W] written out."""
    side = conv.weight.shape[-1]
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    height, width = x.shape[1] - side + 1, x.shape[2] - side + 1
    y = np.tile(conv.bias[:, None, None].astype(np.float64), (1, height, width))
    for row in range(side):
        for column in range(side):
            part = x[:, row : row + height, column : column + width]
            y += np.einsum("oi,ihw->ohw", conv.weight[:, :, row, column], part)
    return y


def unfolded(x: Float, scale: int) -> Float:
    height, width = x.shape[1:]
    cells = x.reshape(scale, scale, height, width)
    return cells.transpose(2, 0, 3, 1).reshape(scale * height, scale * width)


def by_hand(net: PlainNet, luma: Float, previous: Float | None, strength: float) -> Float:
    """The picture in levels, before it is rounded and clipped."""
    padded = np.pad(luma, 2, mode="edge")[None]
    base, x = convolved(padded, net.base, 0), convolved(padded, net.first, 0)
    scale, cells = net.scale, net.scale**2
    past = np.zeros_like(base)
    if net.past is not None and previous is not None:
        height, width = luma.shape
        folded = previous.reshape(height, scale, width, scale).transpose(1, 3, 0, 2)
        past = folded.reshape(cells, height, width) - base
        x = x + convolved(past, net.past, net.past.pad)
    for conv in net.convs:
        x = convolved(np.maximum(x, 0), conv, conv.pad)
    total = base + x[:cells]
    at = cells
    if net.has_styles:
        total, at = total + strength * x[at : at + cells], at + cells
    if net.past is not None:
        total = total + np.clip(x[at : at + cells], 0, net.gate_limit) * past
    return unfolded(total, scale)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize(("styles", "past"), [(False, False), (True, False), (True, True)])
def test_the_graph_computes_what_is_written_out_in_numpy(
    scale: int, styles: bool, past: bool
) -> None:
    net = random_net(scale, styles=styles, past=past)
    rng = np.random.default_rng(1)
    luma = rng.integers(0, 256, (6, 7), np.uint8)
    previous = rng.integers(0, 256, (6 * scale, 7 * scale), np.uint8) if past else None
    named: dict[str, np.ndarray] = {INPUT: luma[None, None]}
    if previous is not None:
        named[PREVIOUS] = previous[None, None]
    if styles:
        named[STRENGTH] = np.array([0.7], np.float32)
    exact = by_hand(net, luma.astype(float), None if previous is None else previous * 1.0, 0.7)
    made = by_openvino(write_float(net), named).astype(int)
    # Half a level either way is a matter of the last bit.
    assert np.abs(made - np.clip(exact, 0, 255)).max() <= 0.5 + 1e-3


@pytest.mark.parametrize(
    ("bias", "level"), [(10.49, 10), (10.51, 11), (-3.0, 0), (300.0, 255), (0.49, 0), (254.6, 255)]
)
def test_a_level_is_rounded_to_the_nearest_and_clipped(bias: float, level: int) -> None:
    net = random_net()
    silent = Conv(np.zeros_like(net.head.weight), np.full(4, bias, np.float32))
    dark = np.zeros((1, 1, 5, 5), np.uint8)
    made = by_openvino(write_float(replace(net, head=silent)), {INPUT: dark})
    assert (made == level).all()


@pytest.mark.parametrize(("gate", "kept"), [(-5.0, 0.0), (0.25, 0.25), (5.0, 0.5)])
def test_a_gate_keeps_no_less_than_nothing_and_no_more_than_its_limit(
    gate: float, kept: float
) -> None:
    net = random_net(past=True)
    bias = np.concatenate([np.zeros(4), np.full(4, gate)]).astype(np.float32)
    silent = Conv(np.zeros_like(net.head.weight), bias)
    named: dict[str, np.ndarray] = {
        INPUT: np.full((1, 1, 5, 5), 100, np.uint8),
        PREVIOUS: np.full((1, 1, 10, 10), 180, np.uint8),
    }
    made = by_openvino(write_float(replace(net, head=silent)), named)
    assert np.abs(made - (100 + 80 * kept)).max() <= 1


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_a_strength_scales_the_crisp_head_alone(strength: float) -> None:
    net = random_net(styles=True)
    bias = np.concatenate([np.full(4, 7), np.full(4, 40)]).astype(np.float32)
    silent = Conv(np.zeros_like(net.head.weight), bias)
    named: dict[str, np.ndarray] = {
        INPUT: np.full((1, 1, 5, 5), 100, np.uint8),
        STRENGTH: np.array([strength], np.float32),
    }
    made = by_openvino(write_float(replace(net, head=silent)), named)
    assert np.abs(made - (107 + 40 * strength)).max() <= 1


def test_frames_that_share_a_call_have_their_own_strengths() -> None:
    """A batch gives each frame its strength as [n, 1, 1, 1]."""
    net = random_net(styles=True)
    model = write_float(net)
    luma = np.random.default_rng(2).integers(0, 256, (2, 1, 6, 6), np.uint8)
    strengths = np.array([0.0, 1.0], np.float32)
    core = open_core()
    read = core.read_model(model.SerializeToString())
    read.reshape({INPUT: list(luma.shape), STRENGTH: [2, 1, 1, 1]})
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    both = core.compile_model(read, "CPU", exact)(
        {INPUT: luma, STRENGTH: strengths.reshape(2, 1, 1, 1)}
    )[0]
    for n in range(2):
        alone = by_openvino(model, {INPUT: luma[n : n + 1], STRENGTH: strengths[n : n + 1]})
        assert np.abs(both[n, 0].astype(int) - alone).max() <= 1
