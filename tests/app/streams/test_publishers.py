"""Offers of publishers and the sessions behind them, without a peer: ``publishers.py``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any

import pytest

from app.admission import Admission
from app.errors import (
    AlreadyPublishing,
    BadOffer,
    Full,
    RedisAway,
    SessionNotFound,
    TagOutdated,
    ViewsFull,
)
from app.ice.refusals import Refusals
from app.streams.ingest_session import IngestSession
from app.streams.ingest_state import State
from app.streams.publishers import PublisherOptions, Publishers, _is_same, _Link
from app.task_set import TaskSet
from app.webrtc import ice, peer_ports
from app.webrtc.ice_patch import IcePatch, IceTags
from app.webrtc.trickle import parse_fragment
from tests.app import fakes
from tests.app.peers import no_tasks_but, until
from tests.app.webrtc.offer_texts import offer, without
from wire.connection import Redis, connect
from wire.errors import StreamGone
from wire.stream_record import StreamRegistry

ROUTE = ice.PeerRoute(key="192.0.2.7")


class House:
    """Publishers of one node, and all that they told."""

    def __init__(self, client: Redis, *, max_streams: int = 2) -> None:
        self.tasks = TaskSet()
        self.ended: list[tuple[str, int]] = []
        self.publishers = Publishers(
            client,
            PublisherOptions(max_streams, 1500, 10.0, publisher_grace_s=5.0),
            refusals=Refusals(),
            admission=Admission(self._pending),
            spawn=self._spawn,
            ended=self._ended,
        )

    def _pending(self) -> Iterator[str]:
        return self.publishers.pending()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        return self.tasks.spawn(work, name)

    async def _ended(self, stream: str, epoch: int) -> None:
        self.ended.append((stream, epoch))

    async def publish(self, stream: str = "cam1", **how: Any) -> str:
        """Publishes and returns the session's secret."""
        secret, answer = await self.publishers.publish(stream, offer("obs"), route=ROUTE, **how)
        assert answer.startswith("v=0\r\n")
        return secret

    def ingest(self, stream: str = "cam1") -> IngestSession:
        found = self.publishers.ingest_session(stream)
        assert found is not None
        return found

    async def close(self) -> None:
        self.publishers.close()
        await self.tasks.finish(5.0)
        await self.tasks.cancel()


@pytest.fixture
async def house(redis_client: Redis) -> AsyncIterator[House]:
    peer_ports.install(ice.IceAddresses(("127.0.0.1",), ()))
    made = House(redis_client)
    yield made
    await made.close()


async def test_an_accepted_publisher_has_a_record_and_a_session(
    house: House, redis_client: Redis
) -> None:
    secret = await house.publish()
    record = await StreamRegistry(redis_client).get("cam1")
    ingest = house.ingest()
    assert (record.state, record.epoch, record.audio) == ("connecting", ingest.epoch, True)
    assert house.publishers.ingest_sessions() == [ingest]
    assert len(secret) >= 20
    assert list(house.publishers.pending()) == [ROUTE.key]
    assert (house.publishers.layer("cam1"), house.publishers.refused("cam1")) == ("", {})
    assert house.publishers.packets("cam1") == {}
    assert house.publishers.ingest_session("cam2") is None
    assert (house.publishers.packets("cam2"), house.publishers.layer("cam2")) == ({}, "")


async def test_whoever_knows_the_secret_ends_the_session_once(
    house: House, redis_client: Redis
) -> None:
    secret = await house.publish()
    epoch = house.ingest().epoch
    for stream, guess in (("cam1", "x"), ("cam1", secret[:-1]), ("cam2", secret), ("cam1", "é")):
        with pytest.raises(SessionNotFound):
            await house.publishers.end(stream, guess)
    await house.publishers.end("cam1", secret)
    with pytest.raises(SessionNotFound):
        await house.publishers.end("cam1", secret)
    await until(lambda: house.ended == [("cam1", epoch)])
    assert house.publishers.ingest_sessions() == []
    with pytest.raises(StreamGone):
        await StreamRegistry(redis_client).get("cam1")


async def test_a_take_over_keeps_the_session_and_changes_the_secret(house: House) -> None:
    first = await house.publish()
    ingest = house.ingest()
    ingest.take(fakes.video(0, key=True))
    second = await house.publish()
    assert house.ingest() is ingest
    assert (ingest.state, ingest.end_reason) == (State.AWAY, "")
    assert first != second
    with pytest.raises(SessionNotFound):
        await house.publishers.end("cam1", first)
    await house.publishers.end("cam1", second)
    await until(lambda: house.ended)
    assert len(house.ended) == 1


async def test_who_would_interrupt_nobody_gets_what_is_away_only(house: House) -> None:
    await house.publish()
    with pytest.raises(AlreadyPublishing):
        await house.publish(takeover=False)
    house.ingest().take(fakes.video(0, key=True))
    house.ingest().lose_connection("it fell silent")
    await house.publish(takeover=False)
    assert house.ingest().state is State.AWAY


async def test_only_so_many_streams_and_a_take_over_is_none_more(house: House) -> None:
    await house.publish("cam1")
    await house.publish("cam2")
    with pytest.raises(Full, match="as many streams"):
        await house.publish("cam3")
    secret = await house.publish("cam1")
    await house.publishers.end("cam1", secret)
    await until(lambda: house.ended)
    await house.publish("cam3")


async def test_two_offers_of_one_name_at_once_are_one_publisher(house: House) -> None:
    found = await asyncio.gather(
        house.publish(), house.publish(), house.publish(), return_exceptions=True
    )
    refused = [each for each in found if isinstance(each, AlreadyPublishing)]
    assert (len(found), len(refused)) == (3, 2)
    await house.publish()  # the name is not kept reserved


