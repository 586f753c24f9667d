from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import BadManifest, BadModelFile, UnknownModel
from models.manifest import (
    ZOO,
    Metric,
    list_models,
    load_manifest,
    mean_gain_db,
    model_file,
    weights_file,
)

CONTENT = b"not really a graph"


def manifest(**changes: Any) -> dict[str, Any]:
    content: dict[str, Any] = {
        "format": 2,
        "name": "tiny",
        "title": "Tiny",
        "scale": 2,
        "colour": "luma",
        "window": 1,
        "size_multiple": 2,
        "receptive_radius": 3,
        "macs_per_pixel": 100,
        "parameters": 10,
        "inputs": [{"name": "luma", "dtype": "uint8", "layout": "1,1,H,W", "range": [0, 255]}],
        "output": {"name": "enhanced", "dtype": "uint8", "layout": "1,1,2H,2W", "range": [0, 255]},
        "files": {"fp32": entry()},
        "default_precision": "fp32",
        "metrics": [],
        "mean_gain_db": {},
        "training": {"script": "none", "seed": 1, "steps": 0, "material": []},
        "licence": "CC0-1.0",
    }
    return content | changes


def video(**changes: Any) -> dict[str, Any]:
    content = manifest(
        window=5,
        lookahead=2,
        colour="rgb",
        architecture={"net": "edvr", "config": {"channels": 8}},
        obtain={"file": "net.pth", "how": "It is published with the paper."},
    )
    for field in ("files", "default_precision", "inputs", "output"):
        del content[field]
    return content | changes


def entry(**changes: Any) -> dict[str, Any]:
    digest = hashlib.sha256(CONTENT).hexdigest()
    return {"path": "fp32.onnx", "sha256": digest, "bytes": len(CONTENT)} | changes


def zoo(root: Path, content: dict[str, Any] | str, name: str = "tiny") -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "manifest.json").write_text(text)
    (folder / "fp32.onnx").write_bytes(CONTENT)
    return root


def test_a_good_manifest_is_listed_and_its_file_found(tmp_path: Path) -> None:
    root = zoo(tmp_path, manifest())
    assert [model.name for model in list_models(root)] == ["tiny"]
    model = load_manifest("tiny", root)
    assert model_file(model, root=root) == root / "tiny" / "fp32.onnx"
    assert model_file(model, "fp32", root).read_bytes() == CONTENT


@pytest.mark.parametrize(
    "name", ["absent", "", ".", "..", "../tiny", "a/b", "Tiny", "/etc", "tiny\n", "x" * 64]
)
def test_a_name_that_is_not_in_the_zoo_is_unknown(tmp_path: Path, name: str) -> None:
    root = zoo(tmp_path, manifest()) / "tiny" / ".."
    with pytest.raises(UnknownModel):
        load_manifest(name, root)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "truncated"),
        (manifest(format=1), "format 1"),
        (manifest(name="other"), "names itself"),
        (manifest(scale=5), "scale must be 2, 3 or 4"),
        (manifest(size_multiple=0), "size_multiple"),
        (manifest(receptive_radius=-1), "receptive_radius"),
        (manifest(colour="grey"), "colour"),
        (manifest(colour="rgb"), "a graph takes one frame of luma"),
        (manifest(window=3), "a graph takes one frame of luma"),
        (manifest(window=3, lookahead=3), "lookahead"),
        (manifest(smallest=0), "smallest"),
        (video(files={"fp32": entry()}), "no graphs"),
        (video(obtain=None), "a way to obtain them"),
        (video(weights=entry(sha256="x")), "a way to obtain them"),
        (manifest(default_precision="int8"), "has no file"),
        (manifest(files={"fp16": entry()}), "fp16"),
        (manifest(files={"fp32": entry(path="../fp32.onnx")}), "plain file name"),
        (manifest(files={"fp32": entry(path="..")}), "plain file name"),
        (manifest(files={"fp32": entry(sha256="AB")}), "sha256"),
        (video(obtain={"file": "../net.pth", "how": "Somewhere."}), "plain file name"),
        (video(obtain={"file": "/etc/passwd", "how": "Somewhere."}), "plain file name"),
        (video(obtain={"file": "", "how": "Somewhere."}), "plain file name"),
        (video(obtain={"file": "net.pth"}), "how"),
        (video(lookahead=5), "lookahead"),
        (video(lookahead=-1), "lookahead"),
        (manifest(scale=1), "scale must be 2, 3 or 4"),
        (manifest(macs_per_pixel=0), "macs_per_pixel"),
        (manifest(parameters=-1), "parameters"),
        (manifest(window=0), "window"),
        (manifest(files={"fp32": entry(sha256="A" * 64)}), "lower-case"),
        (manifest(files={"fp32": entry(bytes="many")}), "bytes"),
        ("[]", "object"),
        ("null", "object"),
        (manifest(surprise=1), "surprise"),
        ({"format": 2}, "missing"),
    ],
)
def test_a_bad_manifest_is_refused_with_its_reason(
    tmp_path: Path, content: Any, words: str
) -> None:
    root = zoo(tmp_path, content)
    with pytest.raises(BadManifest, match=words):
        load_manifest("tiny", root)


def test_an_altered_file_is_refused(tmp_path: Path) -> None:
    root = zoo(tmp_path, manifest())
    model = load_manifest("tiny", root)
    path = root / "tiny" / "fp32.onnx"
    path.write_bytes(CONTENT[::-1])
    with pytest.raises(BadModelFile, match="sha256"):
        model_file(model, root=root)
    path.write_bytes(CONTENT + b"!")
    with pytest.raises(BadModelFile, match="bytes"):
        model_file(model, root=root)
    path.unlink()
    with pytest.raises(BadModelFile, match="cannot be read"):
        model_file(model, root=root)


