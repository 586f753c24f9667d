from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.manifest import (
    ZOO,
    Manifest,
    list_models,
    load_manifest,
    mean_gain_db,
    model_file,
    weights_file,
)

onnx = pytest.importorskip("onnx")

from benchmarks.material import CLIP_FOLDER  # noqa: E402
from models.export.small import TorchUpscaler  # noqa: E402
from models.graph.writer import OPSET, graph_macs  # noqa: E402
from models.measure.gain import RATES, measure_clip  # noqa: E402
from models.measure.graph_runner import OpenNet, bicubic  # noqa: E402
from models.measure.held_out_clips import CLIPS, read_clip  # noqa: E402
from models.quantize.scheme import S8S8, U8S8  # noqa: E402
from models.training.clip import Clip  # noqa: E402
from models.training.codec import CODECS  # noqa: E402

FAMILY = {
    "live-s": (2, 12_000),
    "live-m": (2, 45_000),
    "live-t": (2, 45_000),
    "live-l": (2, 150_000),
    "live-m-x3": (3, 45_000),
    "live-m-x4": (4, 48_000),  # four times the rows of the last layer: 5 % over 45,000
}
"""Scale and most multiply-adds for one input pixel."""

EARLIER = {"handheld", "speaker", "motion", "screen", "animation"}


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
        if {row.clip for row in model.metrics} == set(CLIPS):
            assert model.mean_gain_db[precision] == pytest.approx(
                mean_gain_db(model.metrics, precision), abs=2e-3
            )


