"""The manifest of features in the zoo."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from models.errors import BadManifest, BadModelFile
from models.manifest import ZOO, list_models
from models.split.features import CODEBOOK, MANIFEST, feature_file, features_folder, load_features

NET = "live-l"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(features_folder(NET), features_folder(NET, tmp_path))
    return tmp_path


def test_what_ships_is_whole() -> None:
    manifest = load_features(NET)
    assert manifest.net == NET and manifest.licence == "CC-BY-SA-4.0"
    assert manifest.training.material
    names = {MANIFEST, manifest.transform.path, manifest.codebook.path}
    names.add(manifest.receiver.path)
    assert {path.name for path in features_folder(NET).iterdir()} == names
    for entry in (manifest.transform, manifest.codebook, manifest.receiver):
        assert feature_file(manifest, entry).stat().st_size == entry.bytes
    assert f"`{NET}-features`" in (ZOO / "README.md").read_text()


def test_it_is_no_net() -> None:
    assert features_folder(NET).name not in {model.name for model in list_models()}


def test_a_changed_or_missing_file_is_refused(root: Path) -> None:
    manifest = load_features(NET, root)
    path = features_folder(NET, root) / CODEBOOK
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(BadModelFile, match="sha256"):
        feature_file(manifest, manifest.codebook, root)
    path.unlink()
    with pytest.raises(BadModelFile, match="cannot be read"):
        feature_file(manifest, manifest.codebook, root)


@pytest.mark.parametrize("change", [("1", "2"), ("live-l", "live-x"), ("{", "[")])
def test_a_bad_manifest_is_refused(root: Path, change: tuple[str, str]) -> None:
    path = features_folder(NET, root) / MANIFEST
    path.write_text(path.read_text().replace(*change, 1))
    with pytest.raises(BadManifest):
        load_features(NET, root)


def test_a_net_without_features_is_told() -> None:
    with pytest.raises(BadManifest):
        load_features("live-s")
