"""Notes about recordings, for whoever tells others of them."""

from __future__ import annotations

from typing import Protocol

from app.recording.recording_writer import FinishedFile, Subject


class RecordingEvents(Protocol):
    """Takes notes of recordings, on the event loop; must not block."""

    def recording_ready(self, subject: Subject, file: FinishedFile) -> None:
        """Notes a file that is whole."""

    def recording_failed(self, subject: Subject, reason: str) -> None:
        """Notes that the disk takes no more; once until it does again."""