def middle(name: str) -> Clip:
    """Half as wide and half as high as the held-out clip: a quarter of the nets' work."""
    clip = read_clip(CLIP_FOLDER, name, 12)
    height, width = (side // 16 * 4 for side in clip.luma.shape[1:])
    luma = clip.luma[:, height : 3 * height, width : 3 * width]
    chroma = clip.chroma[:, :, height // 4 : 3 * height // 4, width // 4 : 3 * width // 4]
    return Clip(luma, chroma, clip.fps)


def test_two_clips_through_real_encoders_gain(model: Manifest) -> None:
    nets = {key: model_file(model, key) for key in model.files}
    rows = []
    for name in ("speaker", "animation"):
        rows += measure_clip(name, middle(name), nets, scale=model.scale, rates=(0.12,))
    assert {row.codec for row in rows} == {"h264", "vp8", "vp9"}
    for precision in model.files:
        assert mean_gain_db(tuple(rows), precision) > 0.25


def test_flat_pictures_stay_flat_up_to_the_border(model: Manifest) -> None:
    scale = model.scale
    for precision in model.files:
        net = opened(model, precision, 32, 48)
        for level in (16, 128, 235):
            net.forget()
            result = net(np.full((32, 48), level, np.uint8))
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


def graphs() -> list[tuple[str, str]]:
    return [(each.name, precision) for each in list_models() for precision in each.files]


@pytest.fixture(scope="module", params=graphs(), ids=lambda pair: "-".join(pair))
def graph(request: pytest.FixtureRequest) -> tuple[Manifest, Any]:
    name, precision = request.param
    manifest = load_manifest(name)
    return manifest, onnx.load(model_file(manifest, precision))


def test_the_graph_takes_and_gives_what_the_manifest_says(graph: tuple[Manifest, Any]) -> None:
    manifest, content = graph
    kinds = {onnx.TensorProto.UINT8: "uint8", onnx.TensorProto.FLOAT: "float32"}
    found = {each.name: kinds[each.type.tensor_type.elem_type] for each in content.graph.input}
    assert found == {spec.name: spec.dtype for spec in manifest.inputs}
    assert manifest.output is not None
    (output,) = content.graph.output
    assert output.name == manifest.output.name
    assert kinds[output.type.tensor_type.elem_type] == manifest.output.dtype
    assert ("previous" in found, "strength" in found) == (manifest.previous, manifest.strength)


def test_only_plain_operators_of_one_version_are_in_a_graph(graph: tuple[Manifest, Any]) -> None:
    _, content = graph
    assert [(each.domain, each.version) for each in content.opset_import] == [("", OPSET)]
    assert {node.domain for node in content.graph.node} == {""}
    assert not content.functions
    # Weights are inside: no file is opened but the one whose hash was compared.
    assert not any(each.external_data for each in content.graph.initializer)


def test_no_number_in_a_graph_is_broken(graph: tuple[Manifest, Any]) -> None:
    _, content = graph
    for each in content.graph.initializer:
        values = onnx.numpy_helper.to_array(each)
        assert np.isfinite(values).all(), each.name
        if each.name.endswith("_scale"):
            assert (values > 0).all(), each.name


def test_zero_points_are_zero_and_weights_keep_to_their_bits(graph: tuple[Manifest, Any]) -> None:
    manifest, content = graph
    constants = {t.name: onnx.numpy_helper.to_array(t) for t in content.graph.initializer}
    quantized = {name: value for name, value in constants.items() if name.endswith("_w_q")}
    assert not any(v.any() for name, v in constants.items() if name.endswith("_zero"))
    is_for_cpus = any(v.dtype == np.uint8 for v in constants.values())
    limit = (U8S8 if is_for_cpus else S8S8).weight_limit
    for name, value in quantized.items():
        assert value.dtype == np.int8 and np.abs(value.astype(int)).max() <= limit, name
    assert bool(quantized) is any(node.op_type == "QuantizeLinear" for node in content.graph.node)
    assert manifest.name in FAMILY


@pytest.mark.parametrize("name", [each.name for each in list_models()])
def test_a_directory_holds_what_its_manifest_lists_and_nothing_else(name: str) -> None:
    manifest = load_manifest(name)
    listed = {"manifest.json", *(entry.path for entry in manifest.files.values())}
    if manifest.weights is not None:
        listed.add(manifest.weights.path)
    assert {path.name for path in (ZOO / name).iterdir()} == listed


@pytest.mark.parametrize("name", [each.name for each in list_models()])
def test_who_made_it_and_under_which_licence_is_said(name: str) -> None:
    manifest = load_manifest(name)
    assert manifest.licence and manifest.title
    readme = (ZOO / "README.md").read_text()
    assert f"`{name}`" in readme
    if manifest.training is None:
        assert manifest.obtain is not None and len(manifest.obtain.how) > 20
        return
    assert f"`{name}`" in (ZOO.parents[1] / "docs" / "models.md").read_text()
    # Weights of ours carry the strictest licence of what they were trained on.
    assert manifest.licence == "CC-BY-SA-4.0"
    for material in manifest.training.material:
        assert material.title and material.licence and material.source
    assert any("SA" in material.licence for material in manifest.training.material)


def test_measurements_cover_every_held_out_clip_codec_and_rate(model: Manifest) -> None:
    grid = {(row.clip, row.codec, row.bpp) for row in model.metrics}
    clips = {row.clip for row in model.metrics}
    # A manifest of before the camera clips and the game came holds the five clips of then, and
    # their plain mean.
    assert clips in (set(CLIPS), EARLIER)
    assert grid == {(c, k, r) for c in clips for k in CODECS for r in RATES}
    assert len(model.metrics) == len(grid)
    assert all(set(row.net_db) == set(model.files) for row in model.metrics)


def test_int8_costs_little_of_the_gain(model: Manifest) -> None:
    exact = mean_gain_db(model.metrics, "fp32")
    for precision in ("int8", "int8-s8s8"):
        assert mean_gain_db(model.metrics, precision) > exact - 0.1


def test_the_default_model_is_the_one_for_ordinary_cores() -> None:
    live = [each for each in list_models() if each.name in FAMILY]
    assert {each.name for each in live} == set(FAMILY)
    assert min(live, key=lambda each: each.macs_per_pixel).name == "live-s"
    assert all(each.default_precision == "int8" for each in live)
