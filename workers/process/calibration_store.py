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
from wire.settings import Settings
from workers.engines.benchmark import EngineTiming
from workers.runtime.atomic_file import write_whole
from workers.runtime.cores import usable_cores

log = logging.getLogger(__name__)

QUIET_S = 30 * 86_400.0
"""Lifetime of measurements on a quiet machine, in seconds: drivers and firmware change too."""

BUSY_S = 3600.0
"""Lifetime of measurements on a busy machine, in seconds: enough for a worker that replaces a dead
one, and short enough that a bad hour is not believed for long."""

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


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """Measurements of one start of a worker."""

    engine: str
    trials: tuple[EngineTiming, ...]
    batch: int
    "Frames in one call of the net."
    streams: float
    ms_per_frame: float
    core_ms: float
    coding_ms: float
    measured_s: float
    "Time of the measurement, in Unix seconds."
    busy: bool
    "True if other programs used the machine meanwhile."


class CalibrationStore:
    """Calibrations in a folder, one file for each key."""

    def __init__(self, folder: Path, key: str) -> None:
        self._path = folder / f"calibration-{key}.json"

    def recall(self, *, now_s: float) -> Calibration | None:
        """Reads the calibration of the key; None if it is missing, damaged or too old."""
        try:
            found = msgspec.json.decode(self._path.read_bytes(), type=Calibration)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            log.info("%s is of no use: %s", self._path, error, extra={"action": "memory_damaged"})
            return None
        limit_s = BUSY_S if found.busy else QUIET_S
        # A measurement from the future was made before the clock was set back: its age is unknown.
        is_young = 0.0 <= now_s - found.measured_s <= limit_s
        is_sound = (
            found.batch >= 1 and min(found.streams, found.ms_per_frame, found.coding_ms) > 0.0
        )
        return found if is_young and is_sound else None

    def keep(self, calibration: Calibration) -> None:
        """Writes a calibration, whole or not at all. A folder that cannot be written is logged.

        Files that are too old for any reader are removed: a container that is created anew has
        another host name, and so another key.
        """
        folder = self._path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # Several workers of a machine may end their measurement at once: the last one wins.
            write_whole(self._path, msgspec.json.encode(calibration))
            for old in folder.glob("calibration-*"):
                with contextlib.suppress(FileNotFoundError):  # another worker has removed it
                    if time.time() - old.stat().st_mtime > QUIET_S:
                        old.unlink()
        except OSError as error:
            log.info("nothing is kept: %s", error, extra={"action": "memory_unwritten"})


def is_busy() -> bool:
    """Returns True while other programs use the machine's cores."""
    return os.getloadavg()[0] > BUSY_LOAD * (os.cpu_count() or 1)


def key_for(settings: Settings) -> str:
    """Returns the key: a digest of everything that the measurements depend on."""
    # One part a line: without a separator two lists of settings could join to the same text.
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
        str(settings.temporal),
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
        return ""  # loading the net reports this fault
