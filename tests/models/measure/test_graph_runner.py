"""Exported graphs on the frames of a clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

import onnx

from models.export.live import plain_live
from models.graph.writer import write_float
from models.measure.graph_runner import OpenNet, bicubic, time_net
from tests.models.test_live_net import KINDS, picture, tiny


def written(folder: Path, kind: str) -> Path:
    path = folder / f"{kind}.onnx"
    onnx.save(write_float(plain_live(tiny(KINDS[kind]))), path)
    return path


@pytest.mark.parametrize(("kind", "scale"), [("plain", 2), ("x3", 3), ("x4", 4)])
def test_a_frame_comes_out_larger_by_the_scale(tmp_path: Path, kind: str, scale: int) -> None:
    net = OpenNet(written(tmp_path, kind), 20, 24, scale=scale)
    made = net(picture(20, 24))
    assert made.shape == (20 * scale, 24 * scale) and made.dtype == np.uint8
    assert np.abs(made.astype(int) - bicubic(picture(20, 24), scale)).mean() < 60


def test_a_strength_makes_another_picture(tmp_path: Path) -> None:
    path = written(tmp_path, "looks")
    plain, crisp = (OpenNet(path, 20, 24, strength=value)(picture(20, 24)) for value in (0.0, 1.0))
    assert not np.array_equal(plain, crisp)


def test_a_net_that_follows_sees_its_own_last_picture_until_it_forgets(tmp_path: Path) -> None:
    net = OpenNet(written(tmp_path, "temporal"), 32, 32)
    first = net(picture(32, 32))
    followed = net(picture(32, 32))
    net.forget()
    again = net(picture(32, 32))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, followed)


def test_what_was_given_out_stays_as_it_was(tmp_path: Path) -> None:
    net = OpenNet(written(tmp_path, "plain"), 16, 16)
    first = net(picture(16, 16))
    kept = first.copy()
    net(picture(16, 16, seed=5))
    assert np.array_equal(first, kept)


def test_a_time_is_taken_in_milliseconds(tmp_path: Path) -> None:
    assert 0 < time_net(written(tmp_path, "plain"), 16, 16, calls=5) < 1000
