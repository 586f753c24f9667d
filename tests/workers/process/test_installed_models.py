from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from models.manifest import Manifest, load_manifest
from workers.process.installed_models import list_installed, missing, model_info

from ..zoo import make_model

HAS_TORCH = importlib.util.find_spec("torch") is not None
NEEDS_TORCH = "" if HAS_TORCH else "It needs torch, which is not installed."


def foreign(**fields: Any) -> Manifest:
    """A net whose weights do not ship."""
    manifest = {
        "format": 2,
        "name": "foreign",
        "title": "Foreign",
        "scale": 4,
        "size_multiple": 4,
        "macs_per_pixel": 10,
        "parameters": 1,
        "architecture": {"net": "edvr"},
        "obtain": {"file": "weights.pth", "how": "Ask its authors."},
        "licence": "unknown",
        **fields,
    }
    return msgspec.json.decode(json.dumps(manifest), type=Manifest)


def test_the_zoo_is_listed_by_name(tmp_path: Path) -> None:
    for name in ("b", "a"):
        make_model(tmp_path, name)
    assert [manifest.name for manifest in list_installed(tmp_path)] == ["a", "b"]
    assert list_installed(tmp_path / "nowhere") == []


def test_the_shipped_zoo_holds_the_default_model_and_nothing_of_it_is_missing() -> None:
    found = {manifest.name: manifest for manifest in list_installed()}
    assert found["live-s"] == load_manifest("live-s")
    assert missing(found["live-s"], Path("/nowhere")) == ""


@pytest.mark.parametrize("text", ["", "{}", '{"format": 1}', "[" * 50])
def test_a_damaged_manifest_is_logged_and_stops_nobody(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    make_model(tmp_path, "good")
    make_model(tmp_path, "bad")
    (tmp_path / "bad/manifest.json").write_text(text)
    assert list_installed(tmp_path) == []
    (record,) = caplog.records
    assert record.__dict__["action"] == "zoo_damaged" and "bad" in record.getMessage()


def test_the_heartbeat_says_what_the_manifest_says(tmp_path: Path) -> None:
    make_model(tmp_path, "three", scale=3, strength=True, macs=77)
    (manifest,) = list_installed(tmp_path)
    info = model_info(manifest, models_dir=tmp_path)
    assert (info.name, info.title, info.scale) == ("three", "three", 3)
    assert (info.macs_per_pixel, info.parameters) == (77, 1)
    assert (info.strength, info.licence, info.missing) == (True, "Apache-2.0", "")
    assert info.precisions == ["fp32"]


def test_a_net_without_graphs_runs_in_full_precision(tmp_path: Path) -> None:
    assert model_info(foreign(), models_dir=tmp_path).precisions == ["fp32"]


def test_weights_that_do_not_ship_are_asked_for_where_they_are_looked_for(tmp_path: Path) -> None:
    reason = missing(foreign(), tmp_path)
    assert "weights.pth is not there. Ask its authors." in reason
    assert str(tmp_path / "foreign/weights.pth") in reason
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign/weights.pth").write_bytes(b"any")
    assert missing(foreign(), tmp_path) == NEEDS_TORCH


def test_other_weights_than_the_manifests_are_told_from_missing_ones(tmp_path: Path) -> None:
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign/weights.pth").write_bytes(b"another file")
    known = foreign(obtain={"file": "weights.pth", "how": "Ask its authors.", "sha256": "0" * 64})
    assert "is not the file that the manifest means" in missing(known, tmp_path)


def test_every_shipped_model_has_an_entry_for_the_heartbeat(tmp_path: Path) -> None:
    manifests = list_installed()
    infos = [model_info(manifest, models_dir=tmp_path) for manifest in manifests]
    assert [info.name for info in infos] == [manifest.name for manifest in manifests]
    assert all(info.precisions and info.scale in (2, 3, 4) for info in infos)
    # What ships as a graph needs nothing more.
    for manifest, info in zip(manifests, infos, strict=True):
        assert manifest.architecture is not None or info.missing == ""
