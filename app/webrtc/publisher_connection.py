"""A publisher's connection: SDP offer in, access units out."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import functools
import time
from collections.abc import Callable, Sequence

from app.ice.refusals import Refusals
from app.rtp.capture_clock import CaptureClock
from app.rtp.jitter_buffer import CodedUnit
from app.rtp.liveness import Liveness
from app.rtp.media_timeline import MediaTimeline
from app.rtp.video_intake import Taken
from app.webrtc.ice import UNKNOWN_ROUTE, PeerRoute
from app.webrtc.peer import CONNECT_S, Peer
from app.webrtc.peer_state import PeerState
from app.webrtc.picture_intake import PictureIntake
from app.webrtc.publisher_layers import LayerEvents, PublisherLayers
from app.webrtc.publisher_state import PUBLISHER, PublisherEvent, PublisherState
from app.webrtc.rtp_receiver import LayerCallbacks, ReceiverEvents, RtpReceiver
from app.webrtc.sdp_answer import SendRates
from app.webrtc.sdp_offer import Offer
from app.webrtc.transport_reporter import TransportReporter
from app.webrtc.trickle import SdpFragment
from media.access_unit import AccessUnit, Checkpoint, Flags, Kind
from media.codec import CodecDescriptor
from wire.state_machine import StateMachine

# Seconds between judgements: a third of PAUSED_S, the shortest time that is judged.
_CHECK_S = 0.5

PAUSED = "The publisher sends no pictures at the moment."
_CLOCK_RATES = {"video": 90_000, "audio": 48_000}


def _ignore(_: str = "") -> None:
    """Does nothing: an event that nobody waits for."""


@dataclasses.dataclass(frozen=True, slots=True)
class PublisherEvents:
    """Callbacks of a publisher's connection, called on the event loop."""

    on_unit: Callable[[AccessUnit], None]
    on_end: Callable[[str], None]
    "The connection is over. Called once, with the reason as a sentence."
    on_silence: Callable[[str], None] | None = None
    """It gives no sign of life, and may again; called each time. None: it is over then."""
    on_reason: Callable[[str], None] = _ignore
    "Called with the reason why viewers get no picture each time it changes; empty: they do."
    on_key_frame_needed: Callable[[], None] = _ignore
    "Pictures are refused until a key frame comes."
    on_layer_unit: Callable[[str, AccessUnit], None] = lambda _, __: None
    "(rendition, picture) of a simulcast layer, also of the one that is the source."
    is_layer_wanted: Callable[[str], bool] = lambda _: False
    "Tells whether anybody gets a layer, by rendition."
    max_pixels: Callable[[], int | None] = lambda: None
    "Tells the size that workers enhance in time: a larger layer is not made the source."


