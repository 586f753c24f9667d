"""Publishers of this app: offers in, ingest sessions out, one connection behind each at a time."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any

from redis.exceptions import RedisError

from app.admission import Admission
from app.errors import AlreadyPublishing, Full, RedisAway, SessionNotFound
from app.ice.refusals import Refusals
from app.streams.ingest_session import IngestSession
from app.streams.ingest_state import State
from app.streams.stream_limits import NO_LIMITS, StreamLimits
from app.webrtc.ice import UNKNOWN_ROUTE, PeerRoute
from app.webrtc.ice_patch import IcePatch, IceReply, IceTags, patch_ice
from app.webrtc.publisher_connection import PublisherConnection, PublisherEvents
from app.webrtc.sdp_offer import Offer, check_publish_offer
from media.access_unit import AccessUnit
from wire.connection import REDIS_DOWN, Redis
from wire.errors import StreamBusy
from wire.stream_logger import StreamLogger, session_name
from wire.stream_record import StreamRegistry

log = logging.getLogger(__name__)

Spawn = Callable[[Coroutine[Any, Any, None], str], "asyncio.Task[None]"]


@dataclasses.dataclass(frozen=True, slots=True)
class PublisherOptions:
    """Settings of publishers."""

    max_streams: int
    start_bitrate_kbps: int
    publisher_timeout_s: float
    publisher_grace_s: float = 10.0


class _Link:
    """One connection's way to the ingest session that it may bring: none, at first and at last."""

    def __init__(self) -> None:
        self.ingest: IngestSession | None = None
        self.end_reason = ""
        "The reason why the connection ended before it brought anything."

    def take(self, unit: AccessUnit) -> None:
        """Hands one unit on."""
        if self.ingest is not None:
            self.ingest.take(unit)

    def take_layer(self, rendition: str, unit: AccessUnit) -> None:
        """Hands one picture of a simulcast layer on."""
        if self.ingest is not None:
            self.ingest.take_layer(rendition, unit)

    def is_layer_wanted(self, rendition: str) -> bool:
        """True while anybody gets the layer."""
        return self.ingest is not None and self.ingest.layers.is_wanted(rendition)

    def max_pixels(self) -> int | None:
        """Returns the size of pictures that workers enhance; None: any."""
        return self.ingest.layers.max_pixels if self.ingest is not None else None

    def lose(self, reason: str) -> None:
        """Ends the link. What comes on the connection yet is not taken: nobody watches over it."""
        self.end_reason = self.end_reason or reason
        ingest, self.ingest = self.ingest, None
        if ingest is not None:
            ingest.lose_connection(reason)

    def fall_silent(self, reason: str) -> None:
        """Notes silence. If something comes before another connection does, the stream goes on."""
        if self.ingest is not None:
            self.ingest.lose_connection(reason)
        else:
            self.end_reason = self.end_reason or reason

    def tell(self, reason: str) -> None:
        """Passes on the reason why no picture comes."""
        if self.ingest is not None:
            self.ingest.tell(reason)

    def ask(self) -> None:
        """Passes on that a key frame is needed."""
        if self.ingest is not None:
            self.ingest.request_key_frame()

    def join(self, ingest: IngestSession) -> None:
        """Gives what the connection brings to the ingest session from now on."""
        self.ingest = ingest
        if self.end_reason:
            self.lose(self.end_reason)

    def cut(self) -> None:
        """Unlinks the connection: another one took its place."""
        self.ingest = None


@dataclasses.dataclass(slots=True)
class _Session:
    ingest: IngestSession
    peer: PublisherConnection
    link: _Link
    secret: str
    address: str
    "Address of who posted the offer, for limits."
    tags: IceTags


