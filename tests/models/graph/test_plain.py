"""Arithmetic that follows from a net's run-time form."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from models.graph.plain import Conv, PlainNet


def conv(out: int, inside: int, side: int) -> Conv:
    return Conv(np.zeros((out, inside, side, side), np.float32), np.zeros(out, np.float32))


NET = PlainNet(
    scale=2,
    first=conv(8, 1, 5),
    past=None,
    body=(conv(8, 8, 3), conv(8, 8, 3)),
    head=conv(4, 8, 3),
    has_styles=False,
    gate_limit=1.0,
    base=conv(4, 1, 5),
)


@pytest.mark.parametrize(("side", "pad"), [(1, 0), (3, 1), (5, 2)])
def test_padding_keeps_the_size(side: int, pad: int) -> None:
    assert conv(1, 1, side).pad == pad


def test_multiply_adds_are_the_sum_over_all_convolutions() -> None:
    body = 2 * 8 * 8 * 9
    assert NET.macs_per_pixel == 8 * 25 + body + 4 * 8 * 9 + 4 * 25
    followed = dataclasses.replace(NET, past=conv(8, 4, 3))
    assert followed.macs_per_pixel == NET.macs_per_pixel + 8 * 4 * 9


def test_the_base_is_no_parameter_since_it_is_not_learned() -> None:
    assert NET.parameters == (8 * 25 + 8) + 2 * (8 * 8 * 9 + 8) + (4 * 8 * 9 + 4)


def test_an_output_pixel_sees_as_far_as_all_paddings_together() -> None:
    assert NET.receptive_radius == 2 + 3
    assert dataclasses.replace(NET, body=()).receptive_radius == 2 + 1


def test_convolutions_run_in_the_order_of_the_body_and_then_the_head() -> None:
    assert NET.convs == (*NET.body, NET.head)
