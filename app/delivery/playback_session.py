"""One viewer's playback: its rendition, the source in its place, and the sound."""

from __future__ import annotations

import time
from collections.abc import Callable

from app.delivery.catch_up import catch_up
from app.delivery.quality_levels import SMALLER
from app.delivery.rendition_switch import Pick, RenditionSwitch
from app.delivery.rtp_fanout import RtpFanout
from app.rtp.send_queue import PacketizedFrame
from app.webrtc.viewer_connection import ViewerConnection
from wire import keys

MAX_PAUSE_S = 0.3
"""The rendition before is left off for so long at most, while the other one is behind it: a worker
adds less."""


class PlaybackSession:
    """Joins a connection to the fan-outs it needs: its rendition, its fallback, the sound.

    Sound always comes from the source: enhancement must not hold it up. The fan-outs are held from
    the beginning until ``stop``, so that they run on while the connection is being made.
    """

    def __init__(
        self,
        preferred: RtpFanout,
        source: RtpFanout,
        *,
        fallback: bool,
        has_audio: bool,
        on_unfit: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``source`` is ``preferred`` again where neither sound nor a fallback needs it.
        ``on_unfit`` is called for every unit of its rendition whose codec the viewer has not.
        """
        self._preferred = preferred
        self._source = source
        self._has_audio = has_audio
        self._fallback = fallback
        self._on_unfit = on_unfit
        self._clock = clock
        self._switch = self._make_switch()
        self.on_shown: Callable[[], None] = lambda: None
        "Called when what is sent is of another rendition, or its pictures have another mark."
        self.began_at = clock()
        self._told: tuple[RtpFanout | None, int] = (None, 0)
        "The rendition that was sent last, and the version of its mark."
        self._peer: ViewerConnection | None = None
        self._next: RtpFanout | None = None
        "The rendition to change to at its next key frame."
        self._ready_at: float | None = None
        "Time of that key frame; from then on the rendition before is not sent."
        # A set, because both are one fan-out where the viewer needs no source.
        for fanout in {preferred, source}:
            fanout.hold(self)

    def _make_switch(self) -> RenditionSwitch:
        # Who is shown the rendition for weak links has no room for the source in its place.
        is_smaller = keys.rendition_of(self._preferred.rendition)[0] == SMALLER
        may_fall_back = self._fallback and self._preferred is not self._source and not is_smaller
        return RenditionSwitch(
            preferred=self._preferred.rendition, fallback=keys.SOURCE if may_fall_back else None
        )

    @property
    def rendition(self) -> str:
        """The rendition that it reads."""
        return self._preferred.rendition

    @property
    def is_over(self) -> bool:
        """True when what it reads has ended."""
        return self._preferred.is_over or self._source.is_over

    @property
    def shown(self) -> RtpFanout:
        """The rendition that is sent now."""
        is_preferred = self._switch.current == self._preferred.rendition
        return self._preferred if is_preferred else self._source

    @property
    def preferred(self) -> RtpFanout:
        """The rendition that it reads, also while the source stands in."""
        return self._preferred

    @property
    def stalls(self) -> int:
        """Times that the source stood in for its rendition."""
        return self._switch.stalls

    def start(self, peer: ViewerConnection) -> None:
        """Replays the group of pictures, then follows; called once the connection stands."""
        self._peer = peer
        self._join()
        if self._preferred is not self._source:
            self._source.listen(self._take)

    def move(self, fanout: RtpFanout) -> None:
        """Reads another rendition from now on: the codec of the one before is not the viewer's."""
        self.stay()
        self._leave_preferred(fanout)
        if self._peer is not None:
            self._peer.restart_video()
            self._join()

    @property
    def awaits(self) -> str:
        """The rendition that it changes to at the next key frame; empty if none."""
        return self._next.rendition if self._next is not None else ""

    def change(self, fanout: RtpFanout) -> None:
        """Changes to another rendition at that one's next key frame; the present one goes on until
        then. Units that were shown already are only decoded, so no time is shown twice.
        """
        self.stay()
        if fanout is self._preferred:
            return
        self._next = fanout
        fanout.hold(self)
        fanout.listen(self._take)
        fanout.request_key_frame()

    def stay(self) -> None:
        """Calls a change off."""
        fanout, self._next, self._ready_at = self._next, None, None
        if fanout is not None and fanout not in (self._preferred, self._source):
            fanout.leave(self._take)
            fanout.release(self)

    def _take_next(self, fanout: RtpFanout, unit: PacketizedFrame, peer: ViewerConnection) -> None:
        """Notes a unit of the rendition that is awaited; changes over with the first that follows
        its key frame and is beyond what was shown.
        """
        now = self._clock()
        if unit.is_key and peer.can_send(unit.codec):
            self._ready_at = self._ready_at or now
        if self._ready_at is None or now - self._ready_at > MAX_PAUSE_S:
            self._ready_at = None
            fanout.request_key_frame()
            return
        shown = self._switch.shown
        if (shown is not None and unit.pts <= shown) or not fanout.has_group:
            return
        self._next = self._ready_at = None
        self._leave_preferred(fanout)
        self._switch.joined(unit.pts)
        # What waits of the rendition before is worth nothing now, and its path is full perhaps.
        peer.restart_video()
        for each in catch_up(fanout.group(), shown=shown):
            self._send_video(each)

    def _leave_preferred(self, fanout: RtpFanout) -> None:
        needs_source = self._fallback or self._has_audio
        # The old rendition may be the source itself. It must go on coming where sound or the
        # fallback need it.
        if self._preferred is not self._source or not needs_source:
            self._preferred.leave(self._take)
            self._preferred.release(self)
        self._preferred = fanout
        fanout.hold(self)
        if not needs_source:
            self._source = fanout  # or a worker would go on making the old one for nobody
        self._switch = self._make_switch()

    def _join(self) -> None:
        # The group goes out before the listener is added. Nothing is awaited in between, so no unit
        # is missed and none comes twice.
        replay = self._preferred.replay()
        for unit in replay:
            self._send_video(unit)
        if replay:
            self._switch.joined(replay[-1].pts)
        else:
            self._preferred.request_key_frame()
        self._preferred.listen(self._take)

    def stop(self) -> None:
        """Stops following all renditions."""
        self.stay()
        for fanout in {self._preferred, self._source}:
            fanout.leave(self._take)
            fanout.release(self)

    def on_key_frame_needed(self) -> None:
        """Asks for a key frame of what is shown: the viewer's decoder cannot go on."""
        self.shown.request_key_frame()

    def _take(self, rendition: str, unit: PacketizedFrame) -> None:
        if self._peer is None:
            return
        if not unit.is_video:
            if self._has_audio and rendition == keys.SOURCE:
                self._peer.push(unit)
            return
        if self._next is not None and rendition == self._next.rendition:
            self._take_next(self._next, unit, self._peer)
            if self._next is None or self._next is not self._source:
                return
        # A moment without pictures, until the other rendition is beyond what was shown.
        if self._ready_at is not None:
            return
        if rendition == self._preferred.rendition and not self._fits(unit, self._peer):
            self._on_unfit()
        else:
            self._take_video(rendition, unit, self._peer)

    def _take_video(self, rendition: str, unit: PacketizedFrame, peer: ViewerConnection) -> None:
        # The switch moves its ``shown`` when it picks. Catching up needs the time before that, or
        # the units that this change is about would count as shown.
        shown, now = self._switch.shown, self._clock()
        if rendition == self._preferred.rendition:
            fanout = self._preferred
            pick = self._switch.take_preferred(
                unit.pts, is_key=unit.is_key, can_start=fanout.has_group, now=now
            )
        else:
            fanout = self._source
            pick = self._switch.take_fallback(
                unit.pts, can_start=fanout.has_group, can_show=self._fits(unit, peer), now=now
            )
        if pick is Pick.SEND:
            self._send_video(unit)
        elif pick in (Pick.RETURN, Pick.CATCH_UP):
            for each in catch_up(fanout.group(), shown=shown):
                self._send_video(each)
        elif pick is Pick.WANT_KEY:
            fanout.request_key_frame()

    @staticmethod
    def _fits(unit: PacketizedFrame, peer: ViewerConnection) -> bool:
        return peer.can_send(unit.codec)

    def _send_video(self, unit: PacketizedFrame) -> None:
        if self._peer is None:
            return
        self._peer.push(unit)
        shown = self.shown
        if self._told[0] is not shown or self._told[1] != shown.mark.version:
            self._told = (shown, shown.mark.version)
            self.on_shown()
        # The queue drops video up to the next key frame after a jam. Nobody else knows of it, so
        # the key frame must be asked for here, as often as a unit comes in vain.
        if self._peer.needs_key:
            self.on_key_frame_needed()
