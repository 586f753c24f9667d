"""Libraries of TensorRT are found by the version that ONNX Runtime needs, wherever they lie."""

from __future__ import annotations

import ctypes.util
import logging
from pathlib import Path

import pytest

from workers.engines.shared_libraries import NAMES, PACKAGE, load, needed_version, tensorrt_files


def installed(folder: Path, version: str, names: tuple[str, ...] = NAMES) -> Path:
    """A folder of packages with a version of TensorRT's libraries."""
    (folder / PACKAGE).mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / PACKAGE / f"{name}.{version}").touch()
    return folder


def test_the_version_is_read_from_the_library_that_needs_it(tmp_path: Path) -> None:
    provider = tmp_path / "provider.so"
    provider.write_bytes(b"\x7fELF...\0libcublas.so.13\0libnvinfer.so.10\0libnvonnxparser.so.10\0")
    assert needed_version(provider) == "10"
    provider.write_bytes(b"\x7fELF")
    assert needed_version(provider) == ""
    assert needed_version(tmp_path / "nothing") == ""


def test_another_major_version_is_passed_over(tmp_path: Path) -> None:
    eleven, ten = installed(tmp_path / "a", "11"), installed(tmp_path / "b", "10")
    folders = [str(tmp_path / "none"), str(eleven), str(ten)]
    assert tensorrt_files("10", folders) == [ten / PACKAGE / f"{name}.10" for name in NAMES]
    assert tensorrt_files("11", folders)[0].parent == eleven / PACKAGE
    assert tensorrt_files("9", folders) == []


def test_both_versions_may_lie_in_one_folder(tmp_path: Path) -> None:
    installed(tmp_path, "11")
    installed(tmp_path, "10")
    assert {path.suffix for path in tensorrt_files("10", [str(tmp_path)])} == {".10"}


def test_a_folder_without_the_main_library_does_not_count(tmp_path: Path) -> None:
    parser = installed(tmp_path / "a", "10", NAMES[2:])
    whole = installed(tmp_path / "b", "10", NAMES[:2])
    found = tensorrt_files("10", [str(parser), str(whole)])
    assert [path.name for path in found] == ["libnvinfer.so.10", "libnvinfer_plugin.so.10"]


def test_a_library_that_cannot_be_loaded_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = tmp_path / "libnvinfer.so.10"
    broken.write_bytes(b"no library")
    with caplog.at_level(logging.WARNING):
        (sentence,) = load([broken])
    assert sentence.startswith("libnvinfer.so.10: ")
    assert [getattr(record, "action", "") for record in caplog.records] == ["library"]


def test_a_library_that_is_there_is_loaded() -> None:
    name = ctypes.util.find_library("z") or ctypes.util.find_library("c")
    assert name is not None
    assert load([Path(name)]) == []