def test_a_precision_without_a_file_is_refused(tmp_path: Path) -> None:
    root = zoo(tmp_path, manifest())
    with pytest.raises(BadModelFile, match="fp32 only"):
        model_file(load_manifest("tiny", root), "int8", root)


def test_weights_that_do_not_ship_are_looked_for_where_the_operator_says(tmp_path: Path) -> None:
    model = load_manifest("tiny", zoo(tmp_path, video()))
    with pytest.raises(BadModelFile, match="published with the paper.*SHARPCAST_MODELS_DIR"):
        weights_file(model)
    with pytest.raises(BadModelFile, match=r"put it at .*tiny/net\.pth"):
        weights_file(model, models_dir=tmp_path / "mine")
    path = tmp_path / "mine" / "tiny" / "net.pth"
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    assert weights_file(model, models_dir=tmp_path / "mine") == path


def test_obtained_weights_must_be_the_ones_that_are_meant(tmp_path: Path) -> None:
    obtain = {"file": "net.pth", "how": "Somewhere.", "sha256": "0" * 64}
    model = load_manifest("tiny", zoo(tmp_path, video(obtain=obtain)))
    (tmp_path / "tiny" / "net.pth").write_bytes(CONTENT)
    with pytest.raises(BadModelFile, match="not the file"):
        weights_file(model, models_dir=tmp_path)


def test_the_mean_gain_counts_only_rows_with_that_precision() -> None:
    rows = (
        Metric("a", "h264", 0.1, 30.0, {"fp32": 31.0, "int8": 30.5}),
        Metric("b", "vp8", 0.1, 30.0, {"fp32": 30.0}),
    )
    assert mean_gain_db(rows, "fp32") == pytest.approx(0.5)
    assert mean_gain_db(rows, "int8") == pytest.approx(0.5)
    assert mean_gain_db((), "fp32") == 0.0


def test_the_mean_gain_is_that_of_kinds() -> None:
    gains = {"handheld": 0.2, "motion": 0.0, "speaker": 0.4, "screen": 2.0}
    rows = tuple(Metric(clip, "h264", 0.1, 30.0, {"fp32": 30 + db}) for clip, db in gains.items())
    assert mean_gain_db(rows, "fp32") == pytest.approx((0.2 + 2.0) / 2)


def test_reading_manifests_loads_no_runtime() -> None:
    heavy = ["torch", "onnx", "numpy", "openvino", "cv2"]
    code = (
        "import sys; from models.manifest import list_models; list_models();"
        f"sys.exit(any(name in sys.modules for name in {heavy!r}))"
    )
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_every_shipped_file_matches_its_manifest() -> None:
    models = list_models(ZOO)
    assert "live-s" in [model.name for model in models]
    for model in models:
        for precision in model.files:
            assert model_file(model, precision).stat().st_size < 1_000_000
        if model.files or model.weights:
            assert model.training is not None and model.training.material
        assert model.licence


NAMES = st.text(st.sampled_from("abz09._-/A \n\\"), max_size=70)


@settings(max_examples=30, deadline=None)
@given(NAMES)
def test_no_name_leads_out_of_the_zoo(name: str) -> None:
    """Whatever the name, what is read lies in a directory of that name in the zoo, or nothing."""
    root = Path("/nowhere/zoo")
    with pytest.raises(UnknownModel) as caught:
        load_manifest(name, root)
    assert caught.value.name == name
    if caught.value.__cause__ is not None:
        # It was looked for: then it is one plain component.
        assert (root / name).resolve().parent == root and not name.startswith(".")


@settings(max_examples=30, deadline=None)
@given(
    scale=st.integers(2, 4),
    multiple=st.integers(1, 64),
    radius=st.integers(0, 99),
    gains=st.dictionaries(st.sampled_from(["fp32", "int8"]), st.floats(-9, 9), max_size=2),
)
def test_a_manifest_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory,
    scale: int,
    multiple: int,
    radius: int,
    gains: dict[str, float],
) -> None:
    root = tmp_path_factory.mktemp("zoo")
    content = manifest(
        scale=scale, size_multiple=multiple, receptive_radius=radius, mean_gain_db=gains
    )
    found = load_manifest("tiny", zoo(root, content))
    assert (found.scale, found.size_multiple, found.receptive_radius) == (scale, multiple, radius)
    assert found.mean_gain_db == gains
    again = json.loads(msgspec.json.encode(found))
    assert {key: again[key] for key in content} == content


def test_a_model_is_never_listed_with_half_a_zoo(tmp_path: Path) -> None:
    zoo(tmp_path, manifest())
    zoo(tmp_path, manifest(name="worse", scale=7), "worse")
    with pytest.raises(BadManifest) as caught:
        list_models(tmp_path)
    assert caught.value.name == "worse"


def test_models_are_listed_by_name_and_other_files_are_no_models(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        zoo(tmp_path, manifest(name=name), name)
    (tmp_path / "README.md").write_text("no model")
    (tmp_path / "empty").mkdir()
    assert [model.name for model in list_models(tmp_path)] == ["a", "b", "c"]


@settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(st.tuples(st.floats(20, 50), st.floats(-3, 3)), min_size=1, max_size=8),
)
def test_the_mean_gain_lies_between_the_least_and_the_greatest(
    rows: list[tuple[float, float]],
) -> None:
    metrics = tuple(Metric("a", "h264", 0.1, db, {"fp32": db + gain}) for db, gain in rows)
    gains = [gain for _, gain in rows]
    assert min(gains) - 1e-9 <= mean_gain_db(metrics, "fp32") <= max(gains) + 1e-9