class Publishers:
    """The publishers of this app. ``ended`` is told stream and epoch of each that ended."""

    def __init__(
        self,
        client: Redis,
        options: PublisherOptions,
        *,
        refusals: Refusals,
        admission: Admission,
        spawn: Spawn,
        ended: Callable[[str, int], Awaitable[None]],
    ) -> None:
        self._client = client
        self._options = options
        self._registry = StreamRegistry(client)
        self._refusals = refusals
        self._admission = admission
        self._spawn = spawn
        self._ended = ended
        self._sessions: dict[str, _Session] = {}
        self._reserved: dict[str, str] = {}  # holders of limits by streams that are being answered
        self._closing = False

    async def publish(
        self,
        stream: str,
        sdp: str,
        *,
        takeover: bool = True,
        route: PeerRoute = UNKNOWN_ROUTE,
        limits: StreamLimits = NO_LIMITS,
        prepare: Callable[[], Awaitable[None]] | None = None,
    ) -> tuple[str, str]:
        """Returns (session secret, SDP answer). ``prepare`` is called behind the answer, before
        there is a stream; what it raises refuses the publisher.

        Raises BadOffer, AlreadyPublishing, Full, KeyUsed, NoCandidate, RedisAway. Whoever may
        publish takes a stream over from the connection that brings it, unless ``takeover`` is false
        and that connection stands.
        """
        if self._closing:
            raise Full("The server stops.")
        present = self._sessions.get(stream)
        stands = present is not None and present.ingest.state is not State.AWAY
        if stream in self._reserved or (stands and not takeover):
            raise AlreadyPublishing(f"{stream} already has a publisher.")
        # A stream that is taken over needs no further place.
        taken = len(self._sessions.keys() | self._reserved.keys() | {stream})
        if taken > self._options.max_streams:
            raise Full("The server carries as many streams as it may.")
        await self._check_streams(stream, limits)
        # After the limits: whoever asks without an offer learns why one is refused (409).
        offer = check_publish_offer(sdp)
        # The answer takes its time. Meanwhile a second offer for the same name must be refused, or
        # both would get the stream.
        self._reserved[stream] = limits.key
        try:
            async with self._admission.enter(route.key):
                return await self._publish(stream, offer, takeover, route, limits, prepare)
        finally:
            self._reserved.pop(stream, None)

    async def _check_streams(self, stream: str, limits: StreamLimits) -> None:
        """Raises KeyUsed where the holder has as many other streams as it may, on all nodes."""
        if not limits.streams:
            return
        try:
            records = await self._registry.list()
        except (*REDIS_DOWN, RedisError) as error:
            raise RedisAway from error
        held = [*((record.id, record.key) for record in records), *self._reserved.items()]
        limits.check_streams({name for name, key in held if key == limits.key and name != stream})

    def pending(self) -> Iterator[str]:
        """Returns the addresses of those whose connection does not stand yet."""
        return (each.address for each in self._sessions.values() if each.peer.is_pending)

    async def _publish(
        self,
        stream: str,
        offer: Offer,
        takeover: bool,
        route: PeerRoute,
        limits: StreamLimits,
        prepare: Callable[[], Awaitable[None]] | None,
    ) -> tuple[str, str]:
        link, has_audio = _Link(), "audio" in offer.kinds
        peer = self._connection(link)
        async with contextlib.AsyncExitStack() as undo:
            undo.push_async_callback(peer.close)  # sockets must not outlive a refused publisher
            start = self._options.start_bitrate_kbps
            answer = await peer.answer(offer, start_kbps=start, max_kbps=limits.kbps, route=route)
            if prepare is not None:
                await prepare()
            # Read again behind the wait: the session of before may have ended.
            present = self._sessions.get(stream)
            if present is not None and present.ingest.state is State.ENDED:
                present = None
            if present is None:
                epoch = await self._create(stream, has_audio, takeover, limits)
            if self._closing:
                raise Full("The server stops.")  # the record expires
            # From here on the session closes the connection.
            undo.pop_all()
        secret = secrets.token_urlsafe(18)
        if present is not None:
            self._replace(present, peer, link, secret, has_audio)
            present.address, present.ingest.limits = route.key, limits
            return secret, answer
        ingest = self._session(stream, epoch, peer, has_audio)
        ingest.limits = limits
        # The connection may be over already, which ``join`` tells the session.
        link.join(ingest)
        self._sessions[stream] = _Session(ingest, peer, link, secret, route.key, IceTags(secret))
        self._spawn(self._run(stream), f"ingest {stream}")
        _logger(ingest).info("publisher accepted", extra={"action": "publish"})
        return secret, answer

    def _session(
        self, stream: str, epoch: int, peer: PublisherConnection, has_audio: bool
    ) -> IngestSession:
        found = IngestSession(
            self._client,
            stream,
            epoch,
            has_audio=has_audio,
            on_key_frame_needed=peer.request_key_frame,
            grace_s=self._options.publisher_grace_s,
        )
        found.layers.connect(peer.request_key_frame)
        return found

    def _connection(self, link: _Link) -> PublisherConnection:
        peer = PublisherConnection(
            PublisherEvents(
                on_unit=link.take,
                on_end=lambda reason: self._lose(link, peer, reason),
                on_silence=link.fall_silent,
                on_reason=link.tell,
                on_key_frame_needed=link.ask,
                on_layer_unit=link.take_layer,
                is_layer_wanted=link.is_layer_wanted,
                max_pixels=link.max_pixels,
            ),
            timeout_s=self._options.publisher_timeout_s,
            refusals=self._refusals,
        )
        return peer

    async def _create(
        self, stream: str, has_audio: bool, takeover: bool, limits: StreamLimits
    ) -> int:
        """Makes the record; another app that has the stream loses it to a ``takeover``. Returns the
        publisher's new epoch.

        Raises AlreadyPublishing or RedisAway.
        """
        try:
            return await self._registry.create(
                stream,
                over=takeover,
                state=State.CONNECTING.value,
                audio=has_audio,
                key=limits.key,
                max_viewers=limits.viewers,
            )
        except StreamBusy as error:
            raise AlreadyPublishing(f"{stream} already has a publisher.") from error
        except (*REDIS_DOWN, RedisError) as error:
            raise RedisAway from error

    def _replace(
        self,
        present: _Session,
        peer: PublisherConnection,
        link: _Link,
        secret: str,
        has_audio: bool,
    ) -> None:
        """Continues the stream with another connection; its viewers stay."""
        stream, before = present.ingest.stream, present.peer
        # Cut first, so that nothing of the old connection comes behind what the new one begins
        # with.
        present.link.cut()
        present.ingest.replace_connection(
            has_audio=has_audio, on_key_frame_needed=peer.request_key_frame
        )
        present.ingest.layers.connect(peer.request_key_frame)
        present.peer, present.link, present.secret = peer, link, secret
        present.tags = IceTags(secret)
        link.join(present.ingest)
        # Closing waits for the other side, which may be gone; the new publisher must not wait.
        self._spawn(before.close(), f"publisher-close {stream}")
        _logger(present.ingest).info("publisher taken over", extra={"action": "takeover"})

    def _lose(self, link: _Link, peer: PublisherConnection, reason: str) -> None:
        """Closes a connection that ended by itself, so that its publisher knows, and comes again.

        One that is still being answered is closed by whoever answers it.
        """
        ingest = link.ingest
        link.lose(reason)
        if ingest is not None and not self._closing:
            self._spawn(peer.close(), f"publisher-close {ingest.stream}")

    async def _run(self, stream: str) -> None:
        session = self._sessions[stream]
        try:
            await session.ingest.run()
        finally:
            reason = session.ingest.end_reason or "the server stops"
            _logger(session.ingest).info("ended: %s", reason, extra={"action": "end"})
            session.link.cut()
            await session.peer.close()
            # Another session may have the name by now.
            if self._sessions.get(stream) is session:
                del self._sessions[stream]
            await self._ended(stream, session.ingest.epoch)

    async def end(self, stream: str, secret: str) -> None:
        """Ends a publisher's session. Raises SessionNotFound."""
        session = self._found(stream, secret)
        if session.ingest.end_reason:
            raise SessionNotFound  # it is ending already
        session.ingest.end("the publisher ended it")

    async def patch(self, stream: str, secret: str, patch: IcePatch) -> IceReply:
        """Changes the ICE session of a publisher.

        Raises SessionNotFound, BadOffer, TagMissing, TagOutdated.
        """
        session = self._found(stream, secret)
        return await patch_ice(session.peer, session.tags, patch)

    async def ask(self, stream: str, secret: str, query: str) -> str:
        """Answers a query of an extension: WHIP has none. Raises SessionNotFound."""
        raise SessionNotFound

    def _found(self, stream: str, secret: str) -> _Session:
        session = self._sessions.get(stream)
        if session is None or not _is_same(session.secret, secret):
            raise SessionNotFound
        return session

    def ingest_sessions(self) -> list[IngestSession]:
        """Returns all ingest sessions of this app."""
        return [session.ingest for session in self._sessions.values()]

    def ingest_session(self, stream: str) -> IngestSession | None:
        """Returns the ingest session, if this node holds it."""
        session = self._sessions.get(stream)
        return session.ingest if session else None

    def packets(self, stream: str) -> dict[str, int]:
        """Returns the publisher's packets that became part of no unit, by reason, if it is here."""
        session = self._sessions.get(stream)
        return session.peer.packets if session else {}

    def refused(self, stream: str) -> dict[str, int]:
        """Returns the publisher's pictures that were not taken, by reason."""
        session = self._sessions.get(stream)
        return session.peer.refused if session else {}

    def layer(self, stream: str) -> str:
        """Returns the simulcast layer of the publisher that is taken, "" if it sends none."""
        session = self._sessions.get(stream)
        return session.peer.layer if session else ""

    def close(self) -> None:
        """Takes nobody more, and ends all."""
        self._closing = True
        for session in list(self._sessions.values()):
            session.ingest.end("the server stops")


def _is_same(expected: str, given: str) -> bool:
    """Compares in constant time."""
    return secrets.compare_digest(expected.encode(), given.encode())


def _logger(session: IngestSession) -> StreamLogger:
    return StreamLogger(log, stream=session.stream, session=session_name(session.epoch))
