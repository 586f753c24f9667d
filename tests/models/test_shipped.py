from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from models.manifest import Manifest, load_manifest, mean_gain_db, model_file

onnx = pytest.importorskip("onnx")

from benchmarks.quality import measure  # noqa: E402
from models.export.graph import graph_macs  # noqa: E402
from models.export.measure import open_net  # noqa: E402

MOST_MACS = 12_000


@pytest.fixture(scope="module")
def model() -> Manifest:
    return load_manifest("live-s")


def precisions() -> list[str]:
    return list(load_manifest("live-s").files)


@pytest.mark.parametrize("precision", precisions())
def test_the_work_for_a_pixel_is_within_the_budget(model: Manifest, precision: str) -> None:
    graph = onnx.load(model_file(model, precision))
    macs = graph_macs(graph, 64, 96) / (64 * 96)
    assert macs <= MOST_MACS
    assert macs == pytest.approx(model.macs_per_pixel, rel=0.01)


def test_the_manifest_promises_what_was_asked_for(model: Manifest) -> None:
    for precision in model.files:
        assert model.mean_gain_db[precision] >= 0.4
        assert model.mean_gain_db[precision] == pytest.approx(
            mean_gain_db(model.metrics, precision), abs=2e-3
        )


def test_two_clips_through_real_encoders_gain(model: Manifest) -> None:
    rows = measure(model, clips=("speaker", "animation"), rates=(0.12,), frames=12)
    assert {row.codec for row in rows} == {"h264", "vp8"}
    for precision in model.files:
        assert mean_gain_db(tuple(rows), precision) > 0.25


@pytest.mark.parametrize("precision", precisions())
def test_flat_pictures_stay_flat_up_to_the_border(model: Manifest, precision: str) -> None:
    enhance = open_net(model_file(model, precision), 32, 48)
    for level in (16, 128, 235):
        result = enhance(np.full((32, 48), level, np.uint8))
        assert result.shape == (64, 96)
        away = np.abs(result.astype(int) - level)
        # Zero padding inside the net shows a little at the border.
        assert away.max() <= 4
        assert away[16:-16, 16:-16].max() <= 2


def test_a_multiple_of_the_stated_size_is_all_it_asks_for(model: Manifest) -> None:
    multiple = model.size_multiple
    enhance: Callable[[np.ndarray], np.ndarray] = open_net(
        model_file(model), 17 * multiple, 23 * multiple
    )
    luma = np.random.default_rng(0).integers(0, 256, (17 * multiple, 23 * multiple), np.uint8)
    assert enhance(luma).shape == (34 * multiple, 46 * multiple)


def test_openvino_and_onnxruntime_agree(model: Manifest) -> None:
    runtime = pytest.importorskip("onnxruntime")
    luma = np.random.default_rng(1).integers(16, 236, (48, 64), np.uint8)
    for precision in model.files:
        path = model_file(model, precision)
        session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        other = session.run(None, {model.input.name: luma[None, None]})[0][0, 0]
        assert np.abs(open_net(path, 48, 64)(luma).astype(int) - other).max() <= 2
