"""Way of a source's pictures: copied as they are coded, or decoded and coded anew."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import av
import av.error

from cli.publisher import codecs
from cli.publisher.copy_rule import MAX_GOP_S, GopWatch
from cli.publisher.send_encoder import SendEncoder, SendUnit
from cli.publisher.session import SendFormat
from cli.publisher.timeline import Timeline
from media.access_unit import Kind

_MAX_KEPT_BYTES = 16 * 1024 * 1024
"""Bytes of the present group of pictures that are kept, to go on from it where copying ends."""

_MICROSECONDS = 1_000_000
_DEFAULT_STEP_US = 40_000
"""Distance of two pictures of a source that tells no rate: 25 a second."""


@dataclasses.dataclass(slots=True)
class VideoCounts:
    """Counts of pictures by what became of them."""

    sent: int = 0
    left_out: int = 0
    "Pictures that were late, beyond the wanted rate, or damaged."


class VideoPath:
    """Takes packets of one video track and yields units to send, the first a key frame.

    ``reason`` is why pictures must be coded, empty if they are copied; ``may_change`` lets the
    stream itself end copying. ``form`` says how a picture of some size is sent that is coded,
    ``say`` tells the user that copying ended.
    """

    def __init__(
        self,
        reason: str,
        timeline: Timeline,
        *,
        may_change: bool,
        form: Callable[[int, int], SendFormat],
        say: Callable[[str], None],
        max_fps: float = 0.0,
    ) -> None:
        self.reason = reason
        "Reason to code the pictures anew; empty while they are copied."
        self._may_change = may_change
        self._timeline = timeline
        self._form = form
        self._say = say
        self._min_step_us = round(_MICROSECONDS / max_fps) if max_fps else 0
        self._units = codecs.VideoUnits()
        self._gop = GopWatch()
        self._kept: list[Any] = []
        self._kept_bytes = 0
        self._encoder: SendEncoder | None = None
        self._last_sent_us = -_MICROSECONDS
        self._needs_key = True
        self._has_warned = False
        self.counts = VideoCounts()

    @property
    def is_copied(self) -> bool:
        """True while pictures go out as they came."""
        return not self.reason

    def take(
        self, packet: Any, *, now_us: int, is_late: bool = False, after_loss: bool = False
    ) -> Iterator[SendUnit]:
        """Yields what to send after a packet. A late picture is decoded, but not coded."""
        if after_loss:
            self._needs_key = True
        if self.is_copied:
            yield from self._copy(packet, now_us)
        else:
            yield from self._code(packet, now_us, is_late)

    def _copy(self, packet: Any, now_us: int) -> Iterator[SendUnit]:
        if not packet.size:
            return
        picture = self._units.read(packet)
        if picture is None or (self._needs_key and not picture.is_key):
            self.counts.left_out += 1
            return
        self._needs_key = False
        self._keep(packet, is_key=picture.is_key)
        at = self._timeline.place(Kind.VIDEO, stamp_us(packet), step=self._step(packet), now=now_us)
        self._gop.note(at, is_key=picture.is_key)
        if self._should_end(is_bidirectional=picture.is_bidirectional):
            yield from self._catch_up(now_us)
            return
        self.counts.sent += 1
        yield SendUnit(picture.payload, at, picture.is_key)

    def _keep(self, packet: Any, *, is_key: bool) -> None:
        if is_key or not self._may_change:
            self._kept, self._kept_bytes = [], 0
        self._kept.append(packet)
        self._kept_bytes += packet.size

    def _should_end(self, *, is_bidirectional: bool) -> bool:
        """Decides whether copying ends with this picture, and says so."""
        if is_bidirectional:
            reason = "the source has B-frames, which WebRTC does not carry"
        elif self._gop.is_too_long:
            reason = f"the source's key frames are more than {MAX_GOP_S:.0f} s apart"
        elif self._kept_bytes > _MAX_KEPT_BYTES:
            reason = "the source's groups of pictures are too large"
        else:
            return False
        if self._may_change:
            self._say(f"{reason}: it is coded anew from here on")
            self.reason = reason
            return True
        if not self._has_warned:
            self._say(f"{reason}; it is copied all the same, and players may stand still")
            self._has_warned = True
        return False

    def _catch_up(self, now_us: int) -> Iterator[SendUnit]:
        """Decodes the present group up to its last picture, which is coded as a key frame."""
        kept, self._kept = self._kept, []
        for packet in kept[:-1]:
            self._decoded(packet)
        yield from self._code(kept[-1], now_us, False)

    def _code(self, packet: Any, now_us: int, is_late: bool) -> Iterator[SendUnit]:
        for frame in self._decoded(packet):
            at = microseconds(frame.pts, frame.time_base)
            placed = self._timeline.place(Kind.VIDEO, at, step=self._step(packet), now=now_us)
            # A tenth of slack: time stamps in milliseconds are uneven.
            if is_late or placed - self._last_sent_us < self._min_step_us * 9 // 10:
                self.counts.left_out += 1
                continue
            self._last_sent_us = placed
            if self._encoder is None:
                self._encoder = SendEncoder(self._form(frame.width, frame.height))
            self.counts.sent += 1
            yield from self._encoder.encode(frame, placed)

    def _decoded(self, packet: Any) -> list[Any]:
        try:
            return list(packet.decode())
        except av.error.EOFError:
            return []
        except av.error.FFmpegError:
            self.counts.left_out += 1
            return []

    def _step(self, packet: Any) -> int:
        rate = packet.stream.average_rate
        return round(_MICROSECONDS / rate) if rate else _DEFAULT_STEP_US


def stamp_us(packet: Any) -> int | None:
    """Returns a packet's time stamp in microseconds; None for one without."""
    ticks = packet.pts if packet.pts is not None else packet.dts
    return microseconds(ticks, packet.time_base)


def microseconds(ticks: int | None, time_base: Fraction | None) -> int | None:
    """Returns a time stamp in microseconds; None for none."""
    if ticks is None or time_base is None:
        return None
    return round(ticks * time_base * _MICROSECONDS)