class PublisherConnection:
    """One WHIP publisher. Tells when it gives no sign of life for ``timeout_s``."""

    def __init__(
        self, events: PublisherEvents, *, timeout_s: float, refusals: Refusals | None = None
    ) -> None:
        self._events = events
        self._peer = Peer(
            self._state_changed, refusals, media_is_consent=True, on_check=self._take_sign
        )
        self._clock = CaptureClock()
        self._timelines = {kind: MediaTimeline(rate) for kind, rate in _CLOCK_RATES.items()}
        self._intake: PictureIntake | None = None
        self._layers: PublisherLayers | None = None
        "None without simulcast; then there is an intake, and the other way round."
        self._receivers: dict[str, RtpReceiver] = {}
        self._reporter: TransportReporter | None = None
        self._sequences = {Kind.VIDEO: 0, Kind.AUDIO: 0}
        self._liveness = Liveness(connect_s=CONNECT_S, timeout_s=timeout_s, now=time.monotonic())
        self._reason = ""
        self._life = StateMachine(PUBLISHER, owner="publisher's connection")
        self._watch: asyncio.Task[None] | None = None

    @property
    def layer(self) -> str:
        """The simulcast layer that is taken, by its restriction identifier; else ""."""
        return self._layers.choice.name if self._layers else ""

    @property
    def packets(self) -> dict[str, int]:
        """Packets that became part of no unit, by reason."""
        found = collections.Counter(self._peer.refused)
        for receiver in self._receivers.values():
            found.update(receiver.unusable_packets)
        return dict(+found)

    @property
    def refused(self) -> dict[str, int]:
        """Pictures that were not taken, by reason."""
        video = self._layers or self._intake
        return video.refused if video else {}

    async def answer(
        self,
        offer: Offer,
        *,
        start_kbps: int,
        max_kbps: int = 0,
        route: PeerRoute = UNKNOWN_ROUTE,
    ) -> str:
        """Returns the SDP answer. Raises BadOffer or NoCandidate.

        ``max_kbps`` is the most that the publisher is asked to send of video; 0: no limit.
        """
        if "video" in offer.kinds:
            self._begin_video(offer)
        self._reporter = TransportReporter(self._peer.transport.send_control)
        for kind in offer.kinds:
            receiver = RtpReceiver(
                kind,
                self._peer.transport,
                ReceiverEvents(
                    on_unit=functools.partial(self._take, kind),
                    on_report=functools.partial(self._take_report, kind),
                    on_end=self._end,
                    on_sign=self._take_sign,
                ),
                layers=self._layer_callbacks() if kind == "video" else None,
                reporter=self._reporter,
                max_bps=max_kbps * 1000,
            )
            self._receivers[kind] = receiver
            self._clock.add_track(kind, _CLOCK_RATES[kind])
            self._peer.add_track(kind, receiver)
        rates = SendRates(start_kbps, max_kbps)
        sdp = await self._peer.answer(offer, rates=rates, route=route)
        # The time to connect begins with the answer, however long it took to make it.
        self._take_sign()
        self._watch = asyncio.get_running_loop().create_task(
            self._run_watch(), name="publisher-watch"
        )
        return sdp

    def _begin_video(self, offer: Offer) -> None:
        if not offer.has_layers:
            self._intake = PictureIntake(
                offer.formats,
                on_pictures=self._put_out_pictures,
                on_key_frame_needed=self._events.on_key_frame_needed,
            )
            return
        self._layers = PublisherLayers(
            offer.rids,
            offer.formats,
            LayerEvents(
                on_source=functools.partial(self._put_out, "video"),
                on_layer=self._events.on_layer_unit,
                ask=lambda rid: self._receivers["video"].request_key_frame(rid),
                on_key_frame=lambda rid: self._receivers["video"].take_key_frame(rid),
                is_wanted=self._events.is_layer_wanted,
            ),
        )

    def _layer_callbacks(self) -> LayerCallbacks | None:
        if self._layers is None:
            return None
        return LayerCallbacks(
            on_unit=self._take_layer,
            on_report=self._take_layer_report,
            is_wanted=self._layers.is_wanted,
        )

    def request_key_frame(self, rendition: str = "") -> None:
        """Asks the publisher for a key frame, of the source or of a layer, at most twice a second
        of each.
        """
        if self._layers is not None:
            self._layers.request_key_frame(rendition)
        elif "video" in self._receivers:
            self._receivers["video"].request_key_frame()

    @property
    def is_pending(self) -> bool:
        """True while the connection does not stand yet."""
        return self._peer.is_pending and not self._is_over

    @property
    def _is_over(self) -> bool:
        return self._life.state is PublisherState.ENDED

    async def trickle(self, fragment: SdpFragment) -> None:
        """Takes further candidates. Raises BadOffer (422) for a restart of ICE."""
        self._peer.trickle(fragment)

    def is_restart(self, fragment: SdpFragment) -> bool:
        """True if a PATCH asks for a restart of ICE."""
        return self._peer.is_restart(fragment)

    def restart(self, fragment: SdpFragment) -> str:
        """Begins a restart of ICE and returns the answer's fragment: see ``Peer.restart``."""
        return self._peer.restart(fragment)

    async def close(self) -> None:
        """Ends the connection; ``on_end`` is not called any more."""
        self._life.apply_if_accepted(PublisherEvent.END)
        for video in (self._intake, self._layers):
            if video is not None:
                video.stop()
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        if self._reporter is not None:
            self._reporter.stop()
        await self._peer.close()

    def _take_report(self, kind: str, ntp: int, rtp: int) -> None:
        self._clock.on_report(kind, ntp=ntp, rtp=rtp)

    def _take_sign(self) -> None:
        self._liveness.on_sign(now=time.monotonic())

    def _take_layer_report(self, rid: str, ntp: int, rtp: int) -> None:
        if self._layers is not None:
            self._layers.take_report(rid, ntp=ntp, rtp=rtp)
            if rid == self._layers.choice.name:
                self._take_report("video", ntp, rtp)

    def _take(self, kind: str, codec: CodecDescriptor, clock_rate: int, coded: CodedUnit) -> None:
        now = time.monotonic()
        self._liveness.on_media(is_picture=kind == "video", now=now)
        if kind == "audio":
            self._put_out(kind, codec, clock_rate, Taken(coded, coded.data, Flags.KEY, 0, 0))
        elif self._intake is not None:
            self._intake.take(codec, clock_rate, coded)
            self._tell_reason(now)

    def _take_layer(
        self, rid: str, codec: CodecDescriptor, clock_rate: int, coded: CodedUnit
    ) -> None:
        now = time.monotonic()
        self._liveness.on_media(is_picture=True, now=now)
        if self._layers is not None:
            self._layers.take(rid, codec, clock_rate, coded)
            self._tell_reason(now)

    def _put_out_pictures(
        self, codec: CodecDescriptor, clock_rate: int, pictures: Sequence[Taken]
    ) -> None:
        for picture in pictures:
            # A key frame that was refused fulfils no request: it helps nobody.
            if picture.flags & Flags.KEY:
                self._receivers["video"].take_key_frame()
            self._put_out("video", codec, clock_rate, picture)

    def _put_out(self, kind: str, codec: CodecDescriptor, clock_rate: int, taken: Taken) -> None:
        coded, timeline = taken.coded, self._timelines[kind]
        jumps = timeline.jumps
        pts = timeline.at(coded.pts, arrival_us=coded.first_arrival_us)
        # The reports that are known pair RTP times of before the jump.
        if timeline.jumps > jumps:
            self._clock.restart(kind)
        # Sender reports speak of RTP times as they were sent, not of the shifted media time.
        capture_us = self._clock.capture_us(kind, pts=coded.pts, arrival_us=coded.first_arrival_us)
        which = Kind.AUDIO if kind == "audio" else Kind.VIDEO
        sequence = self._sequences[which]
        self._sequences[which] = sequence + 1
        self._events.on_unit(
            AccessUnit(
                kind=which,
                codec=codec.codec,
                flags=taken.flags,
                sequence=sequence,
                pts=pts,
                clock_rate=clock_rate,
                capture_us=capture_us,
                arrival_us=coded.first_arrival_us,
                payload=taken.payload,
                width=taken.width,
                height=taken.height,
                stamps=((Checkpoint.ARRIVED, coded.last_arrival_us),),
            )
        )

    def _tell_reason(self, now: float) -> None:
        video = self._layers or self._intake
        reason = video.reason(now=now) if video else ""
        if not reason and self._liveness.is_paused(now=now):
            reason = PAUSED
        if reason != self._reason:
            self._reason = reason
            self._events.on_reason(reason)

    def _state_changed(self, state: PeerState) -> None:
        if state is PeerState.CONNECTED:
            self._liveness.on_connected(now=time.monotonic())
        else:
            # The state alone does not tell: a peer that never connected closes in the same way.
            was = self._liveness.is_connected
            self._end("the connection closed" if was else "no connection was made")

    async def _run_watch(self) -> None:
        """Judges the peer by its silence: consent (RFC 7675) takes up to 30 s to notice its end."""
        while not self._is_over:
            await asyncio.sleep(_CHECK_S)
            now = time.monotonic()
            self._tell_reason(now)
            if self._layers is not None:
                self._layers.choice.limit(self._events.max_pixels())
            self._judge(self._liveness.judge(now=now, every_s=_CHECK_S))

    def _judge(self, reason: str) -> None:
        """Tells of silence and of its end; a connection that never stood is over instead."""
        if not reason:
            self._life.apply_if_accepted(PublisherEvent.RESUME)
        elif self._events.on_silence is not None and self._liveness.is_connected:
            if self._life.apply_if_accepted(PublisherEvent.FALL_SILENT):
                self._events.on_silence(reason)
        else:
            self._end(reason)

    def _end(self, reason: str) -> None:
        if self._life.apply_if_accepted(PublisherEvent.END):
            self._events.on_end(reason)
