"""Writes the units of one recording into files, one behind the other. All methods block."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from collections.abc import Iterable

from app.recording.containers import container_of, format_key
from app.recording.cutter import USUAL_LIMITS, Cutter, FileLimits, RecordedFragment
from app.recording.file_facts import FileFacts
from app.recording.file_names import FileName
from app.recording.folder import Folder
from app.recording.recorded_file import RecordedFile
from app.recording.retention import SpaceGuard
from media.access_unit import AccessUnit
from media.codec_table import DESCRIPTORS
from media.container import Tracks
from wire.stream_logger import StreamLogger

log = logging.getLogger(__name__)


class NoSpace(OSError):
    """The disk of the recordings has too little free space."""


@dataclasses.dataclass(frozen=True, slots=True)
class Subject:
    """The rendition that is recorded, and the node that does it."""

    stream: str
    rendition: str
    epoch: int
    "The publisher's."
    has_audio: bool
    node: str
    after_us: int = 0
    "Time of capture of the last picture that another node wrote; 0: none did."


@dataclasses.dataclass(frozen=True, slots=True)
class FinishedFile:
    """A recording that is whole."""

    name: str
    size: int
    facts: FileFacts


@dataclasses.dataclass(slots=True)
class Written:
    """The outcome of one write."""

    durable_us: int = 0
    "Time of capture of the last picture on the disk; 0 if none came."
    is_open: bool = False
    "A file is being written."


class RecordingWriter:
    """Cuts, packs and writes. For one thread at a time; after an OSError it begins a new file."""

    def __init__(
        self, folder: Folder, subject: Subject, *, limits: FileLimits = USUAL_LIMITS
    ) -> None:
        self._folder = folder
        self._subject = subject
        self._cutter = Cutter(
            has_audio=subject.has_audio,
            format_key=format_key,
            after_us=subject.after_us,
            limits=limits,
        )
        self._guard = SpaceGuard()
        self._file: RecordedFile | None = None
        self._finished: list[FinishedFile] = []
        self.bytes = 0
        "Bytes written, of all files."

    @property
    def name(self) -> str:
        """The name of the file that is being written, "" for none."""
        return self._file.path.name if self._file is not None else ""

    def write(self, units: Iterable[AccessUnit], *, has_audio: bool, viewers: int) -> Written:
        """Writes units. Raises OSError."""
        written = Written()
        self._cutter.has_audio = has_audio
        self._write_all(self._cutter.add(units), written)
        if self._file is not None:
            self._file.note_viewers(viewers)
        written.is_open = self._file is not None
        return written

    def end(self) -> Written:
        """Writes what is left, and ends the file. Raises OSError."""
        written = Written()
        self._write_all(self._cutter.end(), written)
        self._finish()
        return written

    def take_finished(self) -> list[FinishedFile]:
        """Returns the files that were ended since it was asked last."""
        finished, self._finished = self._finished, []
        return finished

    def check_disk(self) -> None:
        """Raises NoSpace, or another OSError, while a fragment cannot be written."""
        self._check_space()
        self._folder.probe(self._subject.stream)

    def _check_space(self) -> None:
        free, total = self._folder.space()
        if not self._guard.judge(free=free, total=total):
            raise NoSpace(f"only {free >> 20} MiB are free on the disk of the recordings")

    def _write_all(self, fragments: list[RecordedFragment], written: Written) -> None:
        if not fragments:
            return
        try:
            self._check_space()
            for fragment in fragments:
                self._write_one(fragment, written)
        except OSError:
            # What was written is kept and ended, as far as the disk lets that happen.
            self._cutter.restart()
            with contextlib.suppress(OSError):
                self._finish()
            raise
        except ValueError as error:
            # A unit that no decoder would take; the next key frame begins another file.
            StreamLogger(log, stream=self._subject.stream).warning(
                "not recorded: %s", error, extra={"action": "recording_damaged"}
            )
            self._cutter.restart()
            self._finish()

    def _write_one(self, fragment: RecordedFragment, written: Written) -> None:
        if fragment.begins is not None:
            self._finish()
            self._begin(fragment.begins)
        if self._file is None:
            return
        before = self._file.size
        self._file.append(fragment)
        self.bytes += self._file.size - before
        written.durable_us = max(written.durable_us, fragment.last_capture_us)

    def _begin(self, tracks: Tracks) -> None:
        subject, unit = self._subject, tracks.key_frame
        container = container_of(tracks.codec)
        if container is None:
            return  # the cutter lets none begin
        parts = FileName(tracks.started_us // 1000 * 1000, subject.rendition, container.suffix)
        path, file = self._folder.create(subject.stream, parts)
        facts = FileFacts(
            stream=subject.stream,
            rendition=subject.rendition,
            codec=DESCRIPTORS[tracks.codec].name,
            width=unit.width,
            height=unit.height,
            audio=tracks.has_audio,
            epoch=subject.epoch,
            node=subject.node,
            started_us=tracks.started_us,
        )
        self._file = RecordedFile(path, file, container, tracks, facts)

    def _finish(self) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        if not file.has_fragment:
            # Nothing but a head: it would be a recording of nothing.
            file.discard()
            return
        try:
            facts = file.finish()
        except ValueError as error:
            # The disk gives other bytes back than were written. What is there stays as it is.
            StreamLogger(log, stream=self._subject.stream).warning(
                "%s is not ended: %s", file.path.name, error, extra={"action": "recording_damaged"}
            )
            return
        size = file.path.stat().st_size
        self._finished.append(FinishedFile(file.path.name, size, facts))
