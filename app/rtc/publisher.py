"""A publisher's connection: SDP offer in, access units out."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import time
from collections.abc import Callable

from app.rtc.assembler import CodedUnit
from app.rtc.capture_clock import CaptureClock
from app.rtc.fragment import Head
from app.rtc.gate import Refusals
from app.rtc.keyframe import inspect
from app.rtc.offer import Offer
from app.rtc.peer import CONNECT_S, Peer
from app.rtc.receiver import ReceiverEvents, UnitReceiver
from app.rtc.vp9_frame import join_layers
from wire.batch import AccessUnit, Codec, Flags, Kind, Stage

_CHECK_S = 0.5


@dataclasses.dataclass(frozen=True, slots=True)
class PublisherEvents:
    """Whom a publisher's connection tells, on the event loop."""

    on_unit: Callable[[AccessUnit], None]
    on_end: Callable[[str], None]
    "Called once, with the reason as a sentence."


class PublisherPeer:
    """One WHIP publisher. Ends by itself when nothing arrives for ``timeout_s``."""

    def __init__(
        self, events: PublisherEvents, *, timeout_s: float, refusals: Refusals | None = None
    ) -> None:
        self._events = events
        self._timeout_s = timeout_s
        self._peer = Peer(self._state_changed, refusals)
        self._clock = CaptureClock()
        self._receivers: dict[str, UnitReceiver] = {}
        self._sequences = {Kind.VIDEO: 0, Kind.AUDIO: 0}
        self._size = (0, 0)
        self._last_unit_at = time.monotonic()
        self._connected = False
        self._ended = False
        self._watch: asyncio.Task[None] | None = None

    @property
    def lost_packets(self) -> int:
        """Video packets given up."""
        receiver = self._receivers.get("video")
        return receiver.lost_packets if receiver else 0

    @property
    def packets(self) -> dict[str, int]:
        """Packets that became part of no unit, by reason."""
        receivers = self._receivers.values()
        found = {
            "lost": sum(receiver.lost_packets for receiver in receivers),
            "late": sum(receiver.late_packets for receiver in receivers),
            "malformed": sum(receiver.malformed_packets for receiver in receivers),
            **self._peer.refused,
        }
        return {reason: count for reason, count in found.items() if count}

    async def answer(self, offer: Offer, *, start_kbps: int, mapped: tuple[str, ...]) -> str:
        """The SDP answer. Raises BadOffer."""
        for kind in offer.kinds:
            transceiver = self._peer.add_track(kind, "recvonly")
            events = ReceiverEvents(
                on_unit=functools.partial(self._take, kind),
                on_report=functools.partial(self._take_report, kind),
                on_end=self._end,
            )
            receiver = UnitReceiver(kind, transceiver.receiver.transport, events)
            self._receivers[kind] = receiver
            self._clock.add_track(kind, 90_000 if kind == "video" else 48_000)
            Peer.watch_media_only(transceiver)
            Peer.put_receiver(transceiver, receiver)
        sdp = await self._peer.answer(offer, start_kbps=start_kbps, mapped=mapped)
        self._last_unit_at = time.monotonic()
        self._watch = asyncio.get_running_loop().create_task(
            self._run_watch(), name="publisher-watch"
        )
        return sdp

    def request_key_frame(self) -> None:
        """Asks the publisher for a key frame."""
        if "video" in self._receivers:
            self._receivers["video"].request_key_frame()

    async def close(self) -> None:
        """Ends the connection; ``on_end`` is not called any more."""
        self._ended = True
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        await self._peer.close()

    def _take_report(self, kind: str, ntp: int, rtp: int) -> None:
        self._clock.on_report(kind, ntp=ntp, rtp=rtp)

    def _take(self, kind: str, codec: Codec, clock_rate: int, coded: CodedUnit) -> None:
        self._last_unit_at = time.monotonic()
        self._connected = True
        capture_us = self._clock.capture_us(kind, pts=coded.pts, arrival_us=coded.first_arrival_us)
        which = Kind.VIDEO if kind == "video" else Kind.AUDIO
        flags, (width, height) = Flags.KEY, (0, 0)
        payload = coded.data
        if which is Kind.VIDEO:
            payload = join_layers(payload, coded.cuts)
            flags = self._video_flags(codec, coded, payload)
            width, height = self._size
        sequence = self._sequences[which]
        self._sequences[which] = sequence + 1
        self._events.on_unit(
            AccessUnit(
                kind=which,
                codec=codec,
                flags=flags,
                sequence=sequence,
                pts=coded.pts,
                clock_rate=clock_rate,
                capture_us=capture_us,
                arrival_us=coded.first_arrival_us,
                payload=payload,
                width=width,
                height=height,
                stamps=((Stage.ARRIVED, coded.last_arrival_us),),
            )  # fmt: skip
        )

    def _video_flags(self, codec: Codec, coded: CodedUnit, payload: bytes) -> Flags:
        """The unit's flags; notes the picture's size where the unit tells it."""
        flags = Flags.DISCONTINUITY if coded.discontinuity else Flags.NONE
        if coded.head is Head.MIDDLE:
            return flags
        info = inspect(codec, payload)
        if info.width:
            self._size = (info.width, info.height)
        # What is left of a unit whose head was lost may begin with a key frame's later slice.
        if info.is_key and (info.width or not coded.discontinuity):
            flags |= Flags.KEY if coded.head in (Head.UNKNOWN, Head.KEY) else Flags.NONE
        return flags

    def _state_changed(self, state: str) -> None:
        if state == "connected":
            self._connected = True
        else:
            self._end("the connection closed" if self._connected else "no connection was made")

    async def _run_watch(self) -> None:
        """RFC 7675's consent takes up to 30 s to notice a dead peer; silence tells sooner."""
        while True:
            await asyncio.sleep(_CHECK_S)
            limit = self._timeout_s if self._connected else CONNECT_S
            if time.monotonic() - self._last_unit_at > limit:
                self._end(f"nothing arrived for {limit:.0f} s")
                return

    def _end(self, reason: str) -> None:
        if not self._ended:
            self._ended = True
            self._events.on_end(reason)
