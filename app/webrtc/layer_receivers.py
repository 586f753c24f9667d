"""Receives all simulcast layers of one track (RFC 8853), each by a receiver of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from app.rtp.jitter_buffer import CodedUnit
from app.rtp.layer_names import LayerNames
from app.webrtc.picture_receiver import Media, PictureReceiver, Requests
from media.codec import CodecDescriptor

MAX_SOURCES = 8
"""Sources of pictures at a time: an offer has six layers at most, and a layer may change its
source."""


class LayerReceivers:
    """Pictures of all layers, by source. ``on_unit`` gets (layer, codec, clock rate, unit).

    ``is_wanted`` tells whether a layer's loss is worth a key frame.
    """

    def __init__(
        self,
        requests: Requests,
        on_unit: Callable[[str, CodecDescriptor, int, CodedUnit], None],
        is_wanted: Callable[[str], bool],
    ) -> None:
        self.names = LayerNames()
        self._requests = requests
        self._on_unit = on_unit
        self._is_wanted = is_wanted
        self._receivers: dict[int, PictureReceiver] = {}
        self._heard_at: dict[int, float] = {}
        self._gone_lost = self._gone_late = 0
        self._round_trip_s: float | None = None

    def take(self, ssrc: int, media: Media, *, now: float) -> None:
        """Takes one packet of any layer."""
        receiver = self._receivers.get(ssrc)
        if receiver is None:
            receiver = self._begin(ssrc)
        self._heard_at[ssrc] = now
        receiver.take(media, now=now)

    def repaired_by(self, ssrc: int) -> int | None:
        """Returns the newest source of the layer that a source of retransmissions repairs."""
        rid = self.names.repaired_by(ssrc)
        return self._newest(rid) if rid else None

    def request_key_frame(self, layer: str) -> None:
        """Asks for a key frame of a layer."""
        ssrc = self._newest(layer)
        if ssrc is not None:
            self._receivers[ssrc].request_key_frame()

    def take_key_frame(self, layer: str) -> None:
        """Notes a key frame of a layer."""
        ssrc = self._newest(layer)
        if ssrc is not None:
            self._receivers[ssrc].take_key_frame()

    def layer_of(self, ssrc: int) -> str:
        """Returns the layer of a source that is received, "" for another one."""
        return self.names.name(ssrc) if ssrc in self._receivers else ""

    def note_round_trip(self, seconds: float) -> None:
        """Notes a measured round trip."""
        self._round_trip_s = seconds
        for receiver in self._receivers.values():
            receiver.buffer.nacks.round_trip.add(seconds)

    @property
    def lost(self) -> int:
        """Packets given up."""
        return self._gone_lost + sum(each.buffer.lost for each in self._all())

    @property
    def late(self) -> int:
        """Packets that came too late."""
        return self._gone_late + sum(each.buffer.late for each in self._all())

    def stop(self) -> None:
        """Stops; no unit follows."""
        for receiver in self._all():
            receiver.stop()

    def _all(self) -> Iterable[PictureReceiver]:
        return self._receivers.values()

    def _begin(self, ssrc: int) -> PictureReceiver:
        if len(self._receivers) >= MAX_SOURCES:
            self._forget(min(self._receivers, key=lambda known: self._heard_at[known]))

        def on_unit(codec: CodecDescriptor, clock_rate: int, unit: CodedUnit) -> None:
            self._on_unit(self.names.name(ssrc), codec, clock_rate, unit)

        receiver = PictureReceiver(
            self._requests, on_unit, is_wanted=lambda: self._is_wanted(self.names.name(ssrc))
        )
        receiver.ssrc = ssrc
        if self._round_trip_s is not None:
            receiver.buffer.nacks.round_trip.add(self._round_trip_s)
        self._receivers[ssrc] = receiver
        return receiver

    def _forget(self, ssrc: int) -> None:
        gone = self._receivers.pop(ssrc)
        del self._heard_at[ssrc]
        gone.stop()
        self._gone_lost += gone.buffer.lost
        self._gone_late += gone.buffer.late

    def _newest(self, layer: str) -> int | None:
        found = [ssrc for ssrc in self._receivers if self.names.name(ssrc) == layer]
        return max(found, key=lambda ssrc: self._heard_at[ssrc], default=None)
