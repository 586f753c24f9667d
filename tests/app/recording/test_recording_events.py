"""Whoever takes notes of recordings follows one interface."""

from __future__ import annotations

from app.recording.recording_events import NobodyListens, RecordingEvents
from app.recording.recording_writer import FinishedFile
from tests.app.recording import material


def test_who_listens_to_nothing_takes_all_notes() -> None:
    events: RecordingEvents = NobodyListens()
    file = FinishedFile(material.NAME, 100, material.facts())
    assert events.recording_ready(material.subject(), file) is None  # type: ignore[func-returns-value]
    assert events.recording_failed(material.subject(), "The disk is full.") is None  # type: ignore[func-returns-value]
