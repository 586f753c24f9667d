"""Viewers of a node without a peer: offers, limits, changes of codec, ends: ``viewers.py``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from app.admission import Admission
from app.delivery.viewer_queries import SelectLayer, encode_query
from app.delivery.viewers import Viewers
from app.errors import (
    BadOffer,
    BadRequest,
    Full,
    NobodyPublishes,
    RenditionNotFound,
    SessionNotFound,
    TagMissing,
    TagOutdated,
)
from app.ice.refusals import Refusals
from app.streams.readers import ReaderTimes, RenditionReaders
from app.streams.stream_directory import StreamDirectory
from app.webrtc import ice, peer_ports
from app.webrtc.ice_patch import IcePatch, IceTags
from app.webrtc.trickle import parse_fragment
from tests.app.peers import no_tasks_but, until
from tests.app.webrtc.offer_texts import offer, only, without
from tests.records import begin_stream, take_lead
from wire import keys
from wire.connection import Redis, command
from wire.rendition_record import RenditionRegistry, RenditionSpec
from wire.stream_record import StreamRegistry

ROUTE = ice.PeerRoute(key="192.0.2.7")
H264_ALONE = offer("gstreamer_play")
VIDEO_ALONE = without(only(H264_ALONE, "video"), "a=group")
SOUND_ALONE = without(only(offer("chromium_play"), "audio"), "a=group")
TIMES = ReaderTimes(linger_s=60.0, over_s=60.0, check_s=60.0)
"""Readers that end only where the test says so."""


class House:
    """Viewers of one node."""

    def __init__(self, client: Redis, *, max_viewers: int = 3) -> None:
        self.client = client
        directory = StreamDirectory(client, ingest=lambda _: None)
        self.readers = RenditionReaders(
            client, record=directory.record, ingest=lambda _: None, times=TIMES
        )
        self.viewers = Viewers(
            directory,
            self.readers,
            max_viewers=max_viewers,
            admission=Admission(self._pending),
            refusals=Refusals(),
        )

    def _pending(self) -> Iterator[str]:
        return self.viewers.pending()

    async def play(
        self,
        stream: str = "cam1",
        rendition: str = keys.SOURCE,
        *,
        sdp: str = "",
        fallback: bool = False,
    ) -> str:
        """Plays and returns the session's secret."""
        secret, answer = await self.viewers.play(
            stream,
            sdp or offer("chromium_play"),
            rendition=rendition,
            fallback=fallback,
            route=ROUTE,
        )
        assert answer.startswith("v=0\r\n")
        return secret

    def read(self) -> list[str]:
        """The logs that are read."""
        return sorted(reader.rendition for reader in self.readers.all())

    async def close(self) -> None:
        await self.viewers.close(5.0)
        await self.readers.close()


@pytest.fixture
async def house(redis_client: Redis) -> AsyncIterator[House]:
    peer_ports.install(ice.IceAddresses(("127.0.0.1",), ()))
    made = House(redis_client)
    yield made
    await made.close()


async def live(client: Redis, stream: str = "cam1", codec: str = "h264") -> int:
    return await begin_stream(client, stream, state="live", codec=codec)


async def test_nobody_watches_what_is_not_live(house: House, redis_client: Redis) -> None:
    with pytest.raises(NobodyPublishes, match="Nobody publishes cam1"):
        await house.play()
    await begin_stream(redis_client, state="away", reason="The publisher is away.")
    with pytest.raises(NobodyPublishes, match=r"The publisher is away\."):
        await house.play()
    await live(redis_client, "cam2")
    await command(redis_client, "PEXPIRE", keys.record("cam2"), 1000)
    with pytest.raises(NobodyPublishes, match="does not answer"):
        await house.play("cam2")
    assert house.readers.all() == []


async def test_a_viewer_is_counted_by_what_it_reads_until_it_is_ended(
    house: House, redis_client: Redis
) -> None:
    await live(redis_client)
    secret = await house.play()
    viewers = house.viewers
    assert (viewers.counts("cam1"), viewers.counts("cam2")) == ({keys.SOURCE: 1}, {})
    assert (viewers.streams(), viewers.stalls(), viewers.dropped()) == ({"cam1"}, 0, {})
    assert list(viewers.pending()) == [ROUTE.key]
    for stream, guess in (("cam1", "guess"), ("cam2", secret)):
        with pytest.raises(SessionNotFound):
            await viewers.end(stream, guess)
    await viewers.end("cam1", secret)
    assert (viewers.counts("cam1"), viewers.streams()) == ({}, set())
    with pytest.raises(SessionNotFound):
        await viewers.end("cam1", secret)


