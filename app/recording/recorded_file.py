"""One recorded file while it is written, and its end. All methods block.

Whatever happens, the file is playable up to its last whole fragment: each fragment is on the disk
(``fdatasync``) before it counts, and one that could not be written whole is cut off.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import BinaryIO

import msgspec

from app.recording.cutter import RecordedFragment
from app.recording.file_facts import MAX_GAPS, MAX_VIEWER_POINTS, FileFacts, Gap, ViewerPoint
from app.recording.file_names import facts_name
from app.recording.folder import write_facts
from media.container import MAX_HEAD_BYTES, Container, Tracks

FACTS_PERIOD_US = 5_000_000
"""Time of the recording after which its facts are written again."""


class RecordedFile:
    """A file that is being written; it is locked until ``close``. For one thread at a time."""

    def __init__(
        self,
        path: Path,
        file: BinaryIO,
        container: Container,
        tracks: Tracks,
        facts: FileFacts,
    ) -> None:
        """Writes the head. Raises OSError; then there is no file."""
        self.path = path
        self.facts = facts
        self.size = 0
        "Bytes that are on the disk."
        self.has_fragment = False
        self._file = file
        self._container = container
        self._number = 0
        self._facts_us = 0
        self._gaps = list(facts.gaps)
        self._viewers = list(facts.viewers)
        try:
            self._write(container.head(tracks))
            write_facts(path, facts)
        except OSError:
            self.discard()
            raise

    def append(self, fragment: RecordedFragment) -> None:
        """Writes a fragment. Raises OSError; then the file ends with the fragment before it."""
        self._number += 1
        self._write(self._container.fragment(fragment.samples, number=self._number))
        self.has_fragment = True
        begin_us = min(sample.time_us for sample in fragment.samples)
        end_us = max(sample.time_us + sample.duration_us for sample in fragment.samples)
        if fragment.gap_us and len(self._gaps) < MAX_GAPS:
            self._gaps.append(Gap(max(0, begin_us - fragment.gap_us), fragment.gap_us))
        self.facts = msgspec.structs.replace(
            self.facts,
            length_us=max(self.facts.length_us, end_us),
            gaps=self._gaps,
            viewers=self._viewers,
        )
        if end_us - self._facts_us >= FACTS_PERIOD_US:
            self._facts_us = end_us
            write_facts(self.path, self.facts)

    def note_viewers(self, count: int) -> None:
        """Notes the number of viewers from now on."""
        last = self._viewers[-1].viewers if self._viewers else None
        if count != last and len(self._viewers) < MAX_VIEWER_POINTS:
            self._viewers.append(ViewerPoint(self.facts.length_us, count))

    def finish(self) -> FileFacts:
        """Writes length and index, and ends the file. Raises OSError; then ``repair`` ends it."""
        try:
            finish(self._file, self._container)
            self.facts = msgspec.structs.replace(self.facts, ended=True)
            write_facts(self.path, self.facts)
        finally:
            self.close()
        return self.facts

    def discard(self) -> None:
        """Removes the file and its facts."""
        self.close()
        self.path.unlink(missing_ok=True)
        (self.path.parent / facts_name(self.path.name)).unlink(missing_ok=True)

    def close(self) -> None:
        """Ends the lock; once more is harmless."""
        self._file.close()

    def _write(self, data: bytes) -> None:
        try:
            left = memoryview(data)
            while left:
                left = left[self._file.write(left) :]
            os.fdatasync(self._file.fileno())
        except OSError:
            # A disk that is full takes a part: what is not whole must not stay.
            with contextlib.suppress(OSError):
                self._file.truncate(self.size)
                self._file.seek(self.size)
            raise
        self.size = self._file.tell()


def finish(file: BinaryIO, container: Container) -> int:
    """Cuts a part of a fragment off, and writes length and index; returns the length in us.

    Raises OSError, and ValueError for a file of another kind.
    """
    found = container.scan(file)
    file.seek(0)
    head = file.read(MAX_HEAD_BYTES)
    file.truncate(found.size)
    for patch in container.patches(head, found):
        file.seek(patch.offset)
        file.write(patch.data)
    os.fdatasync(file.fileno())
    return found.end_us
