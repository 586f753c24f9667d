"""Libraries of NVIDIA that come as Python packages, loaded where no loader would look for them.

ONNX Runtime finds CUDA and cuDNN by its own call. Its TensorRT provider is built for one major
version of TensorRT (10 for onnxruntime-gpu 1.31), which may be another one than the installed
Python package's, so that version is looked for in every folder of ``sys.path``.
"""

from __future__ import annotations

import ctypes
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

log = logging.getLogger(__name__)

PACKAGE = "tensorrt_libs"
"""Folder of TensorRT's libraries in site-packages."""

NAMES = ("libnvinfer.so", "libnvinfer_plugin.so", "libnvonnxparser.so")
"""TensorRT's libraries, in the order in which they need each other."""

_NEEDED = re.compile(rb"libnvinfer\.so\.(\d+)")


def needed_version(provider: Path) -> str:
    """Returns the major version of TensorRT that a library needs; empty if it names none."""
    try:
        found = _NEEDED.search(provider.read_bytes())
    except OSError:
        return ""
    return found.group(1).decode() if found else ""


def tensorrt_files(version: str, folders: Iterable[str]) -> list[Path]:
    """Returns the files of a version in the first folder that has its ``libnvinfer``."""
    for folder in folders:
        files = list(_files(version, Path(folder) / PACKAGE))
        if files and files[0].name.startswith(f"{NAMES[0]}."):
            return files
    return []


def _files(version: str, folder: Path) -> Iterator[Path]:
    for name in NAMES:
        path = folder / f"{name}.{version}"
        if path.exists():
            yield path


def load(files: Sequence[Path]) -> list[str]:
    """Loads libraries for later ones that need them; returns a sentence for each that fails."""
    failed = []
    for path in files:
        try:
            # Local symbols: another major version may live in the same process.
            ctypes.CDLL(str(path), mode=ctypes.RTLD_LOCAL)
        except OSError as error:
            log.warning("%s is not loaded: %s", path.name, error, extra={"action": "library"})
            failed.append(f"{path.name}: {error}")
    return failed
