"""Check of the folders that the server writes to: they can be written, and the disk has room."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from app.recording.retention import floor_bytes
from cli.diagnostics.finding import Finding, fault, good
from wire.settings import Settings

MIN_FREE_BYTES = 256 << 20
"""Free bytes below which the kept work of engines and loops (some 50 MiB) may not find room."""

RECORDING_FREE_BYTES = 2 << 30
"""An hour of source and enhanced picture has about 2 GiB."""

KEYS_FREE_BYTES = 32 << 20
"""The file of keys as large as it may be, and the one that replaces it."""


def check(settings: Settings) -> Iterator[Finding]:
    """Writes a file to each folder, and looks how much room its disk has."""
    yield folder("temporary files", Path(tempfile.gettempdir()), "TMPDIR", MIN_FREE_BYTES)
    if settings.engine_cache != Path():
        content, place = "what engines and loops compiled", settings.engine_cache
        yield folder(content, place.expanduser(), "SHARPCAST_ENGINE_CACHE", MIN_FREE_BYTES)
    # Also with SHARPCAST_RECORD=off: a stream can be recorded by a choice for its name.
    place = settings.record_dir.expanduser()
    least = 0 if settings.record == "off" else RECORDING_FREE_BYTES
    least = max(least, floor_bytes(shutil.disk_usage(_existing(place)).total))
    yield folder("recordings", place, "SHARPCAST_RECORD_DIR", least)
    if not settings.redis_url:
        place = settings.keys_file.expanduser().parent
        yield folder("stream keys", place, "SHARPCAST_KEYS_FILE", KEYS_FREE_BYTES)


def folder(content: str, place: Path, setting: str, least: int) -> Finding:
    """Judges one folder; one that is missing is judged by the first of its parents that exists."""
    what = f"folder for {content}"
    parent = _existing(place)
    if reason := _refusal(parent):
        return fault(
            what,
            f"{place} cannot be written to ({reason})",
            f"Give this user the folder: `install -d -o $USER {place}`, or set {setting} to "
            "another place.",
        )
    free = shutil.disk_usage(parent).free
    detail = f"{place}, {free / 2**30:.1f} GiB free"
    if free >= least:
        return good(what, detail, free=free)
    cure = f"Remove files there, or set {setting} to a place on a disk with room."
    detail = f"the disk of {place} has {free / 2**20:.0f} MiB free, {least >> 20} are needed"
    return fault(what, detail, cure, free=free)


def _existing(place: Path) -> Path:
    """Returns the folder, or the first of its parents that exists."""
    while not place.exists() and place != place.parent:
        place = place.parent
    return place


def _refusal(place: Path) -> str:
    """Writes and removes a file; returns why that cannot be, or an empty text."""
    if not place.is_dir():
        return "it is no folder"
    name = ""
    try:
        file, name = tempfile.mkstemp(prefix=".sharpcast-doctor-", dir=place)
        with open(file, "wb") as opened:
            opened.write(bytes(4096))
    except OSError as error:
        return str(error.strerror)
    finally:
        if name:
            with contextlib.suppress(OSError):
                os.unlink(name)
    return ""
