"""The list of recordings, newest first, made from the folder. Blocking; for several threads."""

from __future__ import annotations

import bisect
import builtins
import dataclasses
import itertools
import threading
from collections.abc import Callable

from app.recording.file_facts import FileFacts
from app.recording.file_names import TIME_LENGTH
from app.recording.folder import Folder, StoredFile, is_locked

MAX_LISTED = 1_000
"""Recordings in one answer; those before it are asked for by time."""

MAX_REMEMBERED = 20_000
"""Facts that are kept in memory, about 1 KiB each."""


@dataclasses.dataclass(frozen=True, slots=True)
class ListedFile:
    """One recording as it is listed."""

    file: StoredFile
    facts: FileFacts | None
    "None where they are lost or damaged."
    is_live: bool
    "It is being written."

    @property
    def started_us(self) -> int:
        """Time of its first picture, Unix us."""
        return self.facts.started_us if self.facts is not None else self.file.parts.started_us

    @property
    def length_us(self) -> int:
        """Its length; where nothing tells it, the time up to the last change of the file."""
        if self.facts is not None:
            return self.facts.length_us
        return max(0, self.file.changed_us - self.file.parts.started_us)


@dataclasses.dataclass(frozen=True, slots=True)
class FolderScan:
    """The folder as it was found."""

    files: list[StoredFile]
    "The newest first."
    streams: frozenset[str]
    "Streams that have files."
    free_bytes: int | None
    "Free bytes of the disk; None while there is no folder."


class Catalogue:
    """Lists a folder. The facts of files that are ended are read once."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str, int], FileFacts] = {}

    def list(
        self,
        *,
        stream: str = "",
        before_us: int = 0,
        limit: int,
        is_listed: Callable[[str], bool] = lambda _: True,
    ) -> list[ListedFile]:
        """Returns recordings that began before a time (0: any), the newest first.

        ``is_listed`` says of which streams; it is called on this thread.
        """
        return self.pick(
            self.scan(), stream=stream, before_us=before_us, limit=limit, is_listed=is_listed
        )

    def scan(self) -> FolderScan:
        """Returns what lies in the folder now."""
        # Names begin with the time, all in the same form, and so sort by it.
        files = sorted(
            self._folder.stored(),
            key=lambda each: (each.name[:TIME_LENGTH], each.stream, each.name),
            reverse=True,
        )
        return FolderScan(
            files, frozenset(each.stream for each in files), self._folder.free_bytes()
        )

    def pick(
        self,
        scan: FolderScan,
        *,
        stream: str = "",
        before_us: int = 0,
        limit: int,
        is_listed: Callable[[str], bool] = lambda _: True,
    ) -> builtins.list[ListedFile]:
        """Returns the same of a folder that was scanned before."""
        first = 0
        if before_us > 0:
            first = bisect.bisect_right(
                scan.files, -before_us, key=lambda each: -each.parts.started_us
            )
        found = (
            each
            for each in itertools.islice(scan.files, first, None)
            if (not stream or each.stream == stream) and is_listed(each.stream)
        )
        return [self._recording(each) for each in itertools.islice(found, min(limit, MAX_LISTED))]

    def get(self, stream: str, name: str) -> ListedFile | None:
        """Returns one recording, None if it is not there."""
        for each in self._folder.of_stream(stream):
            if each.name == name:
                return self._recording(each)
        return None

    def _recording(self, stored: StoredFile) -> ListedFile:
        key = (stored.stream, stored.name, stored.changed_us)
        with self._lock:
            facts = self._known.get(key)
        if facts is None:
            facts = self._folder.facts(stored.stream, stored.name)
            if facts is not None and facts.ended:
                self._remember(key, facts)
        is_live = (facts is None or not facts.ended) and is_locked(
            self._folder.root / stored.stream / stored.name
        )
        return ListedFile(stored, facts, is_live)

    def _remember(self, key: tuple[str, str, int], facts: FileFacts) -> None:
        with self._lock:
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            self._known[key] = facts