async def test_viewers_share_a_reader_and_hold_the_source_for_sound_or_fallback(
    house: House, redis_client: Redis
) -> None:
    await live(redis_client)
    await house.play(rendition=keys.ENHANCED, sdp=VIDEO_ALONE)
    assert house.read() == [keys.ENHANCED]
    await house.play(rendition=keys.ENHANCED, sdp=VIDEO_ALONE, fallback=True)
    assert house.read() == [keys.ENHANCED, keys.SOURCE]
    await house.play(rendition=keys.SOURCE)
    assert house.read() == [keys.ENHANCED, keys.SOURCE]
    assert house.viewers.counts("cam1") == {keys.ENHANCED: 2, keys.SOURCE: 1}


async def test_sound_alone_is_read_of_the_source(house: House, redis_client: Redis) -> None:
    await live(redis_client, codec="vp9")
    await house.play(rendition="whatever", sdp=SOUND_ALONE)
    assert house.viewers.counts("cam1") == {keys.SOURCE: 1}


async def test_what_there_is_not_or_cannot_be_decoded_is_refused(
    house: House, redis_client: Redis
) -> None:
    await live(redis_client, codec="vp9")
    with pytest.raises(RenditionNotFound, match="clean"):
        await house.play(rendition="clean")
    with pytest.raises(BadOffer, match="VP9"):
        await house.play(sdp=H264_ALONE)
    with pytest.raises(BadOffer):
        await house.play(sdp="v=0\r\n")
    assert house.read() == []
    await house.play(rendition=keys.ENHANCED, sdp=H264_ALONE)
    assert house.viewers.counts("cam1") == {keys.variant(keys.ENHANCED, "h264"): 1}


async def test_a_further_rendition_is_read_under_its_own_name(
    house: House, redis_client: Redis
) -> None:
    epoch = await live(redis_client)
    await RenditionRegistry(redis_client).ensure("cam1", "clean", epoch, RenditionSpec(codec="vp8"))
    await house.play(rendition="clean", sdp=H264_ALONE)
    assert house.viewers.counts("cam1") == {keys.variant("clean", "h264"): 1}


async def test_the_number_of_viewers_is_limited_also_while_they_are_answered(
    house: House, redis_client: Redis
) -> None:
    await live(redis_client)
    found = await asyncio.gather(*(house.play() for _ in range(5)), return_exceptions=True)
    refused = [each for each in found if isinstance(each, Full)]
    assert (len(refused), house.viewers.counts("cam1")) == (2, {keys.SOURCE: 3})
    secret = next(each for each in found if isinstance(each, str))
    await house.viewers.end("cam1", secret)
    await house.play()


async def test_viewers_of_one_session_end_with_it(house: House, redis_client: Redis) -> None:
    epoch = await live(redis_client)
    await live(redis_client, "cam2")
    await house.play()
    await house.play("cam2")
    await house.viewers.end_stream("cam1", epoch + 1)
    assert house.viewers.streams() == {"cam1", "cam2"}
    await house.viewers.end_stream("cam1", epoch)
    assert house.viewers.streams() == {"cam2"}


async def test_viewers_of_a_rendition_that_is_over_end(house: House, redis_client: Redis) -> None:
    await live(redis_client)
    await house.play(rendition=keys.ENHANCED, sdp=VIDEO_ALONE)
    await house.play()
    reader = house.readers.newest("cam1", keys.ENHANCED)
    assert reader is not None
    reader.end()
    # Sooner than a peer that never checks is let go.
    await until(lambda: house.viewers.counts("cam1") == {keys.SOURCE: 1}, timeout_s=2.0)


async def test_a_viewer_moves_when_the_leads_codec_is_none_of_its_own(
    house: House, redis_client: Redis
) -> None:
    epoch = await live(redis_client)
    secret = await house.play(rendition=keys.ENHANCED, sdp=H264_ALONE)
    assert house.viewers.counts("cam1") == {keys.ENHANCED: 1}
    house.viewers._refit_soon(secret)  # nothing has changed, so it stays
    await take_lead(redis_client, epoch, output="vp8")
    await asyncio.sleep(0)
    session = house.viewers._sessions[secret]
    await house.viewers._refit(secret, session)
    assert house.viewers.counts("cam1") == {keys.variant(keys.ENHANCED, "h264"): 1}
    assert not session.refits.allow(now=0.0)  # asked for a moment ago