async def test_a_bad_offer_leaves_nothing(house: House, redis_client: Redis) -> None:
    before = asyncio.all_tasks()
    for sdp in ("", "v=0\r\n", without(offer("obs"), "a=fingerprint")):
        with pytest.raises(BadOffer):
            await house.publishers.publish("cam1", sdp)
    assert house.publishers.ingest_sessions() == []
    assert await StreamRegistry(redis_client).list() == []
    await no_tasks_but(before)


async def test_what_is_prepared_comes_behind_all_refusals_and_before_the_stream(
    house: House, redis_client: Redis
) -> None:
    there: list[int] = []

    async def prepare() -> None:
        there.append(len(await StreamRegistry(redis_client).list()))

    for sdp in ("", without(offer("obs"), "a=fingerprint")):
        with pytest.raises(BadOffer):
            await house.publishers.publish("cam1", sdp, prepare=prepare)
    await house.publish("cam1", prepare=prepare)
    with pytest.raises(AlreadyPublishing):
        await house.publish("cam1", takeover=False, prepare=prepare)
    assert there == [0]


async def test_a_publisher_for_whom_nothing_can_be_prepared_is_refused(
    house: House, redis_client: Redis
) -> None:
    async def prepare() -> None:
        raise ViewsFull

    before = asyncio.all_tasks()
    with pytest.raises(ViewsFull):
        await house.publish(prepare=prepare)
    assert await StreamRegistry(redis_client).list() == []
    await no_tasks_but(before)


async def test_nobody_is_taken_any_more_when_the_node_closes(house: House) -> None:
    await house.publish()
    house.publishers.close()
    with pytest.raises(Full, match="stops"):
        await house.publish("cam2")
    await until(lambda: house.ended)
    assert house.publishers.ingest_sessions() == []


async def test_without_redis_the_sockets_of_the_offer_are_closed() -> None:
    peer_ports.install(ice.IceAddresses(("127.0.0.1",), ()))
    before = asyncio.all_tasks()
    client = connect("unix:///nonexistent/redis.sock")
    house = House(client)
    with pytest.raises(RedisAway):
        await house.publish()
    assert list(house.publishers.pending()) == []
    await client.aclose()
    await no_tasks_but(before)


async def test_candidates_come_for_the_one_who_knows_the_secret(house: House) -> None:
    secret = await house.publish()
    fragment = parse_fragment("a=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n")
    await house.publishers.patch("cam1", secret, IcePatch(fragment, IceTags(secret).current))
    with pytest.raises(SessionNotFound):
        await house.publishers.patch("cam1", "guess", IcePatch(fragment, "*"))
    restart = parse_fragment("a=ice-ufrag:other\r\na=ice-pwd:" + "p" * 22)
    reply = await house.publishers.patch("cam1", secret, IcePatch(restart, "*"))
    assert reply.etag not in ("", IceTags(secret).current)
    half = parse_fragment("a=ice-ufrag:newer")
    with pytest.raises(BadOffer):
        await house.publishers.patch("cam1", secret, IcePatch(half, "*"))


async def test_a_connection_that_takes_over_has_an_ice_session_of_its_own(house: House) -> None:
    before = await house.publish()
    after = await house.publish()
    fragment = parse_fragment("a=end-of-candidates\r\n")
    with pytest.raises(TagOutdated):
        await house.publishers.patch("cam1", after, IcePatch(fragment, IceTags(before).current))
    await house.publishers.patch("cam1", after, IcePatch(fragment, IceTags(after).current))


@pytest.fixture
async def session() -> AsyncIterator[IngestSession]:
    """A session that was live, on a server that is away."""
    client = connect("unix:///nonexistent/redis.sock")
    made = IngestSession(
        client, "cam1", 5, has_audio=True, on_key_frame_needed=fakes.KeyFrameWish()
    )
    made.take(fakes.video(0, key=True))
    yield made
    made.end("the test is over")
    await client.aclose()


async def test_a_link_passes_on_what_comes_while_it_is_joined(session: IngestSession) -> None:
    link = _Link()
    link.take(fakes.video(1))
    link.tell("no picture")
    link.ask()
    assert session.units_in == 1
    link.join(session)
    link.take(fakes.video(1))
    assert session.units_in == 2
    link.cut()
    link.take(fakes.video(2))
    link.lose("too late")
    assert (session.units_in, session.state) == (2, State.LIVE)


async def test_a_connection_that_ended_before_it_was_joined_is_told_to_the_session(
    session: IngestSession,
) -> None:
    link = _Link()
    link.lose("the first reason")
    link.lose("another")
    assert link.end_reason == "the first reason"
    link.join(session)
    assert (session.state, link.ingest) == (State.AWAY, None)


async def test_a_silent_connection_stays_joined_and_may_speak_again(
    session: IngestSession,
) -> None:
    link = _Link()
    link.join(session)
    link.fall_silent("nothing arrived")
    assert session.state is State.AWAY
    link.take(fakes.video(5, key=True))
    assert session.state is State.LIVE
    early = _Link()
    early.fall_silent("nothing ever arrived")
    early.join(session)
    assert (session.state, early.ingest) == (State.AWAY, None)


@pytest.mark.parametrize(
    ("given", "same"), [("secret", True), ("secre", False), ("Secret", False), ("sécret", False)]
)
def test_secrets_are_compared_whatever_they_hold(given: str, same: bool) -> None:
    assert _is_same("secret", given) is same
