"""Measurements of a worker's start, kept on disk: a worker that follows another starts at once.

One file per key. The key names everything that the measurements depend on: processor, cores,
versions, model file, settings. A file that is damaged or too old is as good as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import logging
import os
import platform
import time
from pathlib import Path

import msgspec

from models.errors import ModelError
from models.manifest import load_manifest
from wire.heartbeat import EngineTrial
from wire.settings import Settings
from workers.runtime.atomic_file import write_whole
from workers.runtime.cores import usable_cores

log = logging.getLogger(__name__)

QUIET_S = 30 * 86_400.0
"""Seconds for which measurements of a quiet machine are used: drivers and firmware change too."""

BUSY_S = 3600.0
"""The same where others used the machine: long enough for a worker that follows a dead one."""

BUSY_LOAD = 0.7
"""Load per core above which a machine counts as busy."""

_PACKAGES = (
    "sharpcast",
    "openvino",
    "onnxruntime",
    "onnxruntime-gpu",
    "tensorrt",
    "pycuda",
    "torch",
    "numpy",
    "av",
    "opencv-python-headless",
)

_DEVICES = (Path("/dev"), "nvidia[0-9]*")
_DRIVER = Path("/proc/driver/nvidia/version")


class Learned(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one start."""

    engine: str
    trials: tuple[EngineTrial, ...]
    batch: int
    "Frames that go through a call of the net together."
    streams: float
    ms_per_frame: float
    measured_s: float
    "Time of the measurement, in s since 1970."
    busy: bool
    "True if others used the machine meanwhile."


class Memory:
    """The measurements in ``folder``, a file for each key."""

    def __init__(self, folder: Path, key: str) -> None:
        self._path = folder / f"learned-{key}.json"

    def recall(self, *, now_s: float) -> Learned | None:
        """Returns what was kept under the key, None where nothing of use was."""
        try:
            found = msgspec.json.decode(self._path.read_bytes(), type=Learned)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            log.info("%s is of no use: %s", self._path, error, extra={"action": "memory_damaged"})
            return None
        limit_s = BUSY_S if found.busy else QUIET_S
        is_young = 0.0 <= now_s - found.measured_s <= limit_s
        is_sound = found.batch >= 1 and found.streams > 0.0 and found.ms_per_frame > 0.0
        return found if is_young and is_sound else None

    def keep(self, learned: Learned) -> None:
        """Writes it whole or not at all; a folder that cannot be written costs the next start.

        What is too old for anybody goes: a container made anew has another name, and so another
        key.
        """
        folder = self._path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(self._path, msgspec.json.encode(learned))
            for old in folder.glob("learned-*"):
                with contextlib.suppress(FileNotFoundError):  # another worker was faster
                    if time.time() - old.stat().st_mtime > QUIET_S:
                        old.unlink()
        except OSError as error:
            log.info("nothing is kept: %s", error, extra={"action": "memory_unwritten"})


def is_busy() -> bool:
    """True while others use the machine's cores."""
    return os.getloadavg()[0] > BUSY_LOAD * (os.cpu_count() or 1)


def key_for(settings: Settings) -> str:
    """Returns a name for everything that the measurements of a start depend on."""
    parts = [
        platform.node(),
        _processor(),
        f"{os.cpu_count()} cores, {usable_cores()} usable",
        platform.python_version(),
        *(f"{name} {_version(name)}" for name in _PACKAGES),
        _accelerators(),
        settings.engine,
        settings.model,
        _weights(settings),
        settings.precision,
        str(settings.worker_threads),
        str(settings.reuse),
        settings.output_codec,
        settings.x264_preset,
        ",".join(settings.bitrates),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:20]


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "none"


def _processor() -> str:
    """Returns model and instruction sets: a virtual machine may wake up on another processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return "\n".join(
        next((line for line in lines if line.startswith(name)), "")
        for name in ("model name", "flags")
    )


def _accelerators() -> str:
    """Returns the graphics cards and their driver, on which the fastest engine depends."""
    folder, pattern = _DEVICES
    names = sorted(path.name for path in folder.glob(pattern))
    try:
        return f"{names} {_DRIVER.read_text()}"
    except OSError:
        return str(names)


def _weights(settings: Settings) -> str:
    """Returns the model's manifest, which has the hashes of its files."""
    try:
        return repr(load_manifest(settings.model))
    except ModelError:
        return ""  # whoever loads the net says so in a sentence
