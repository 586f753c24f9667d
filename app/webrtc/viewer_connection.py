"""A viewer's connection: SDP offer in, units out to it."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import time
import uuid
from collections.abc import Callable

from app.ice.refusals import Refusals
from app.rtp.send_queue import PacketizedFrame
from app.rtp.viewer_bandwidth import PathSigns
from app.webrtc.ice import UNKNOWN_ROUTE, PeerRoute
from app.webrtc.peer import CONNECT_S, Peer
from app.webrtc.peer_state import PeerState
from app.webrtc.rtp_sender import RtpSender, SenderEvents
from app.webrtc.sdp_answer import OwnSource
from app.webrtc.sdp_offer import Offer
from app.webrtc.shared_timer import SharedTimer
from app.webrtc.trickle import SdpFragment
from app.webrtc.viewer_feedback import ViewerFeedback
from app.webrtc.viewer_state import VIEWER, ViewerEvent, ViewerState
from media.codec import Codec
from wire.state_machine import StateMachine


@dataclasses.dataclass(frozen=True, slots=True)
class ViewerEvents:
    """Callbacks of a viewer's connection, called on the event loop."""

    on_connected: Callable[[], None]
    on_key_frame_needed: Callable[[], None]
    on_end: Callable[[str], None]
    "Called once, with the reason as a sentence."


class ViewerConnection:
    """One WHEP viewer."""

    def __init__(
        self,
        events: ViewerEvents,
        *,
        rtp_offset: int,
        refusals: Refusals | None = None,
        timer: SharedTimer | None = None,
    ) -> None:
        """``timer`` is that of all viewers; a viewer alone may have its own."""
        self._events = events
        self._rtp_offset = rtp_offset
        self._peer = Peer(self._state_changed, refusals)
        self._senders: dict[str, RtpSender] = {}
        self._timer = SharedTimer() if timer is None else timer
        self._life = StateMachine(VIEWER, owner="viewer's connection")
        self.end_reason = ""
        """The reason why it ended by itself, as a sentence."""
        self._deadline: asyncio.TimerHandle | None = None
        self._feedback = ViewerFeedback()
        self._peer.transport.observer = self._feedback
        self._left_out = 0

    async def answer(self, offer: Offer, *, route: PeerRoute = UNKNOWN_ROUTE) -> str:
        """Returns the SDP answer. Raises BadOffer or NoCandidate."""
        stream_id = str(uuid.uuid4())
        for kind in offer.kinds:
            sender = RtpSender(
                kind,
                self._peer.transport,
                OwnSource.make(cname=stream_id, stream_id=stream_id),
                SenderEvents(self._events.on_key_frame_needed, self._sender_runs, self._end),
                # Pictures have one RTP time in all renditions, by which pages align them. Sound has
                # one rendition.
                rtp_offset=self._rtp_offset if kind == "video" else 0,
                timer=self._timer,
                sent=self._feedback.sent,
            )
            self._senders[kind] = sender
            self._peer.add_track(kind, sender, sender.source)
        sdp = await self._peer.answer(offer, route=route)
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(CONNECT_S, self._give_up)
        return sdp

    def push(self, unit: PacketizedFrame) -> None:
        """Sends one unit, by the drop rules of ``SendQueue``."""
        sender = self._senders.get("video" if unit.is_video else "audio")
        if sender is not None:
            sender.push(unit)

    def can_send(self, codec: Codec) -> bool:
        """True if the viewer negotiated the video codec."""
        return "video" in self._senders and self._senders["video"].can_send(codec)

    @property
    def needs_key(self) -> bool:
        """True while its video waits for a key frame."""
        return "video" in self._senders and self._senders["video"].needs_key

    def restart_video(self) -> None:
        """Drops the video up to the next key frame: another rendition follows."""
        if "video" in self._senders:
            self._senders["video"].restart()

    @property
    def dropped(self) -> dict[str, int]:
        """Units not sent, by reason."""
        found: collections.Counter[str] = collections.Counter()
        for sender in self._senders.values():
            found.update(sender.dropped)
        return dict(found)

    def signs(self) -> PathSigns:
        """Returns what is known of the viewer's path, and sends no more than that carries while it
        is congested; each call tells of the time since the last one.
        """
        if "video" in self._senders:
            limit_bps = self._feedback.bandwidth.limit_bps(now=time.monotonic())
            self._senders["video"].limit(limit_bps)
        left_out = self.dropped.get("slow", 0)
        before, self._left_out = self._left_out, left_out
        return self._feedback.signs(is_behind=left_out > before)

    @property
    def is_pending(self) -> bool:
        """True while the connection does not stand yet."""
        return self._peer.is_pending and not self._is_over

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
        # Ended first, so that nothing that closing brings about is told to the owner.
        self._life.apply_if_accepted(ViewerEvent.END)
        if self._deadline is not None:
            self._deadline.cancel()
        await self._peer.close()

    def _give_up(self) -> None:
        if self._life.state is ViewerState.CONNECTING:
            self._end("no connection was made")
        elif self._life.state is ViewerState.CONNECTED:
            self._end("nothing can be sent on the connection that was made")

    @property
    def _is_over(self) -> bool:
        return self._life.state is ViewerState.ENDED

    def _state_changed(self, state: PeerState) -> None:
        if state is PeerState.CONNECTED:
            self._life.apply_if_accepted(ViewerEvent.CONNECT)
        else:
            self._end("the connection closed")

    def _sender_runs(self) -> None:
        # A viewer is connected once for all its tracks: a replay needs the video's sender, and what
        # follows it the sound's.
        is_last = all(sender.is_running for sender in self._senders.values())
        if is_last and self._life.apply_if_accepted(ViewerEvent.RUN):
            self._events.on_connected()

    def _end(self, reason: str) -> None:
        if self._life.apply_if_accepted(ViewerEvent.END):
            self.end_reason = reason
            self._events.on_end(reason)