async def test_a_viewer_who_can_decode_nothing_any_more_is_let_go(
    house: House, redis_client: Redis
) -> None:
    epoch = await live(redis_client)
    secret = await house.play(sdp=H264_ALONE)
    await StreamRegistry(redis_client).touch("cam1", epoch, codec="vp9")
    house.viewers._refit_soon(secret)
    await until(lambda: house.viewers.counts("cam1") == {}, timeout_s=2.0)
    house.viewers._refit_soon(secret)  # it left meanwhile


async def test_candidates_and_restarts_go_to_the_viewers_peer(
    house: House, redis_client: Redis
) -> None:
    await live(redis_client)
    secret = await house.play()
    candidate = parse_fragment("a=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n")
    await house.viewers.patch("cam1", secret, IcePatch(candidate, IceTags(secret).current))
    for if_match, error in (("", TagMissing), ('"other"', TagOutdated)):
        with pytest.raises(error):
            await house.viewers.patch("cam1", secret, IcePatch(candidate, if_match))
    half = parse_fragment("a=ice-ufrag:other\r\n")
    with pytest.raises(BadOffer):
        await house.viewers.patch("cam1", secret, IcePatch(half, "*"))
    whole = parse_fragment("a=ice-ufrag:other\r\na=ice-pwd:" + "p" * 22)
    reply = await house.viewers.patch("cam1", secret, IcePatch(whole, "*"))
    assert "a=ice-ufrag:" in reply.fragment
    assert reply.etag not in ("", IceTags(secret).current)
    with pytest.raises(SessionNotFound):
        await house.viewers.patch("cam1", "guess", IcePatch(candidate, "*"))


async def test_layers_are_renditions_that_the_viewer_can_decode(
    house: House, redis_client: Redis
) -> None:
    await live(redis_client)
    secret = await house.play(rendition=keys.ENHANCED, sdp=VIDEO_ALONE)

    async def select(name: str) -> dict[str, int]:
        await house.viewers.ask("cam1", secret, encode_query(SelectLayer(name)))
        return house.viewers.counts("cam1")

    before = house.viewers.counts("cam1")
    assert await select(keys.SOURCE) == {keys.SOURCE: 1}
    assert await select(keys.SOURCE) == {keys.SOURCE: 1}
    assert await select("") == before
    with pytest.raises(RenditionNotFound):
        await select("clean")
    assert house.viewers.counts("cam1") == before
    with pytest.raises(BadRequest):
        await house.viewers.ask("cam1", secret, "{}")
    with pytest.raises(SessionNotFound):
        await house.viewers.ask("cam1", "guess", encode_query(SelectLayer()))


async def test_of_many_selections_two_are_moves_and_the_newest_comes_last(
    house: House, redis_client: Redis
) -> None:
    await live(redis_client)
    secret = await house.play(rendition=keys.ENHANCED, fallback=True)
    (first,) = house.viewers.counts("cam1")
    other = keys.SOURCE if first != keys.SOURCE else keys.ENHANCED
    moved: list[str] = [first]
    for step in range(15):
        query = encode_query(SelectLayer(first if step % 2 else other, media="1"))
        assert await house.viewers.ask("cam1", secret, query) == ""
        (name,) = house.viewers.counts("cam1")
        if name != moved[-1]:
            moved.append(name)
    assert moved == [first, other, first]
    await until(lambda: house.viewers.counts("cam1") == {other: 1})
    with pytest.raises(BadRequest, match="no video of this session"):
        await house.viewers.ask("cam1", secret, encode_query(SelectLayer(first, media="9")))
    assert house.viewers.counts("cam1") == {other: 1}


async def test_sound_alone_has_no_layers(house: House, redis_client: Redis) -> None:
    await live(redis_client)
    secret = await house.play(sdp=SOUND_ALONE)
    with pytest.raises(BadOffer, match="no video"):
        await house.viewers.ask("cam1", secret, encode_query(SelectLayer(keys.SOURCE)))


async def test_closing_takes_nobody_more_and_leaves_no_task(redis_client: Redis) -> None:
    peer_ports.install(ice.IceAddresses(("127.0.0.1",), ()))
    before = asyncio.all_tasks()
    house = House(redis_client)
    await live(redis_client)
    await house.play()
    house.viewers.begin_close()
    with pytest.raises(Full):
        await house.play()
    await house.close()
    assert house.viewers.streams() == set()
    await no_tasks_but(before)
