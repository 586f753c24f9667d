from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.manifest import Manifest, load_manifest, mean_gain_db, model_file, weights_file

onnx = pytest.importorskip("onnx")

from benchmarks.quality.gain import measure  # noqa: E402
from models.export.small import TorchUpscaler  # noqa: E402
from models.graph.writer import graph_macs  # noqa: E402
from models.measure.graph_runner import OpenNet, bicubic  # noqa: E402

FAMILY = {
    "live-s": (2, 12_000),
    "live-m": (2, 45_000),
    "live-t": (2, 45_000),
    "live-l": (2, 150_000),
    "live-m-x3": (3, 45_000),
    "live-m-x4": (4, 48_000),  # four times the rows of the last layer: 5 % over 45,000
}
"""Scale and most multiply-adds for one input pixel."""


@pytest.fixture(scope="module", params=list(FAMILY))
def model(request: pytest.FixtureRequest) -> Manifest:
    return load_manifest(request.param)


def opened(model: Manifest, precision: str, height: int, width: int) -> OpenNet:
    return OpenNet(model_file(model, precision), height, width, scale=model.scale)


def test_the_work_for_a_pixel_is_within_the_budget(model: Manifest) -> None:
    scale, most = FAMILY[model.name]
    assert model.scale == scale
    for precision in model.files:
        macs = graph_macs(onnx.load(model_file(model, precision)))
        assert macs <= most
        assert macs == model.macs_per_pixel


def test_the_manifest_promises_what_was_asked_for(model: Manifest) -> None:
    assert {"fp32", "int8", "int8-s8s8"} <= set(model.files)
    for precision in model.files:
        assert model.mean_gain_db[precision] >= 0.4
        assert model.mean_gain_db[precision] == pytest.approx(
            mean_gain_db(model.metrics, precision), abs=2e-3
        )


def test_two_clips_through_real_encoders_gain(model: Manifest) -> None:
    rows = measure(model, clips=("speaker", "animation"), rates=(0.12,), frames=12)
    assert {row.codec for row in rows} == {"h264", "vp8", "vp9"}
    for precision in model.files:
        assert mean_gain_db(tuple(rows), precision) > 0.25


def test_flat_pictures_stay_flat_up_to_the_border(model: Manifest) -> None:
    scale = model.scale
    for precision in model.files:
        for level in (16, 128, 235):
            result = opened(model, precision, 32, 48)(np.full((32, 48), level, np.uint8))
            assert result.shape == (32 * scale, 48 * scale)
            away = np.abs(result.astype(int) - level)
            # Zero padding inside the net shows a little at the border.
            assert away.max() <= 4
            assert away[8 * scale : -8 * scale, 8 * scale : -8 * scale].max() <= 2


def test_odd_sizes_will_do(model: Manifest) -> None:
    luma = np.random.default_rng(0).integers(0, 256, (17, 23), np.uint8)
    scale = model.scale
    assert opened(model, "fp32", 17, 23)(luma).shape == (17 * scale, 23 * scale)


def test_the_small_reference_net_gains_too() -> None:
    model = load_manifest("unet-xs")
    assert model.weights is not None and model.weights.bytes < 5_000_000
    assert model.mean_gain_db["fp32"] > 0.2
    luma = np.random.default_rng(0).integers(0, 256, (18, 22), np.uint8)
    enhance = TorchUpscaler.load(model, weights_file(model), *luma.shape)
    assert enhance(luma).shape == (36, 44)


def feeds(model: Manifest, luma: np.ndarray) -> dict[str, Any]:
    named: dict[str, Any] = {"luma": luma[None, None]}
    if model.previous:
        named["previous"] = bicubic(luma, model.scale)[None, None]
    if model.strength:
        named["strength"] = np.zeros(1, np.float32)
    return named


def by_onnxruntime(path: Path, named: dict[str, Any]) -> np.ndarray:
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, named)[0][0, 0])


def test_openvino_and_onnxruntime_agree(model: Manifest) -> None:
    luma = np.random.default_rng(1).integers(16, 236, (48, 64), np.uint8)
    for precision in ("fp32", "int8"):
        other = by_onnxruntime(model_file(model, precision), feeds(model, luma))
        apart = np.abs(opened(model, precision, 48, 64)(luma).astype(int) - other)
        # A sum that lies between two integers inside may be rounded either way: about one pixel
        # in a hundred thousand is then two levels apart.
        assert apart.max() <= 2
        assert (apart > 1).mean() < 2e-4
