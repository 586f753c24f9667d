"""Whoever takes notes of recordings follows one interface."""

from __future__ import annotations

from app.audience import Audience
from app.node_events import NodeEvents
from app.recording.recording_events import RecordingEvents
from app.recording.recording_writer import FinishedFile
from app.webhooks.webhooks import WebhookOptions, Webhooks
from tests.app.recording import material


def test_the_events_of_a_node_take_all_notes_at_once() -> None:
    """Without receivers too."""
    webhooks = Webhooks(WebhookOptions(), node="one")
    events: RecordingEvents = NodeEvents(webhooks, lambda: (), Audience(tuple))
    events.recording_ready(material.subject(), FinishedFile(material.NAME, 100, material.facts()))
    events.recording_failed(material.subject(), "The disk is full.")
    assert (webhooks.sent, webhooks.dropped) == ({}, {})
