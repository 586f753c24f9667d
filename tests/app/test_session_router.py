"""Requests on sessions, here and on other nodes: ``session_router.py``."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.errors import (
    BadOffer,
    Full,
    NodeAway,
    RedisAway,
    SessionNotFound,
    TagMissing,
    TagOutdated,
)
from app.session_router import SessionRouter
from app.webrtc.ice_patch import IcePatch, IceReply
from tests.app.peers import until
from wire.app_heartbeat import AppBeat, AppHeartbeats
from wire.connection import Redis, connect
from wire.node_messages import SessionKind, SessionReply, to_node

FRAGMENT = "a=ice-ufrag:abcd\r\na=end-of-candidates\r\n"
WHIP, WHEP = SessionKind.WHIP, SessionKind.WHEP


@dataclasses.dataclass
class Owner:
    """Sessions of one kind that note what is asked of them."""

    sessions: set[tuple[str, str]] = dataclasses.field(default_factory=set)
    patches: list[IcePatch] = dataclasses.field(default_factory=list)

    async def end(self, stream: str, secret: str) -> None:
        """Ends a session."""
        if (stream, secret) not in self.sessions:
            raise SessionNotFound
        self.sessions.remove((stream, secret))

    async def patch(self, stream: str, secret: str, patch: IcePatch) -> IceReply:
        """Notes a fragment; restarts where it has a password, but not for all."""
        if (stream, secret) not in self.sessions:
            raise SessionNotFound
        if not patch.if_match:
            raise TagMissing
        if patch.if_match not in ("*", '"now"'):
            raise TagOutdated
        self.patches.append(patch)
        if patch.fragment.password == "never":
            raise BadOffer("No restart.", status=422)
        return IceReply('"new"', "a=ice-ufrag:b\r\n") if patch.fragment.password else IceReply()

    async def ask(self, stream: str, secret: str, query: str) -> str:
        """Answers with the query."""
        if (stream, secret) not in self.sessions:
            raise SessionNotFound
        if query == "no":
            raise BadOffer("Not this.", status=422)
        return f"{query}!"


@dataclasses.dataclass
class Node:
    """A router, what it owns, and its task."""

    router: SessionRouter
    whip: Owner
    whep: Owner
    work: asyncio.Task[None]


async def make(client: Redis, name: str, **limits: Any) -> Node:
    whip, whep = Owner({("cam1", "a")}), Owner({("cam1", "b")})
    router = SessionRouter(client, name, {WHIP: whip, WHEP: whep}, **limits)
    work = asyncio.get_running_loop().create_task(router.run(), name=name)
    await AppHeartbeats(client).beat(AppBeat(node=name, host="h", pid=1, started_us=1))
    return Node(router, whip, whep, work)


@pytest.fixture
async def nodes(
    redis_client: Redis, request: pytest.FixtureRequest
) -> AsyncIterator[tuple[Node, Node]]:
    """Two nodes; a test may give the limits of both."""
    limits: dict[str, Any] = getattr(request, "param", {})
    made = (await make(redis_client, "one", **limits), await make(redis_client, "two", **limits))
    await asyncio.sleep(0.05)  # both have opened their mailboxes
    yield made
    for node in made:
        node.work.cancel()
        await asyncio.gather(node.work, return_exceptions=True)


async def test_addresses_name_the_node(nodes: tuple[Node, Node]) -> None:
    assert nodes[0].router.address("secret") == "one.secret"


@pytest.mark.parametrize("asked", [0, 1])
async def test_a_session_is_ended_whichever_node_is_asked(
    nodes: tuple[Node, Node], asked: int
) -> None:
    router = nodes[asked].router
    await router.end(WHIP, "cam1", "one.a")
    assert nodes[0].whip.sessions == set()
    assert nodes[1].whip.sessions == {("cam1", "a")}
    with pytest.raises(SessionNotFound):
        await router.end(WHIP, "cam1", "one.a")
    with pytest.raises(SessionNotFound):  # a viewer's, not a publisher's
        await router.end(WHIP, "cam1", "one.b")
    await router.end(WHEP, "cam1", "one.b")
    assert router.forwarded == (4 if asked else 0)


@pytest.mark.parametrize("asked", [0, 1])
async def test_candidates_come_as_they_were_sent(nodes: tuple[Node, Node], asked: int) -> None:
    router = nodes[asked].router
    reply = await router.patch(WHEP, "cam1", "one.b", FRAGMENT, if_match='"now"')
    assert reply == IceReply()
    (noted,) = nodes[0].whep.patches
    assert (noted.fragment.ufrag, noted.if_match) == ("abcd", '"now"')
    with pytest.raises(BadOffer) as caught:
        await router.patch(WHEP, "cam1", "one.b", "v=0\r\n", if_match='"now"')
    assert caught.value.status == 400


@pytest.mark.parametrize("asked", [0, 1])
async def test_queries_are_answered_where_the_session_is(
    nodes: tuple[Node, Node], asked: int
) -> None:
    router = nodes[asked].router
    assert await router.ask(WHEP, "cam1", "one.b", "{}") == "{}!"
    with pytest.raises(BadOffer, match="Not this") as caught:
        await router.ask(WHEP, "cam1", "one.b", "no")
    assert caught.value.status == 422
    with pytest.raises(SessionNotFound):
        await router.ask(WHIP, "cam1", "one.b", "{}")
    assert nodes[0].whep.sessions == {("cam1", "b")}  # it was no request to end it


@pytest.mark.parametrize("asked", [0, 1])
async def test_a_restart_is_answered_as_its_owner_does(
    nodes: tuple[Node, Node], asked: int
) -> None:
    router = nodes[asked].router
    restart = "a=ice-ufrag:new1\r\na=ice-pwd:{}\r\n"
    reply = await router.patch(WHEP, "cam1", "one.b", restart.format("secret"), if_match="*")
    assert reply == IceReply('"new"', "a=ice-ufrag:b\r\n")
    with pytest.raises(BadOffer, match="No restart") as caught:
        await router.patch(WHEP, "cam1", "one.b", restart.format("never"), if_match="*")
    assert caught.value.status == 422


@pytest.mark.parametrize("asked", [0, 1])
@pytest.mark.parametrize(
    "if_match,error",
    [("", TagMissing), ('"then"', TagOutdated), ('"now", ' * 100, TagOutdated)],
)
async def test_tags_are_checked_where_the_session_is(
    nodes: tuple[Node, Node], asked: int, if_match: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await nodes[asked].router.patch(WHEP, "cam1", "one.b", FRAGMENT, if_match=if_match)
    assert nodes[0].whep.patches == []


@pytest.mark.parametrize("nodes", [{"reply_s": 0.1}], indirect=True)
async def test_nobody_waits_long_for_a_node_that_does_not_reply(nodes: tuple[Node, Node]) -> None:
    nodes[1].work.cancel()
    await asyncio.gather(nodes[1].work, return_exceptions=True)
    with pytest.raises(NodeAway):
        await nodes[0].router.end(WHIP, "cam1", "two.a")
    with pytest.raises(SessionNotFound):
        await nodes[0].router.end(WHIP, "cam1", "three.a")


@pytest.mark.parametrize("nodes", [{"reply_s": 0.1, "max_forwarded": 2}], indirect=True)
async def test_so_many_requests_wait_and_no_more(nodes: tuple[Node, Node]) -> None:
    nodes[1].work.cancel()
    await asyncio.gather(nodes[1].work, return_exceptions=True)
    asked = [nodes[0].router.end(WHIP, "cam1", f"two.{n}") for n in range(3)]
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(result) for result in results] == [NodeAway, NodeAway, Full]


async def test_replies_that_nobody_waits_for_are_passed_over(
    nodes: tuple[Node, Node], redis_client: Redis
) -> None:
    await to_node(redis_client, "one").send(SessionReply(id="none", status=200))
    await nodes[1].router.end(WHIP, "cam1", "one.a")
    await until(lambda: nodes[0].whip.sessions == set())
    assert nodes[0].router.bad_messages == 0


async def test_without_redis_only_own_sessions_are_reached() -> None:
    client = connect("unix:///nonexistent/redis.sock")
    owner = Owner({("cam1", "a")})
    router = SessionRouter(client, "one", {WHIP: owner, WHEP: Owner()})
    with pytest.raises(RedisAway):
        await router.end(WHIP, "cam1", "two.a")
    await router.end(WHIP, "cam1", "one.a")
    assert owner.sessions == set()
    await client.aclose()
