"""Sender of a source's packets: at their time where they come early, at once where they do not."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import Protocol

from cli.errors import NotPublished
from cli.publisher.packet_reader import PacketReader, ReadPacket
from cli.publisher.send_encoder import SendUnit
from cli.publisher.sound_path import SoundPath
from cli.publisher.video_path import VideoPath
from media.access_unit import Kind

MAX_LATENESS_S = 0.5
"""Age of a packet above which its picture is not coded: the machine is too slow for all of them."""

_POLL_S = 0.2
"""Time between two looks whether the user wants an end."""

_NO_PICTURE_S = 15.0
"""Time without any picture that can be sent, from the beginning on."""


class UnitSink(Protocol):
    """Receiver of units, such as ``CopySession``."""

    def send(self, kind: Kind, unit: SendUnit) -> None:
        """Sends one unit."""


@dataclasses.dataclass(frozen=True, slots=True)
class ForwardPlan:
    """The way that packets are forwarded."""

    is_paced: bool
    "True if packets come before they are due."
    is_late_dropped: bool
    "True if pictures that wait for too long are not coded."
    duration_s: float | None
    no_picture: str
    "Sentence for a source that gives no picture to begin with."


class Forwarder:
    """Forwards one source. ``begin`` opens the session with the first key frame."""

    def __init__(
        self,
        plan: ForwardPlan,
        video: VideoPath,
        sound: SoundPath | None,
        *,
        begin: Callable[[bytes], UnitSink],
        stopping: Callable[[], bool],
    ) -> None:
        self._plan = plan
        self._video = video
        self._sound = sound
        self._begin = begin
        self._stopping = stopping
        self._sink: UnitSink | None = None
        self._zero_us = 0
        self._began_s = 0.0
        self.seconds = 0.0
        "Time of the newest unit since the first picture."

    def run(self, reader: PacketReader) -> None:
        """Forwards until the source ends, the time is over or the user wants it.

        Raises NotPublished where source or session is lost.
        """
        started = time.monotonic()
        while not self._stopping():
            try:
                arrival = reader.get(_POLL_S)
            except EOFError:
                break
            if self._sink is None and time.monotonic() - started > _NO_PICTURE_S:
                raise NotPublished(self._plan.no_picture, is_passing=True)
            if arrival is None:
                continue
            for kind, unit in self._units(arrival):
                if not self._send(kind, unit):
                    return
        if self._sink is None and not self._stopping():
            raise NotPublished(self._plan.no_picture, is_passing=True)

    def _units(self, arrival: ReadPacket) -> Iterator[tuple[Kind, SendUnit]]:
        packet = arrival.packet
        # What is paced has no clock of its own that its time stamps could be held against.
        now_us = 0 if self._plan.is_paced else round(arrival.at_s * 1_000_000)
        if packet.stream.type == "video":
            is_late = (
                self._plan.is_late_dropped
                and self._sink is not None
                and time.monotonic() - arrival.at_s > MAX_LATENESS_S
            )
            units = self._video.take(
                packet, now_us=now_us, is_late=is_late, after_loss=arrival.after_loss
            )
            yield from ((Kind.VIDEO, unit) for unit in units)
        elif self._sound is not None:
            yield from ((Kind.AUDIO, unit) for unit in self._sound.take(packet, now_us=now_us))

    def _send(self, kind: Kind, unit: SendUnit) -> bool:
        """Sends a unit once it is due; returns False when the time is over."""
        if self._sink is None:
            if kind is not Kind.VIDEO or not unit.is_key:
                return True
            self._zero_us = unit.at_us
            self._sink = self._begin(unit.data)
            # After the handshakes, or everything that is paced would begin late.
            self._began_s = time.monotonic()
        at_us = unit.at_us - self._zero_us
        if at_us < 0:
            return True  # sound from before the first picture
        if self._plan.duration_s is not None and at_us / 1e6 >= self._plan.duration_s:
            return False
        if self._plan.is_paced and not self._wait(self._began_s + at_us / 1e6):
            return False
        self.seconds = max(self.seconds, at_us / 1e6)
        self._sink.send(kind, dataclasses.replace(unit, at_us=at_us))
        return True

    def _wait(self, until_s: float) -> bool:
        """Waits for a monotonic time; returns False if the user wants an end meanwhile."""
        while (left_s := until_s - time.monotonic()) > 0:
            if self._stopping():
                return False
            time.sleep(min(left_s, _POLL_S))
        return True
