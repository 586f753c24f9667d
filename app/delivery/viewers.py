"""The viewers of this node: offers in, playback sessions out, and their limits."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import logging
import secrets
import time
from collections.abc import Iterator
from functools import partial

from app.admission import Admission
from app.audience import Watching
from app.delivery.log_choice import LogChoice
from app.delivery.playback_session import PlaybackSession
from app.delivery.quality_levels import AUTO
from app.delivery.rendition_choice import PlayRequest
from app.delivery.rtp_fanout import RtpFanout
from app.delivery.viewer_adapter import (
    PERIOD_S,
    RenditionAccess,
    ViewerAdapter,
    measured_kbps,
)
from app.delivery.viewer_queries import (
    AwaitPicture,
    CloseEvents,
    OpenEvents,
    SelectLayer,
    encode_query,
    parse_query,
)
from app.delivery.viewer_session import ViewerSession
from app.errors import (
    BadOffer,
    Full,
    NobodyPublishes,
    RedisAway,
    RenditionNotFound,
    SessionNotFound,
)
from app.ice.refusals import Refusals
from app.streams.ingest_state import State
from app.streams.readers import RenditionReaders
from app.streams.rendition_reader import RenditionReader
from app.streams.stream_directory import StreamDirectory
from app.task_set import TaskSet
from app.webrtc.ice import UNKNOWN_ROUTE, PeerRoute
from app.webrtc.ice_patch import IcePatch, IceReply, IceTags, patch_ice
from app.webrtc.sdp_offer import Offer, check_play_offer
from app.webrtc.shared_timer import SharedTimer
from app.webrtc.viewer_connection import ViewerConnection, ViewerEvents
from wire import keys
from wire.stream_logger import StreamLogger
from wire.stream_record import StreamRecord

log = logging.getLogger(__name__)


def _logger(stream: str, secret: str) -> StreamLogger:
    return StreamLogger(log, stream=stream, session=secret)


class Viewers:
    """Owns every playback session and viewer's connection of this node."""

    def __init__(
        self,
        directory: StreamDirectory,
        readers: RenditionReaders,
        *,
        max_viewers: int,
        admission: Admission,
        refusals: Refusals,
    ) -> None:
        self._directory = directory
        self._choice = LogChoice(directory)
        self._readers = readers
        self._max_viewers = max_viewers
        self._admission = admission
        self._refusals = refusals
        self._tasks = TaskSet()
        self._timer = SharedTimer()
        self._sessions: dict[str, ViewerSession] = {}
        self._fanouts: dict[RenditionReader, RtpFanout] = {}
        self._joining = 0
        "Offers that are being answered."
        self._closing = False
        self._adapter = ViewerAdapter(
            directory,
            RenditionAccess(self._choice.log, self._fanout, partial(measured_kbps, self._fanouts)),
        )

    async def run(self) -> None:
        """Adapts viewers to their connections until cancelled."""
        while True:
            await asyncio.sleep(PERIOD_S)
            sessions = tuple(self._sessions.values())
            await self._adapter.step(each.adapted for each in sessions if each.adapted is not None)

    @property
    def adaptations(self) -> dict[str, int]:
        """Changes of viewers to another rendition by their connections, by direction."""
        return dict(self._adapter.changes)

    async def play(
        self,
        stream: str,
        sdp: str,
        *,
        rendition: str,
        fallback: bool,
        viewer_name: str = "",
        route: PeerRoute = UNKNOWN_ROUTE,
    ) -> tuple[str, str]:
        """Returns (session secret, SDP answer).

        Raises BadOffer, NobodyPublishes, RenditionNotFound, Full, NoCandidate, RedisAway.
        """
        adapts = rendition == AUTO
        offer = check_play_offer(sdp, measures_path=adapts)
        record = await self._directory.record(stream)
        if record is None or record.state != State.LIVE.value:
            why = record.reason if record is not None else ""
            raise NobodyPublishes(why or f"Nobody publishes {stream} at the moment.")
        if not await self._directory.is_kept(stream):
            raise NobodyPublishes(f"The server that {stream} is published to does not answer.")
        request = None
        if "video" in offer.kinds:
            # Whoever leaves the choice to the connection begins with the best.
            name = keys.ENHANCED if adapts else rendition
            request = PlayRequest(name, fallback, offer.codecs, offer.whole_codecs, adapts)
        # Refuses what cannot be answered before it waits for its turn. The choice is made again
        # behind the queue, since the lead and its codec may be others by then.
        await self._choice.log(record, request)
        self._check_limit()
        async with self._admission.enter(route.key):
            self._check_limit()  # others may have come while this one waited
            secret, answer = await self._join(record, offer, request, fallback, route)
        if (session := self._sessions.get(secret)) is not None:
            session.viewer_name = viewer_name
        return secret, answer

    def _check_limit(self) -> None:
        if self._closing or len(self._sessions) + self._joining >= self._max_viewers:
            raise Full("The server serves as many viewers as it may.")

    async def _join(
        self,
        record: StreamRecord,
        offer: Offer,
        request: PlayRequest | None,
        fallback: bool,
        route: PeerRoute,
    ) -> tuple[str, str]:
        # 144 bits, because whoever knows the session's address may end it.
        secret = secrets.token_urlsafe(18)
        rendition = await self._choice.log(record, request)
        # A publisher without sound may be followed by one with it.
        has_audio = "audio" in offer.kinds
        playback = self._playback(record, rendition, secret, fallback=fallback, has_audio=has_audio)
        peer = self._connection(record, playback, secret)
        self._joining += 1
        try:
            answer = await peer.answer(offer, route=route)
            self._check_still_wanted(record, playback)
        except BaseException:  # cancellation too: readers and sockets must not outlive the offer
            playback.stop()
            await peer.close()
            raise
        finally:
            self._joining -= 1
        self._sessions[secret] = ViewerSession(
            record.id,
            record.epoch,
            playback,
            peer,
            request,
            route.key,
            IceTags(secret),
            offer,
        )
        if peer.end_reason:  # it ended before there was a session to drop
            self._drop(secret, peer.end_reason)
        return secret, answer

    def _check_still_wanted(self, record: StreamRecord, playback: PlaybackSession) -> None:
        if self._closing:
            raise Full("The server stops.")
        if playback.is_over:  # nobody would ever end it
            raise NobodyPublishes(f"{record.id} ended just now.")

    def _playback(
        self, record: StreamRecord, rendition: str, secret: str, *, fallback: bool, has_audio: bool
    ) -> PlaybackSession:
        """Makes a playback, which holds its readers until it is stopped."""
        preferred = self._fanout(record, rendition)
        source = self._fanout(record, keys.SOURCE) if has_audio or fallback else preferred
        return PlaybackSession(
            preferred,
            source,
            fallback=fallback,
            has_audio=has_audio,
            on_unfit=lambda: self._refit_soon(secret),
        )

    def _connection(
        self, record: StreamRecord, playback: PlaybackSession, secret: str
    ) -> ViewerConnection:
        peer = ViewerConnection(
            ViewerEvents(
                on_connected=lambda: playback.start(peer),
                on_key_frame_needed=playback.on_key_frame_needed,
                on_end=lambda reason: self._drop(secret, reason),
            ),
            # The same in every app process, so that renditions share one RTP time line. Multiplying
            # by 2,654,435,761 (a prime near 2^32 divided by the golden ratio) spreads epochs that
            # lie close to each other over all 32 bits.
            rtp_offset=record.epoch * 2_654_435_761 & 0xFFFFFFFF,
            refusals=self._refusals,
            timer=self._timer,
        )
        return peer

    def _fanout(self, record: StreamRecord, rendition: str) -> RtpFanout:
        reader = self._readers.get(record, rendition)
        if reader not in self._fanouts:
            self._fanouts[reader] = RtpFanout(
                reader, on_end=lambda fanout: self._fanout_ended(reader, fanout)
            )
        return self._fanouts[reader]

    def _fanout_ended(self, reader: RenditionReader, fanout: RtpFanout) -> None:
        del self._fanouts[reader]
        # A reader that nobody needs ends too, and then there is no viewer to be told.
        if fanout.is_needed and not self._closing:
            self._tasks.spawn(self._end_over(), "viewers-end")

    def _refit_soon(self, secret: str) -> None:
        """Moves a viewer who lacks the codec of what comes: the source's or the lead's changed."""
        session = self._sessions.get(secret)
        if session is not None and session.refits.allow(now=time.monotonic()):
            self._tasks.spawn(self._refit(secret, session), "viewer-refit")

    async def _refit(self, secret: str, session: ViewerSession) -> None:
        try:
            record = await self._directory.record(session.stream)
            if record is None or record.epoch != session.session:
                return  # its readers find out by themselves
            rendition = await self._choice.log(record, session.request)
        except RedisAway:
            return
        except (BadOffer, RenditionNotFound) as error:
            self._drop(secret, str(error))  # it comes again, and is told
            return
        # The viewer may have left while the records were read.
        if rendition != session.playback.rendition and self._sessions.get(secret) is session:
            _logger(session.stream, secret).info(
                "reads %s from now on", rendition, extra={"action": "refit"}
            )
            session.playback.move(self._fanout(record, rendition))

    async def patch(self, stream: str, secret: str, patch: IcePatch) -> IceReply:
        """Takes further candidates of a viewer. Raises SessionNotFound, BadOffer."""
        session = self._found(stream, secret)
        return await patch_ice(session.peer, session.tags, patch)

    async def ask(self, stream: str, secret: str, query: str) -> str:
        """Answers a query of an extension. Raises SessionNotFound, BadRequest and those of play."""
        session, parsed = self._found(stream, secret), parse_query(query)
        if isinstance(parsed, SelectLayer):
            await self._select(secret, session, parsed)
            return ""
        if isinstance(parsed, AwaitPicture):
            return encode_query(await session.await_picture(parsed))
        if isinstance(parsed, OpenEvents):
            return encode_query(session.events.open(parsed.names))
        if isinstance(parsed, CloseEvents):
            closed = session.events.close(parsed.id)
            session.picture.wake()
            return encode_query(closed)
        return encode_query(session.events.see(parsed.id))

    async def _select(self, secret: str, session: ViewerSession, query: SelectLayer) -> None:
        """Moves a viewer to another rendition, "" to the one that it asked for at first."""
        if session.request is None:
            raise BadOffer("The session has no video.", status=422)
        session.layers.check(query.media)
        rendition = query.rendition
        wanted = dataclasses.replace(session.request, rendition=rendition or session.asked)
        record = await self._directory.record(session.stream)
        if record is None or record.epoch != session.session:
            raise NobodyPublishes(f"Nobody publishes {session.stream} at the moment.")
        chosen = await self._choice.log(record, wanted)
        if self._sessions.get(secret) is not session:
            raise SessionNotFound  # it ended while the records were read
        session.request = wanted
        if rendition:
            session.adapted = None  # a choice by hand stays
        if chosen == session.playback.rendition or session.layers.is_waiting:
            return  # what waits takes the newest request when its time comes
        wait = session.layers.wait_s(now=time.monotonic())
        if wait:
            session.layers.is_waiting = True
            self._tasks.spawn(self._select_later(secret, session, wait), "viewer-select")
            return
        session.layers.note(now=time.monotonic())
        session.playback.move(self._fanout(record, chosen))

    async def _select_later(self, secret: str, session: ViewerSession, wait_s: float) -> None:
        await asyncio.sleep(wait_s)
        session.layers.is_waiting = False
        session.layers.note(now=time.monotonic())
        await self._refit(secret, session)

    async def end(self, stream: str, secret: str) -> None:
        """Ends a viewer's session. Raises SessionNotFound."""
        self._found(stream, secret)
        await self._close_session(secret)

    def _found(self, stream: str, secret: str) -> ViewerSession:
        session = self._sessions.get(secret)
        if session is None or session.stream != stream:
            raise SessionNotFound
        return session

    def _drop(self, secret: str, reason: str) -> None:
        session = self._sessions.get(secret)
        stream = session.stream if session is not None else ""
        _logger(stream, secret).debug("viewer left: %s", reason)
        # Called from the connection's own callbacks, which must not wait for its end.
        if not self._closing:
            self._tasks.spawn(self._close_session(secret), "viewer-close")

    async def _close_session(self, secret: str) -> None:
        session = self._sessions.pop(secret, None)
        if session is not None:
            session.end()
            await session.peer.close()

    async def _end_over(self) -> None:
        """Ends the viewers of what has ended: a stream, or a rendition that was removed."""
        ended = [secret for secret, each in self._sessions.items() if each.playback.is_over]
        await asyncio.gather(*(self._close_session(secret) for secret in ended))

    async def end_stream(self, stream: str, session: int) -> None:
        """Ends all viewers of a stream under one epoch of its publisher."""
        ended = [s for s, v in self._sessions.items() if (v.stream, v.session) == (stream, session)]
        await asyncio.gather(*(self._close_session(secret) for secret in ended))

    def pending(self) -> Iterator[str]:
        """Yields the addresses of those whose connection does not stand yet."""
        return (each.address for each in self._sessions.values() if each.peer.is_pending)

    def counts(self, stream: str) -> dict[str, int]:
        """Returns this node's viewers of a stream, by the rendition they read."""
        sessions = (each for each in self._sessions.values() if each.stream == stream)
        return dict(collections.Counter(each.playback.rendition for each in sessions))

    def watching(self) -> Iterator[Watching]:
        """Yields all sessions; those of a viewer without a name have one of their own."""
        for secret, each in self._sessions.items():
            yield Watching(each.stream, each.playback.rendition, each.viewer_name or secret)

    def streams(self) -> set[str]:
        """Returns the streams that have viewers here."""
        return {session.stream for session in self._sessions.values()}

    def stalls(self) -> int:
        """Returns how often the source stood in for viewers who are present."""
        return sum(session.playback.stalls for session in self._sessions.values())

    def dropped(self) -> dict[str, int]:
        """Returns the units that present viewers did not get, by reason."""
        found = collections.Counter(behind=sum(each.dropped for each in self._fanouts.values()))
        for session in self._sessions.values():
            found.update(session.peer.dropped)
        return dict(+found)

    def begin_close(self) -> None:
        """Takes nobody more, and begins to end all."""
        self._closing = True
        for secret in list(self._sessions):
            self._tasks.spawn(self._close_session(secret), "viewer-close")

    async def close(self, timeout_s: float) -> None:
        """Ends all viewers; gives each ``timeout_s`` to be told."""
        self.begin_close()
        await self._tasks.finish(timeout_s)
        await self._tasks.cancel()
