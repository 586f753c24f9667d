"""Publishers that never come: their names are free again, whatever their offers say."""

from __future__ import annotations

import asyncio

import pytest

from app.errors import AlreadyPublishing
from app.node import AppNode
from tests.app.conftest import MakeNode
from tests.app.peers import no_tasks_but, until
from tests.app.webrtc.offer_texts import offer, without

OFFERS = {
    "as it is": lambda: offer("obs"),
    "without candidates": lambda: without(offer("obs"), "a=candidate:"),
    "with names only": lambda: "\r\n".join(
        line.replace(line.split(" ")[4], "0f3c4a2e.local") if "a=candidate:" in line else line
        for line in offer("obs").split("\r\n")
    ),
}


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.webrtc.publisher_connection.CONNECT_S", 0.6)


async def streams(node: AppNode) -> list[str]:
    return [record.id for record in await node.directory.records()]


@pytest.mark.parametrize("shape", OFFERS)
async def test_a_publisher_that_never_connects_frees_its_name(
    make_node: MakeNode, shape: str
) -> None:
    node = make_node()
    await node.publishers.publish("ghost", OFFERS[shape]())
    with pytest.raises(AlreadyPublishing):
        await node.publishers.publish("ghost", OFFERS[shape](), takeover=False)
    await until(lambda: node.publishers.ingest_session("ghost") is None)
    assert "ghost" not in await streams(node)
    await node.publishers.publish("ghost", OFFERS[shape](), takeover=False)


async def test_as_many_as_there_may_be_leave_nothing_behind(make_node: MakeNode) -> None:
    node = make_node(max_streams=16)
    before = asyncio.all_tasks()
    for number in range(16):
        await node.publishers.publish(f"ghost{number}", OFFERS["without candidates"]())
    await until(lambda: not any(node.publishers.ingest_session(f"ghost{n}") for n in range(16)))
    await no_tasks_but(before)
    assert not [name for name in await streams(node) if name.startswith("ghost")]
