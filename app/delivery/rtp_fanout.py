"""One rendition for all viewers of this node: each unit is packetized once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable, Iterator

from app.delivery.gop_cache import GopCache
from app.delivery.picture_mark import MarkMeter, Picture
from app.delivery.turns import Turns
from app.rtp.send_queue import PacketizedFrame
from app.streams.rendition_reader import RenditionReader
from media.access_unit import AccessUnit, Kind
from media.codec_table import DESCRIPTORS
from wire.clock import now_us

Listener = Callable[[str, PacketizedFrame], None]
"""Called with the rendition's name and the unit, on the event loop; must not block."""


class RtpFanout:
    """The consumer of a rendition's reader that serves viewers.

    Whoever holds it keeps the reader running; listeners get its units. Without a holder it goes on
    while the reader lingers, so that the next viewer finds the group of pictures.
    """

    def __init__(self, reader: RenditionReader, *, on_end: Callable[[RtpFanout], None]) -> None:
        """``on_end`` is called once, when the reader has ended."""
        self._reader = reader
        self._on_end = on_end
        self._holders: set[Hashable] = set()
        self._listeners: dict[Listener, None] = {}
        "Listeners in the order in which they joined."
        self.mark = MarkMeter()
        "The mark of its pictures."
        self._gop = GopCache()
        self._picture_id = 0
        self._turns: Turns[PacketizedFrame | None] = Turns(self._begin)
        "Units that were not handed to all listeners yet; None: a gap."
        self._skips_to_key = False
        self.dropped = 0
        "Units that listeners did not get, since this process has not the time to send to all."
        self._next_turn: asyncio.Handle | None = None
        self.is_over = False
        "True when nothing follows any more."
        reader.attach(self)

    @property
    def rendition(self) -> str:
        """The rendition's name."""
        return self._reader.rendition

    @property
    def is_needed(self) -> bool:
        """True while anybody holds it."""
        return bool(self._holders)

    @property
    def listeners(self) -> int:
        """The number of listeners."""
        return len(self._listeners)

    def hold(self, holder: Hashable) -> None:
        """Keeps the reader running for ``holder``."""
        self._holders.add(holder)

    def release(self, holder: Hashable) -> None:
        """Ends the hold of ``holder``."""
        self._holders.discard(holder)

    def listen(self, listener: Listener) -> None:
        """Adds a listener; it gets what is read from now on."""
        self._listeners[listener] = None

    def leave(self, listener: Listener) -> None:
        """Removes a listener."""
        self._listeners.pop(listener, None)

    def replay(self) -> list[PacketizedFrame]:
        """Returns what a joining viewer gets at once; empty if it must wait for a key frame."""
        return self._gop.replay()

    @property
    def has_group(self) -> bool:
        """True while ``group`` is not empty."""
        return self._gop.has_group

    def group(self) -> list[PacketizedFrame]:
        """Returns the units since the last key frame; empty if one must be asked for."""
        return self._gop.group()

    def request_key_frame(self) -> None:
        """Asks whoever makes the rendition for a key frame."""
        self._reader.request_key_frame()

    def take(self, unit: AccessUnit) -> None:
        """Packetizes one unit and hands it to all listeners, many of them in several turns."""
        is_video = unit.kind is Kind.VIDEO
        # Receivers take a picture to follow the one whose ID is one less; audio must not count.
        self._picture_id += is_video
        if is_video:
            self._note(unit)
        # Payloads are the same for all viewers. What differs (payload type, sequence number, time,
        # extensions) stands in the header, which each viewer's sender writes.
        payloads = DESCRIPTORS[unit.codec].packetize(
            unit.payload,
            picture_id=self._picture_id,
            is_key=unit.is_key,
            size=(unit.width, unit.height),
        )
        self._add(
            PacketizedFrame(
                payloads=tuple(payloads),
                codec=unit.codec,
                pts=unit.pts,
                clock_rate=unit.clock_rate,
                capture_us=unit.capture_us,
                is_video=is_video,
                is_key=unit.is_key,
            )
        )
        self._go_on()

    def _note(self, unit: AccessUnit) -> None:
        latency_ms = (now_us() - unit.arrival_us) / 1000
        picture = Picture(unit.treatment, unit.net, unit.width, unit.height, latency_ms)
        self.mark.take(picture, now=time.monotonic())

    @property
    def kbps(self) -> float:
        """Bitrate of the rendition over the last seconds."""
        return self._reader.meter.kbps(now=time.monotonic())

    def _add(self, unit: PacketizedFrame) -> None:
        """Queues a unit for all listeners. Too far behind, video is dropped for all of them, up to
        a key frame that finds the queue half empty.
        """
        if unit.is_video and self._skips_to_key:
            if self._turns.is_behind or not unit.is_key:
                self.dropped += len(self._listeners)
                self._reader.request_key_frame()
                return
            self._skips_to_key = False
        if not self._turns.add(unit):
            self.dropped += len(self._listeners)
            self._skips_to_key |= unit.is_video

    def on_gap(self) -> None:
        """Forgets the group of pictures: its continuation is missing."""
        # Where there is no space for it, video goes on at a key frame anyway.
        self._skips_to_key |= not self._turns.add(None)
        self._go_on()

    def _go_on(self) -> None:
        # While a turn is due, what comes waits behind what it is about.
        if self._next_turn is None and self._turns.work():
            self._next_turn = asyncio.get_running_loop().call_soon(self._take_turn)

    def _take_turn(self) -> None:
        self._next_turn = None
        self._go_on()

    def _begin(self, unit: PacketizedFrame | None) -> Iterator[None]:
        """Keeps a unit and hands it to one listener after the other."""
        # The group ends with the unit whose turn it is, since listeners may ask for it meanwhile.
        if unit is None:
            self._gop.clear()
            return
        if unit.is_video:
            self._gop.add(unit)
        rendition = self._reader.rendition
        # A copy: whoever joins from now on finds the unit in the group already, and who leaves
        # gets no more.
        for listener in tuple(self._listeners):
            if listener in self._listeners:
                listener(rendition, unit)
            yield

    def on_end(self) -> None:
        """Tells its owner that nothing follows."""
        self.is_over = True
        if self._next_turn is not None:
            self._next_turn.cancel()
        self._on_end(self)
