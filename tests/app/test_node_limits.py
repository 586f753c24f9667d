"""What the node counts while a post is on its way, and what it keeps of one that failed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.errors import AlreadyPublishing, Full, NobodyPublishes
from app.node import AppNode
from app.streams.readers import ReaderTimes
from app.webrtc.viewer_connection import ViewerConnection
from tests.app.conftest import MakeNode
from tests.app.peers import no_tasks_but, publishing, until
from tests.app.test_node import UNITS, Into
from tests.app.webrtc.offer_texts import offer
from wire.connection import Redis, command

OBS = offer("obs")


async def outcome(node: AppNode, stream: str) -> str:
    try:
        await node.publishers.publish(stream, OBS)
    except (Full, AlreadyPublishing) as error:
        return type(error).__name__
    return "accepted"


async def test_posts_at_the_same_moment_do_not_exceed_the_most_streams(make_node: MakeNode) -> None:
    node = make_node(max_streams=2)
    found = await asyncio.gather(*(outcome(node, f"cam{n}") for n in range(6)))
    assert sorted(found) == ["Full"] * 4 + ["accepted"] * 2


async def test_posts_of_one_name_at_the_same_moment_take_one_place(make_node: MakeNode) -> None:
    node = make_node(max_streams=2)
    found = await asyncio.gather(*(outcome(node, "cam1") for _ in range(3)))
    assert sorted(found) == ["AlreadyPublishing"] * 2 + ["accepted"]
    assert await outcome(node, "cam2") == "accepted"


async def test_a_peer_that_ends_while_its_record_is_made_leaves_no_ghost(
    make_node: MakeNode, redis_client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.webrtc.publisher_connection.CONNECT_S", 0.1)
    node = make_node(max_streams=1)
    await command(redis_client, "CLIENT", "PAUSE", 1200, "ALL")
    # The peer gives up after 0.5 s, the record is made later.
    await node.publishers.publish("cam1", OBS)
    await until(lambda: node.publishers.ingest_session("cam1") is None, timeout_s=2)
    assert await outcome(node, "cam1") == "accepted"


async def test_closing_waits_for_no_viewer_for_ever(
    make_node: MakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = make_node()

    async def never(secret: str) -> None:
        node.viewers._sessions.pop(secret)
        await asyncio.Event().wait()

    monkeypatch.setattr(node.viewers, "_close_session", never)
    node.viewers._sessions["secret"] = None  # type: ignore[assignment]
    async with asyncio.timeout(4):
        await node.close()


async def test_a_viewer_whose_stream_ends_while_it_is_answered_is_refused(
    make_node: MakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, reached = ViewerConnection.answer, asyncio.Event()

    async def late(self: ViewerConnection, *args: Any, **options: Any) -> str:
        reached.set()
        await until(lambda: node.readers.all() == [])
        return await answer(self, *args, **options)

    monkeypatch.setattr(ViewerConnection, "answer", late)
    node = make_node(times=ReaderTimes(over_s=0.5))
    before = asyncio.all_tasks()

    async with publishing(Into(node).publish, UNITS):
        await Into(node).until_live()
        joining = asyncio.create_task(Into(node).play(offer("chromium_play")))
        await reached.wait()
        await node.directory.end("cam1")
        with pytest.raises(NobodyPublishes):
            await joining
    assert node.viewers.counts("cam1") == {}
    await no_tasks_but(before)
