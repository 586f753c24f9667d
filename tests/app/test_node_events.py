"""What happens on a node reaches a real receiver, signed as the page on webhooks says."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.audience import Audience, Watching, name_hash
from app.node_events import NodeEvents
from app.recording.recording_events import RecordingEvents
from app.recording.recording_writer import FinishedFile, Subject
from app.streams.ingest_state import State
from app.webhooks.webhooks import WebhookOptions, Webhooks
from tests.app.peers import until
from tests.app.recording import material
from tests.app.webhooks.test_webhooks import Receiver

SUBJECT = Subject(stream="cam", rendition="source", epoch=7, has_audio=True, node="one")


@dataclasses.dataclass
class Session:
    """The session of a publisher, as far as it is checked."""

    stream: str
    epoch: int
    state: State
    end_reason: str = ""


class Told:
    """Events of a node with one receiver."""

    def __init__(self, receiver: Receiver) -> None:
        self.sessions: list[Session] = []
        self.webhooks = Webhooks(WebhookOptions((receiver.url,), "a long random word"), node="one")
        self.viewers: list[Watching] = []
        self.audience = Audience(lambda: self.viewers)
        self.events = NodeEvents(self.webhooks, lambda: self.sessions, self.audience)
        self._receiver = receiver

    async def all(self) -> list[tuple[str, dict[str, Any]]]:
        """What the receiver has been told so far."""
        await self.webhooks.finish(20.0)
        return [(event["type"], event["data"]) for event in self._receiver.events]


@pytest.fixture
async def told() -> AsyncIterator[Told]:
    receiver = Receiver()
    receiver.server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    yield Told(receiver)
    receiver.server.close()


async def test_a_stream_begins_with_its_first_picture_and_ends_once(told: Told) -> None:
    session = Session("cam", 7, State.CONNECTING)
    told.sessions.append(session)
    told.events.check()
    assert await told.all() == []
    session.state = State.LIVE
    told.events.check()
    data = {"stream": "cam", "broadcast": "7", "node": "one"}
    assert await told.all() == [("stream.started", data)]
    session.state = State.AWAY  # for a moment
    told.events.check()
    session.state = State.LIVE
    told.events.check()
    session.end_reason = "what it is published with allows 500 kbit/s, and the stream has 900"
    told.sessions.clear()
    told.events.check()
    told.events.check()
    ended = {**data, "reason": session.end_reason}
    assert await told.all() == [("stream.started", data), ("stream.ended", ended)]


async def test_a_taken_over_stream_ends_before_it_begins_again(told: Told) -> None:
    told.sessions = [Session("cam", 7, State.LIVE)]
    told.events.check()
    told.sessions = [Session("cam", 8, State.LIVE)]
    told.events.check()
    kinds = [(kind, data["broadcast"]) for kind, data in await told.all()]
    assert kinds == [("stream.started", "7"), ("stream.ended", "7"), ("stream.started", "8")]


async def test_it_checks_by_itself(told: Told) -> None:
    told.sessions = [Session("cam", 7, State.LIVE)]
    task = asyncio.get_running_loop().create_task(told.events.run(), name="events")
    sending = asyncio.get_running_loop().create_task(told.webhooks.run(), name="hooks")
    await until(lambda: told.webhooks.sent["1"] == 1)
    for each in (task, sending):
        each.cancel()
    await asyncio.gather(task, sending, return_exceptions=True)


async def test_a_viewer_of_both_kinds_is_told_once(told: Told) -> None:
    told.viewers = [Watching("cam", "enhanced", "anna")] * 2  # a page in split view
    told.events.check()
    told.audience.note("cam", "source", "anna")
    told.viewers = []
    told.events.check()  # it goes on by HLS
    told.audience.note("cam", "source", "ben")
    told.events.check()
    told.audience.clear()  # nobody has asked for long
    told.events.check()
    anna, ben = ({"viewer": name_hash("cam", name), "node": "one"} for name in ("anna", "ben"))
    source = {"stream": "cam", "rendition": "source"}
    assert await told.all() == [
        ("viewer.joined", {"stream": "cam", "rendition": "enhanced", **anna}),
        ("viewer.joined", {**source, **ben}),
        ("viewer.left", {**source, **anna}),
        ("viewer.left", {**source, **ben}),
    ]


async def test_viewers_join_behind_the_beginning_and_leave_before_the_end(told: Told) -> None:
    told.sessions = [Session("cam", 7, State.LIVE)]
    told.viewers = [Watching("cam", "source", "anna")]
    told.events.check()
    told.sessions, told.viewers = [], []
    told.events.check()
    kinds = [kind for kind, _ in await told.all()]
    assert kinds == ["stream.started", "viewer.joined", "viewer.left", "stream.ended"]


async def test_recordings_are_told(told: Told) -> None:
    events: RecordingEvents = told.events
    events.recording_ready(
        SUBJECT, FinishedFile("cam/x.mp4", 1234, material.facts(length_us=2_500_400))
    )
    events.recording_failed(SUBJECT, "the disk is full")
    of = {"stream": "cam", "rendition": "source", "node": "one"}
    file = {"file": "cam/x.mp4", "bytes": 1234, "length_s": 2.5, "broadcast": "7"}
    assert await told.all() == [
        ("recording.ready", {**of, **file}),
        ("recording.failed", {**of, "reason": "the disk is full"}),
    ]


async def test_many_viewers_push_no_stream_out_of_the_queue(told: Told) -> None:
    told.sessions = [Session("cam", 7, State.LIVE)]
    told.viewers = [Watching("cam", "source", f"invented-{n}") for n in range(1_100)]
    told.events.check()
    told.events.recording_ready(SUBJECT, FinishedFile("cam/x.mp4", 1234, material.facts()))
    # The stream and its recording wait with 998 viewers.
    assert told.webhooks.dropped == {("1", "viewers"): 102}
