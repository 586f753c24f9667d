"""One viewer of one stream: which units reach its connection."""

from __future__ import annotations

import time
from collections.abc import Callable

from app.delivery.catch_up import catch_up
from app.delivery.rendition_switch import Pick, RenditionSwitch
from app.rtp.send_queue import PacketizedFrame
from app.streams.rendition_reader import RenditionReader
from app.webrtc.viewer_connection import ViewerConnection
from media.codec import Codec
from wire import keys


class PlaybackSession:
    """Joins a connection to the tails it needs: its rendition, its fallback, the audio.

    Audio always comes from the source log: enhancement must not hold it up.
    """

    def __init__(
        self,
        tail: RenditionReader,
        source: RenditionReader,
        *,
        fallback: bool,
        has_audio: bool,
        on_unfit: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``source`` is ``tail`` again where neither audio nor a fallback needs it. ``on_unfit``
        is called for every unit of its rendition whose codec the viewer has not.
        """
        self._tail = tail
        self._source = source
        self._has_audio = has_audio
        self._fallback = fallback
        self._on_unfit = on_unfit
        self._clock = clock
        self._switch = self._make_switch()
        self._peer: ViewerConnection | None = None

    def _make_switch(self) -> RenditionSwitch:
        may_fall_back = self._fallback and self._tail is not self._source
        return RenditionSwitch(
            preferred=self._tail.rendition, fallback=keys.SOURCE if may_fall_back else None
        )

    @property
    def rendition(self) -> str:
        """The rendition that it reads."""
        return self._tail.rendition

    def reads(self, tail: RenditionReader) -> bool:
        """True if it needs what this tail reads."""
        return tail is self._tail or tail is self._source

    @property
    def stalls(self) -> int:
        """How often the source had to stand in for its rendition."""
        return self._switch.stalls

    def start(self, peer: ViewerConnection) -> None:
        """The connection stands: replay, then follow."""
        self._peer = peer
        self._join()
        if self._tail is not self._source:
            self._source.listen(self._take)

    def move(self, tail: RenditionReader) -> None:
        """Reads another rendition from now on: the codec of the one before is not the viewer's."""
        needs_source = self._fallback or self._has_audio
        if self._tail is not self._source or not needs_source:
            self._tail.leave(self._take)
        self._tail = tail
        if not needs_source:
            self._source = tail  # or a worker would go on making the old one for nobody
        self._switch = self._make_switch()
        if self._peer is not None:
            self._peer.restart_video()
            self._join()

    def _join(self) -> None:
        replay = self._tail.replay()
        for unit in replay:
            self._send_video(unit)
        if replay:
            self._switch.joined(replay[-1].pts)
        else:
            self._tail.request_key_frame()
        self._tail.listen(self._take)

    def stop(self) -> None:
        """Follows no more."""
        self._tail.leave(self._take)
        self._source.leave(self._take)

    def on_key_frame_needed(self) -> None:
        """The viewer's decoder cannot go on."""
        current = self._tail if self._switch.current == self._tail.rendition else self._source
        current.request_key_frame()

    def _take(self, rendition: str, unit: PacketizedFrame) -> None:
        if self._peer is None:
            return
        if not unit.is_video:
            if self._has_audio and rendition == keys.SOURCE:
                self._peer.push(unit)
        elif rendition == self._tail.rendition and not self._fits(unit, self._peer):
            self._on_unfit()
        else:
            self._take_video(rendition, unit, self._peer)

    def _take_video(self, rendition: str, unit: PacketizedFrame, peer: ViewerConnection) -> None:
        shown, now = self._switch.shown, self._clock()
        if rendition == self._tail.rendition:
            tail = self._tail
            pick = self._switch.take_preferred(
                unit.pts, is_key=unit.is_key, can_start=tail.has_group, now=now
            )
        else:
            tail = self._source
            pick = self._switch.take_fallback(
                unit.pts, can_start=tail.has_group, can_show=self._fits(unit, peer), now=now
            )
        if pick is Pick.SEND:
            self._send_video(unit)
        elif pick in (Pick.RETURN, Pick.CATCH_UP):
            for each in catch_up(tail.group(), shown=shown):
                self._send_video(each)
        elif pick is Pick.WANT_KEY:
            tail.request_key_frame()

    @staticmethod
    def _fits(unit: PacketizedFrame, peer: ViewerConnection) -> bool:
        return peer.can_send(Codec(unit.payload_codec))

    def _send_video(self, unit: PacketizedFrame) -> None:
        if self._peer is None:
            return
        self._peer.push(unit)
        if self._peer.needs_key:
            self.on_key_frame_needed()
