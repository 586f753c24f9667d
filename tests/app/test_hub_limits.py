"""What the hub counts while a post is on its way, and what it keeps of one that failed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.errors import AlreadyPublishing, Full, NobodyPublishes
from app.hub import StreamHub
from app.webrtc.viewer_connection import ViewerConnection
from tests.app.conftest import MakeHub
from tests.app.peers import no_tasks_but, publishing, until
from tests.app.test_hub import UNITS, Into
from tests.app.webrtc.offer_texts import offer
from wire.connection import Redis, command

OBS = offer("obs")


async def outcome(hub: StreamHub, stream: str) -> str:
    try:
        await hub.publish(stream, OBS)
    except (Full, AlreadyPublishing) as error:
        return type(error).__name__
    return "accepted"


async def test_posts_at_the_same_moment_do_not_exceed_the_most_streams(make_hub: MakeHub) -> None:
    hub = make_hub(max_streams=2)
    found = await asyncio.gather(*(outcome(hub, f"cam{n}") for n in range(6)))
    assert sorted(found) == ["Full"] * 4 + ["accepted"] * 2


async def test_posts_of_one_name_at_the_same_moment_take_one_place(make_hub: MakeHub) -> None:
    hub = make_hub(max_streams=2)
    found = await asyncio.gather(*(outcome(hub, "cam1") for _ in range(3)))
    assert sorted(found) == ["AlreadyPublishing"] * 2 + ["accepted"]
    assert await outcome(hub, "cam2") == "accepted"


async def test_a_peer_that_ends_while_its_record_is_made_leaves_no_ghost(
    make_hub: MakeHub, redis_client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.webrtc.publisher_connection.CONNECT_S", 0.1)
    hub = make_hub(max_streams=1)
    await command(redis_client, "CLIENT", "PAUSE", 1200, "ALL")
    await hub.publish("cam1", OBS)  # the peer gives up after 0.5 s, the record is made later
    await until(lambda: hub.publication("cam1") is None, timeout_s=2)
    assert await outcome(hub, "cam1") == "accepted"


async def test_closing_waits_for_no_viewer_for_ever(
    make_hub: MakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = make_hub()

    async def never(secret: str) -> None:
        hub._viewers.pop(secret)
        await asyncio.Event().wait()

    monkeypatch.setattr(hub, "_close_viewer", never)
    hub._viewers["secret"] = None  # type: ignore[assignment]
    async with asyncio.timeout(4):
        await hub.close()


async def test_a_viewer_whose_stream_ends_while_it_is_answered_is_refused(
    make_hub: MakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.streams.readers._OVER_S", 0.5)
    answer, reached = ViewerConnection.answer, asyncio.Event()

    async def late(self: ViewerConnection, *args: Any, **options: Any) -> str:
        reached.set()
        await until(lambda: hub.tails() == [])
        return await answer(self, *args, **options)

    monkeypatch.setattr(ViewerConnection, "answer", late)
    hub = make_hub()
    before = asyncio.all_tasks()

    async with publishing(Into(hub).publish, UNITS):
        await Into(hub).until_live()
        joining = asyncio.create_task(Into(hub).play(offer("chromium_play")))
        await reached.wait()
        await hub.end("cam1")
        with pytest.raises(NobodyPublishes):
            await joining
    assert hub.viewers("cam1") == {}
    await no_tasks_but(before)
