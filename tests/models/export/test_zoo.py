"""A directory of the zoo."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

import hashlib

import msgspec

from models.export.live import plain_live
from models.export.zoo import (
    LICENCE,
    MATERIAL,
    describe,
    write_files,
    write_manifest,
)
from models.graph.writer import write_float
from models.manifest import Manifest, Metric, Training, load_manifest, model_file
from tests.models.test_live_net import KINDS, tiny

TRAINING = Training("python -m models.training", 1, 100, MATERIAL)


def written(root: Path, kind: str = "looks") -> Manifest:
    net = plain_live(tiny(KINDS[kind]))
    files = write_files({"fp32": write_float(net)}, root / "tiny")
    return describe("tiny", "A tiny net", net, files, TRAINING, LICENCE)


def test_what_was_written_is_found_and_checked(tmp_path: Path) -> None:
    manifest = written(tmp_path)
    write_manifest(manifest, (), tmp_path / "tiny")
    found = load_manifest("tiny", tmp_path)
    assert msgspec.structs.replace(found, mean_gain_db={}) == manifest
    path = model_file(found, "fp32", tmp_path)
    entry = found.files["fp32"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == entry.sha256
    assert path.stat().st_size == entry.bytes


def test_the_same_net_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = written(tmp_path / "a"), written(tmp_path / "b")
    assert first.files["fp32"].sha256 == second.files["fp32"].sha256


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("plain", ["luma"]),
        ("looks", ["luma", "strength"]),
        ("temporal", ["luma", "previous", "strength"]),
    ],
)
def test_the_manifest_says_what_the_graph_takes(
    tmp_path: Path, kind: str, names: list[str]
) -> None:
    manifest = written(tmp_path, kind)
    assert [spec.name for spec in manifest.inputs] == names
    assert manifest.strength is ("strength" in names)
    assert manifest.previous is ("previous" in names)
    assert manifest.default_precision == "fp32"
    net = plain_live(tiny(KINDS[kind]))
    assert manifest.macs_per_pixel == net.macs_per_pixel
    assert manifest.parameters == net.parameters


def test_measurements_take_the_place_of_older_ones(tmp_path: Path) -> None:
    manifest = written(tmp_path)
    old = (Metric("a", "h264", 0.1, 30.0, {"fp32": 31.0}),)
    new = (
        Metric("a", "h264", 0.1, 30.0, {"fp32": 30.5}),
        Metric("b", "vp8", 0.1, 30.0, {"fp32": 30.1}),
    )
    write_manifest(manifest, old, tmp_path / "tiny")
    measured = write_manifest(manifest, new, tmp_path / "tiny")
    assert measured.metrics == new
    assert measured.mean_gain_db == {"fp32": pytest.approx(0.3)}
    assert load_manifest("tiny", tmp_path).metrics == new
    assert (tmp_path / "tiny" / "manifest.json").read_text().endswith("}\n")
