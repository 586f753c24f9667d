"""Reads a plain net back from the float graph that ``models.graph.writer`` wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from models.graph.plain import Conv, PlainNet

__all__ = ["read_float"]


def read_float(path: Path, *, scale: int, has_styles: bool) -> PlainNet:
    """Returns the net of an fp32 graph without a previous picture.

    Raises ValueError for a graph of another form.
    """
    constants = {
        each.name: numpy_helper.to_array(each) for each in onnx.load(str(path)).graph.initializer
    }
    if "conv_past_w" in constants:
        raise ValueError(f"{path.name} sees its previous picture.")
    body: list[Conv] = []
    while f"conv{len(body)}_w" in constants:
        body.append(_conv(constants, f"conv{len(body)}"))
    try:
        head = _conv(constants, "head")
        first, base = _conv(constants, "first"), _conv(constants, "base")
    except KeyError as error:
        raise ValueError(f"{path.name} is no graph of a plain net: no {error}.") from error
    # The writer adds half a level, with which the cast at the end rounds.
    bias = head.bias.copy()
    bias[: scale**2] -= np.float32(0.5)
    return PlainNet(
        scale=scale,
        first=first,
        past=None,
        body=tuple(body),
        head=Conv(head.weight, bias),
        has_styles=has_styles,
        gate_limit=0.0,
        base=base,
    )


def _conv(constants: dict[str, NDArray[Any]], name: str) -> Conv:
    weight = np.array(constants[f"{name}_w"], np.float32)
    return Conv(weight, np.array(constants[f"{name}_b"], np.float32))
