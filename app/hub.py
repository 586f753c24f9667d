"""All publications, tails and viewers of this app process, and their limits."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import secrets
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from app.admission import Admission
from app.delivery.playback_session import PlaybackSession
from app.delivery.rendition_choice import Coding, Wish, choose
from app.errors import (
    BadOffer,
    Full,
    NobodyPublishes,
    RedisAway,
    SessionNotFound,
    StreamNotFound,
)
from app.streams.ingest_session import IngestSession
from app.streams.ingest_state import State
from app.streams.publishers import HubOptions, Publishers
from app.streams.readers import RenditionReaders
from app.streams.rendition_reader import RenditionReader
from app.streams.throttle import Throttle
from app.webrtc.ice import UNKNOWN_ROUTE, Route
from app.webrtc.packet_gate import Refusals
from app.webrtc.publisher_connection import PublisherConnection
from app.webrtc.sdp_offer import Offer, check_play_offer
from app.webrtc.trickle import Fragment
from app.webrtc.viewer_connection import ViewerConnection, ViewerEvents
from wire import keys
from wire.connection import REDIS_DOWN, Redis
from wire.control import EndStream, RecordChanged, to_lead, to_publisher
from wire.errors import BadMessage, StreamBusy, StreamGone
from wire.stream_logger import StreamLogger
from wire.streams import StreamRecord, StreamRegistry

log = logging.getLogger(__name__)

_REFIT_S = 0.5
"""How often another rendition is looked for, for a viewer who lacks the codec of what comes."""


def _logger(stream: str, secret: str) -> StreamLogger:
    return StreamLogger(log, stream=stream, session=secret)


def _chosen(record: StreamRecord, wish: Wish | None) -> str:
    """The rendition to read. Raises BadOffer."""
    if wish is None:
        return keys.SOURCE  # sound alone, which the source has
    return choose(wish, Coding(source=record.codec, output=record.output))


@dataclasses.dataclass(slots=True)
class _ViewerSession:
    stream: str
    session: int
    "The publisher's."
    viewing: PlaybackSession
    peer: ViewerConnection
    wish: Wish | None
    "None: it watches no video."
    refits: Throttle
    address: str
    "Of who posted the offer, for limits."


class StreamHub:
    """Owner of every task and connection that belongs to a stream on this app."""

    def __init__(self, client: Redis, options: HubOptions) -> None:
        self._client = client
        self._options = options
        self._registry = StreamRegistry(client)
        self.refusals = Refusals()
        """Packets of any peer that were not taken, by reason."""
        self.admission = Admission(self._pending)
        self._publishing = Publishers(
            client,
            options,
            refusals=self.refusals,
            admission=self.admission,
            spawn=self._spawn,
            ended=self._end_viewers,
        )
        self._viewers: dict[str, _ViewerSession] = {}
        self._joining: list[PlaybackSession] = []
        "Of viewers whose offers are being answered."
        self._tails = RenditionReaders(
            client,
            spawn=self._spawn,
            record=self.record,
            publication=self.publication,
            is_read=self._is_read,
            ended=self._end_viewers,
            observe=self._observe,
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self.observe_latency: Callable[[str, float], None] | None = None
        """Called with the rendition and the added latency in s of every unit delivered."""

    # Publishing.

    async def publish(
        self, stream: str, sdp: str, *, takeover: bool = True, route: Route = UNKNOWN_ROUTE
    ) -> tuple[str, str]:
        """(session secret, SDP answer).

        Raises BadOffer, AlreadyPublishing, Full, NoCandidate, RedisAway.
        Whoever may publish takes a stream over from the connection that brings it, unless
        ``takeover`` is false and that connection stands.
        """
        if self._closing:
            raise Full("The server stops.")
        return await self._publishing.publish(stream, sdp, takeover=takeover, route=route)

    async def unpublish(self, stream: str, secret: str) -> None:
        """Ends a publisher's session. Raises SessionNotFound."""
        self._publishing.unpublish(stream, secret)

    async def trickle(
        self, stream: str, secret: str, fragment: Fragment, *, publishes: bool
    ) -> None:
        """Further candidates of a publisher or a viewer. Raises SessionNotFound, BadOffer."""
        peer: PublisherConnection | ViewerConnection | None = None
        if publishes:
            peer = self._publishing.peer(stream, secret)
        else:
            viewer = self._viewers.get(secret)
            peer = viewer.peer if viewer is not None and viewer.stream == stream else None
        if peer is None:
            raise SessionNotFound
        await peer.trickle(fragment)

    # Watching.

    async def play(
        self, stream: str, sdp: str, *, rendition: str, fallback: bool, route: Route = UNKNOWN_ROUTE
    ) -> tuple[str, str]:
        """(session secret, SDP answer).

        Raises BadOffer, NobodyPublishes, Full, NoCandidate, RedisAway.
        """
        offer = check_play_offer(sdp)
        record = await self.record(stream)
        if record is None or record.state != State.LIVE.value:
            why = record.reason if record is not None else ""
            raise NobodyPublishes(why or f"Nobody publishes {stream} at the moment.")
        if not await self._is_kept(stream):
            raise NobodyPublishes(f"The server that {stream} is published to does not answer.")
        wish = None
        if "video" in offer.kinds:
            wish = Wish(rendition=rendition, fallback=fallback, codecs=offer.codecs)
        _chosen(record, wish)
        self._check_room()
        async with self.admission.enter(route.key):
            self._check_room()  # others may have come while this one waited
            return await self._join(record, offer, wish, fallback, route)

    def _check_room(self) -> None:
        if self._closing or len(self._viewers) + len(self._joining) >= self._options.max_viewers:
            raise Full("The server serves as many viewers as it may.")

    def _pending(self) -> Iterator[str]:
        """The addresses of all whose connection does not stand yet."""
        yield from self._publishing.pending()
        yield from (each.address for each in self._viewers.values() if each.peer.is_pending)

    async def _join(
        self, record: StreamRecord, offer: Offer, wish: Wish | None, fallback: bool, route: Route
    ) -> tuple[str, str]:
        secret = secrets.token_urlsafe(18)
        # A publisher without sound may be followed by one with it.
        has_audio = "audio" in offer.kinds
        tail = self._tails.get(record, _chosen(record, wish))
        source = self._tails.get(record, keys.SOURCE) if has_audio or fallback else tail
        viewing = PlaybackSession(
            tail,
            source,
            fallback=fallback,
            has_audio=has_audio,
            on_unfit=lambda: self._refit_soon(secret),
        )
        peer = ViewerConnection(
            ViewerEvents(
                on_connected=lambda: viewing.start(peer),
                on_key_frame_needed=viewing.on_key_frame_needed,
                on_end=lambda reason: self._drop_viewer(secret, reason),
            ),
            # The same in every app process, so that renditions share one RTP time line.
            rtp_offset=record.session * 2_654_435_761 & 0xFFFFFFFF,
            refusals=self.refusals,
        )
        self._joining.append(viewing)
        try:
            answer = await peer.answer(offer, route=route)
        finally:
            self._joining.remove(viewing)
        if self._closing:
            await peer.close()
            raise Full("The server stops.")
        if not {tail, source} <= set(self._tails.all()):
            await peer.close()  # nobody would ever end it
            raise NobodyPublishes(f"{record.id} ended just now.")
        self._viewers[secret] = _ViewerSession(
            record.id, record.session, viewing, peer, wish, Throttle(_REFIT_S), route.key
        )
        if peer.end_reason:  # it ended before there was a session to drop
            self._drop_viewer(secret, peer.end_reason)
        return secret, answer

    def _refit_soon(self, secret: str) -> None:
        """What comes has a codec that the viewer has not: the source's or the lead's changed."""
        session = self._viewers.get(secret)
        if session is not None and session.refits.allow(now=time.monotonic()):
            self._spawn(self._refit(secret, session), "viewer-refit")

    async def _refit(self, secret: str, session: _ViewerSession) -> None:
        try:
            record = await self.record(session.stream)
            if record is None or record.session != session.session:
                return  # its tails find out by themselves
            rendition = _chosen(record, session.wish)
        except RedisAway:
            return
        except BadOffer as error:
            self._drop_viewer(secret, str(error))  # it comes again, and is told
            return
        if rendition != session.viewing.rendition and self._viewers.get(secret) is session:
            _logger(session.stream, secret).info(
                "reads %s from now on", rendition, extra={"action": "refit"}
            )
            session.viewing.move(self._tails.get(record, rendition))

    async def stop_playing(self, stream: str, secret: str) -> None:
        """Ends a viewer's session. Raises SessionNotFound."""
        session = self._viewers.get(secret)
        if session is None or session.stream != stream:
            raise SessionNotFound
        await self._close_viewer(secret)

    def _drop_viewer(self, secret: str, reason: str) -> None:
        session = self._viewers.get(secret)
        stream = session.stream if session is not None else ""
        _logger(stream, secret).debug("viewer left: %s", reason)
        if not self._closing:
            self._spawn(self._close_viewer(secret), "viewer-close")

    async def _close_viewer(self, secret: str) -> None:
        session = self._viewers.pop(secret, None)
        if session is not None:
            session.viewing.stop()
            await session.peer.close()

    async def _end_viewers(self, stream: str, session: int) -> None:
        ended = [s for s, v in self._viewers.items() if (v.stream, v.session) == (stream, session)]
        await asyncio.gather(*(self._close_viewer(secret) for secret in ended))

    def _is_read(self, tail: RenditionReader) -> bool:
        """True if a viewer who is there, or is joining, needs what the tail reads."""
        present = (session.viewing for session in self._viewers.values())
        return any(viewing.reads(tail) for viewing in (*present, *self._joining))

    async def _is_kept(self, stream: str) -> bool:
        """False for a record whose app died: its log would show what is over."""
        if self._publishing.publication(stream) is not None:
            return True
        try:
            return await self._registry.is_kept(stream)
        except REDIS_DOWN as error:
            raise RedisAway from error

    # The operator's wishes, and what is there.

    async def record(self, stream: str) -> StreamRecord | None:
        """A stream's record, None if it is not live. Raises RedisAway."""
        try:
            return await self._registry.get(stream)
        except (StreamGone, BadMessage):
            return None  # a record that nobody can read is as good as none
        except REDIS_DOWN as error:
            raise RedisAway from error

    async def records(self) -> list[StreamRecord]:
        """All records. Raises RedisAway."""
        try:
            return await self._registry.list()
        except REDIS_DOWN as error:
            raise RedisAway from error

    async def change(
        self, stream: str, *, enhance: bool | None, model: str | None, strength: float | None = None
    ) -> None:
        """Switches enhancement, chooses the net, or its look. Raises StreamNotFound, RedisAway."""
        record = await self.record(stream)
        if record is None:
            raise StreamNotFound(f"{stream} is not live.")
        wish: dict[str, Any] = {}
        if enhance is not None:
            wish["enhance"] = enhance
        if enhance:
            wish |= {"strikes": 0, "struck": 0, "struck_us": 0}  # who asks for it pardons it
        if model is not None:
            wish["model"] = model
        if strength is not None:
            wish["strength"] = strength
        try:
            if wish:
                await self._registry.set_wish(stream, record.session, **wish)
            await to_lead(self._client, stream).send(RecordChanged())
        except (StreamGone, StreamBusy) as error:
            raise StreamNotFound(f"{stream} is not live.") from error
        except REDIS_DOWN as error:
            raise RedisAway from error

    async def end(self, stream: str) -> None:
        """An operator ends a stream. Raises StreamNotFound, RedisAway."""
        own = self._publishing.publication(stream)
        if own is not None:
            own.end("an operator ended the stream")
            return
        record = await self.record(stream)
        if record is None:
            raise StreamNotFound(f"{stream} is not live.")
        try:
            # Its app reads the wish if it misses the message; if it is gone the record expires.
            await self._registry.set_wish(stream, record.session, ending=True)
            await to_publisher(self._client, stream).send(EndStream())
        except (StreamGone, StreamBusy) as error:
            raise StreamNotFound(f"{stream} is not live.") from error
        except REDIS_DOWN as error:
            raise RedisAway from error

    def publication(self, stream: str) -> IngestSession | None:
        """The publication, if this app holds it."""
        return self._publishing.publication(stream)

    def packets(self, stream: str) -> dict[str, int]:
        """The publisher's packets that became part of no unit, by reason, if it is here."""
        return self._publishing.packets(stream)

    def refused(self, stream: str) -> dict[str, int]:
        """Pictures of the publisher that were not taken, by reason."""
        return self._publishing.refused(stream)

    def layer(self, stream: str) -> str:
        """The publisher's simulcast layer that is taken, if it is here and sends several."""
        return self._publishing.layer(stream)

    def tail(self, stream: str, rendition: str) -> RenditionReader | None:
        """The tail reader, while there is one."""
        return self._tails.newest(stream, rendition)

    def publications(self) -> list[IngestSession]:
        """All publications that this app holds."""
        return self._publishing.publications()

    def tails(self) -> list[RenditionReader]:
        """All tail readers of this app."""
        return self._tails.all()

    def _observe(self, rendition: str, seconds: float) -> None:
        if self.observe_latency is not None:
            self.observe_latency(rendition, seconds)

    def viewer_stalls(self) -> int:
        """How often the source stood in for viewers who are present."""
        return sum(session.viewing.stalls for session in self._viewers.values())

    def viewers(self, stream: str) -> dict[str, int]:
        """This app's viewers of a stream, by the rendition they read."""
        counts: dict[str, int] = {}
        for session in self._viewers.values():
            if session.stream == stream:
                name = session.viewing.rendition
                counts[name] = counts.get(name, 0) + 1
        return counts

    def viewer_drops(self) -> dict[str, int]:
        """Units that present viewers did not get, by reason."""
        found: dict[str, int] = {}
        for session in self._viewers.values():
            for reason, count in session.peer.dropped.items():
                found[reason] = found.get(reason, 0) + count
        return found

    async def close(self) -> None:
        """Ends everything: publishers, viewers, tails; calling it twice is harmless."""
        self._closing = True
        self._publishing.close()
        for secret in list(self._viewers):
            self._spawn(self._close_viewer(secret), "viewer-close")
        ending = [t for t in self._tasks if t.get_name().startswith(("publi", "viewer"))]
        if ending:
            await asyncio.wait(ending, timeout=2.5)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)
        return task

    def _task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error(
                "task %s died",
                task.get_name(),
                exc_info=task.exception(),
                extra={"action": "task_failed"},
            )
