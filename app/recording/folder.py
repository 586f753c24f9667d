"""The folder of recordings on a disk: one folder for each stream. All functions block.

A file that is being written is locked (``flock``), so that other processes of this machine neither
remove nor repair it; the lock ends with its process, however that dies.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import itertools
import os
import stat
import tempfile
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from app.recording.file_facts import (
    MAX_FACTS_BYTES,
    FileFacts,
    encode_facts,
    parse_facts,
)
from app.recording.file_names import FileName, facts_name, parse_name
from app.recording.retention import Kept
from wire import keys

MAX_FILES = 100_000
"""Files that are looked at; whoever keeps more must not stop the others' work."""

_MAX_NAMES = 1_000
"""Milliseconds by which a file's name may be later than its beginning, where names are taken."""

_LOCK = ".sharpcast-lock"

PROBE_BYTES = 2**20
"""Bytes that are written to see whether the disk takes a fragment: a third of a second of 24
Mbit/s."""


@dataclasses.dataclass(frozen=True, slots=True)
class StoredFile:
    """A recorded file as it lies in the folder."""

    stream: str
    name: str
    size: int
    changed_us: int
    "Time of its last change, Unix us."

    @property
    def parts(self) -> FileName:
        """The parts of its name."""
        found = parse_name(self.name)
        if found is None:
            raise ValueError(f"{self.name} is no recording")
        return found


class Folder:
    """The folder of all recordings. Made when it is first needed; methods block."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, stream: str, name: str) -> Path | None:
        """Returns the path of a recording, whether it is there or not; None for no such name."""
        # Both are checked as a whole, so that no part of them can mean another folder.
        if not keys.is_stream_id(stream) or parse_name(name) is None:
            return None
        return self.root / stream / name

    def status(self, stream: str, name: str) -> os.stat_result | None:
        """Returns the status of a recording; None if there is none of this name.

        What is no regular file is none, as in lists: a link could lead anywhere.
        """
        path = self.path(stream, name)
        if path is None or path.parent.is_symlink():
            return None
        try:
            found = path.lstat()
        except OSError:
            return None
        return found if stat.S_ISREG(found.st_mode) else None

    def create(self, stream: str, parts: FileName) -> tuple[Path, FileIO]:
        """Makes a new file, locked, under the first name that is free. Raises OSError."""
        if not keys.is_stream_id(stream):
            raise ValueError(f"{stream!r} is no name of a stream")
        folder = self.root / stream
        folder.mkdir(parents=True, exist_ok=True)
        for later_ms in range(_MAX_NAMES):
            named = dataclasses.replace(parts, started_us=parts.started_us + later_ms * 1000)
            path = folder / str(named)
            if (path.parent / facts_name(path.name)).exists():
                continue  # two renditions never have one name, but both suffixes share the facts
            with contextlib.suppress(FileExistsError):
                # `x`: nothing that is there is ever written over.
                file = FileIO(path, "x+")
                # Somebody who tests the lock has it for an instant, so this waits.
                fcntl.flock(file, fcntl.LOCK_EX)
                return path, file
        raise FileExistsError(f"no name is free in {folder}")

    def stored(self) -> Iterator[StoredFile]:
        """Yields all recordings, in no order; other files are passed over."""
        seen = 0
        for stream in self._streams():
            for each in self.of_stream(stream):
                seen += 1
                if seen > MAX_FILES:
                    return
                yield each

    def of_stream(self, stream: str) -> list[StoredFile]:
        """Returns the recordings of one stream."""
        if not keys.is_stream_id(stream):
            return []
        try:
            with os.scandir(self.root / stream) as entries:
                found = [_stored(stream, entry) for entry in itertools.islice(entries, MAX_FILES)]
        except OSError:  # one folder that cannot be read costs the others nothing
            return []
        return [each for each in found if each is not None]

    def facts(self, stream: str, name: str) -> FileFacts | None:
        """Returns the facts of a recording, None where they are lost or damaged."""
        with contextlib.suppress(OSError):
            path = self.root / stream / facts_name(name)
            if path.stat().st_size <= MAX_FACTS_BYTES:
                return parse_facts(path.read_bytes())
        return None

    def remove(self, stream: str, name: str) -> bool:
        """Removes a recording with its facts; False if it is being written, or not there."""
        path = self.path(stream, name)
        if path is None or self.status(stream, name) is None or is_locked(path):
            return False
        path.unlink(missing_ok=True)
        (path.parent / facts_name(name)).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            path.parent.rmdir()  # only where it is empty
        return True

    def kept(self) -> list[Kept]:
        """Returns all recordings as retention judges them."""
        return [
            Kept(
                each.stream,
                each.name,
                each.changed_us,
                each.size,
                is_fixed=is_locked(self.root / each.stream / each.name),
            )
            for each in self.stored()
        ]

    def free_bytes(self) -> int | None:
        """Returns the free bytes of the disk, None while there is no folder."""
        try:
            found = os.statvfs(self.root)
        except OSError:
            return None
        return found.f_bavail * found.f_frsize

    def space(self) -> tuple[int, int]:
        """Returns free and total bytes of the disk. Raises OSError."""
        self.root.mkdir(parents=True, exist_ok=True)
        found = os.statvfs(self.root)
        return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize

    def probe(self, stream: str) -> None:
        """Writes as much as a fragment, and leaves nothing of it. Raises OSError."""
        folder = self.root / stream
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder, prefix=".sharpcast-probe-", buffering=0) as file:
            left = memoryview(bytes(PROBE_BYTES))
            while left:
                left = left[file.write(left) :]
            os.fdatasync(file.fileno())

    @contextlib.contextmanager
    def only_one(self) -> Iterator[bool]:
        """Gives True to one process at a time: others of this machine may share the folder."""
        self.root.mkdir(parents=True, exist_ok=True)
        with open(self.root / _LOCK, "ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def _streams(self) -> list[str]:
        try:
            with os.scandir(self.root) as entries:
                return [
                    entry.name
                    for entry in entries
                    if keys.is_stream_id(entry.name) and entry.is_dir(follow_symlinks=False)
                ]
        except (FileNotFoundError, NotADirectoryError):
            return []


def write_facts(path: Path, facts: FileFacts) -> None:
    """Writes the facts of a recording in one step, so that no reader sees half of them."""
    target = path.parent / facts_name(path.name)
    fresh = target.with_suffix(".json.new")
    fresh.write_bytes(encode_facts(facts))
    fresh.replace(target)


def is_locked(path: Path) -> bool:
    """True while a process of this machine writes the file."""
    try:
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _stored(stream: str, entry: os.DirEntry[str]) -> StoredFile | None:
    if parse_name(entry.name) is None:
        return None
    try:
        if not entry.is_file(follow_symlinks=False):
            return None
        found = entry.stat(follow_symlinks=False)
    except OSError:
        return None
    return StoredFile(stream, entry.name, found.st_size, found.st_mtime_ns // 1000)
