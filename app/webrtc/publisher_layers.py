"""The simulcast layers of one publisher: each a rendition as received, one of them the source."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Sequence

from app.rtp.capture_clock import CaptureClock
from app.rtp.jitter_buffer import CodedUnit
from app.rtp.layer_choice import LayerChoice
from app.rtp.media_timeline import MediaTimeline
from app.rtp.video_intake import Taken
from app.webrtc.picture_intake import PictureIntake
from media.access_unit import AccessUnit, Checkpoint, Flags, Kind
from media.codec import CodecDescriptor
from media.limits import MAX_PIXELS
from wire import keys

_TRACK = "video"


@dataclasses.dataclass(frozen=True, slots=True)
class LayerEvents:
    """Callbacks of the layers, called on the event loop."""

    on_source: Callable[[CodecDescriptor, int, Taken], None]
    "A picture with which the source goes on."
    on_layer: Callable[[str, AccessUnit], None]
    "(rendition, picture) of any layer, also of the source's."
    ask: Callable[[str], None]
    "Asks the publisher for a key frame of a layer, by restriction identifier."
    on_key_frame: Callable[[str], None]
    "A layer sent a key frame."
    is_wanted: Callable[[str], bool] = lambda _: False
    "Tells whether anybody gets a rendition."


def rendition_names(rids: Sequence[str]) -> dict[str, str]:
    """Returns the renditions' names by restriction identifier: by these, or by their places where
    one of them cannot be part of a name.
    """
    named = {rid: keys.LAYER_PREFIX + rid.lower() for rid in rids}
    fits = all(keys.is_layer(name) for name in named.values())
    if fits and len(set(named.values())) == len(named):
        return named
    return {rid: f"{keys.LAYER_PREFIX}{place}" for place, rid in enumerate(rids)}


class _Layer:
    """State of one layer."""

    def __init__(self, intake: PictureIntake, clock_rate: int) -> None:
        self.intake = intake
        self.timeline = MediaTimeline(clock_rate)
        self.clock = CaptureClock()
        self.clock.add_track(_TRACK, clock_rate)


class PublisherLayers:
    """Takes the units of all layers and chooses the one that is the source."""

    def __init__(
        self,
        rids: Sequence[str],
        formats: Iterable[tuple[CodecDescriptor, str]],
        events: LayerEvents,
    ) -> None:
        """``rids`` are those of the offer; layers of other names are no renditions."""
        self._renditions = rendition_names(rids)
        self._rids = {name: rid for rid, name in self._renditions.items()}
        self._formats = tuple(formats)
        self._events = events
        self._layers: dict[str, _Layer] = {}
        self.choice: LayerChoice[tuple[CodecDescriptor, int, Taken]] = LayerChoice(
            max_pixels=MAX_PIXELS
        )

    @property
    def refused(self) -> dict[str, int]:
        """Pictures of all layers that were not taken, by reason."""
        found: dict[str, int] = {}
        for layer in self._layers.values():
            for reason, count in layer.intake.refused.items():
                found[reason] = found.get(reason, 0) + count
        return found

    def reason(self, *, now: float) -> str:
        """Returns why no picture of the source passes, as a sentence, or ""."""
        layer = self._layers.get(self.choice.name)
        return layer.intake.reason(now=now) if layer else ""

    def is_wanted(self, rid: str) -> bool:
        """True for the layer that is the source, one that is to be, and those that are watched."""
        rendition = self._renditions.get(rid, "")
        chosen = self.choice.name
        return not chosen or rid == chosen or self._events.is_wanted(rendition)

    def request_key_frame(self, rendition: str = "") -> None:
        """Asks for a key frame of a layer, of the source's by default."""
        rid = self._rids.get(rendition, "") if rendition else self.choice.name
        if rid:
            self._events.ask(rid)

    def take(self, rid: str, codec: CodecDescriptor, clock_rate: int, coded: CodedUnit) -> None:
        """Takes one unit of a layer."""
        layer = self._layers.get(rid)
        if layer is None:
            layer = self._layers[rid] = _Layer(self._intake(rid), clock_rate)
        layer.intake.take(codec, clock_rate, coded)

    def take_report(self, rid: str, *, ntp: int, rtp: int) -> None:
        """Takes a sender report of a layer."""
        if rid in self._layers:
            self._layers[rid].clock.on_report(_TRACK, ntp=ntp, rtp=rtp)

    def stop(self) -> None:
        """Stops; nothing follows."""
        for layer in self._layers.values():
            layer.intake.stop()

    def _intake(self, rid: str) -> PictureIntake:
        return PictureIntake(
            self._formats,
            on_pictures=lambda codec, rate, found: self._take_pictures(rid, codec, rate, found),
            on_key_frame_needed=lambda: self._ask_if_wanted(rid),
        )

    def _ask_if_wanted(self, rid: str) -> None:
        if self.is_wanted(rid):
            self._events.ask(rid)

    def _take_pictures(
        self, rid: str, codec: CodecDescriptor, clock_rate: int, pictures: Sequence[Taken]
    ) -> None:
        now = time.monotonic()
        for picture in pictures:
            is_key = bool(picture.flags & Flags.KEY)
            if is_key:
                self._events.on_key_frame(rid)
            elif picture.flags & Flags.DISCONTINUITY:
                self.choice.lose(rid, now=now)
            pixels = picture.width * picture.height
            found = self.choice.take(
                rid,
                (codec, clock_rate, picture),
                is_key=is_key,
                pixels=pixels,
                size=len(picture.payload),
                now=now,
            )
            for each in found:
                self._events.on_source(*each)
            self._put_out(rid, codec, clock_rate, picture)
        wanted = self.choice.wanted(now=now)
        if wanted:
            self._events.ask(wanted)

    def _put_out(self, rid: str, codec: CodecDescriptor, clock_rate: int, picture: Taken) -> None:
        rendition, layer, coded = self._renditions.get(rid), self._layers[rid], picture.coded
        if rendition is None:
            return
        jumps = layer.timeline.jumps
        pts = layer.timeline.at(coded.pts, arrival_us=coded.first_arrival_us)
        if layer.timeline.jumps > jumps:
            layer.clock.restart(_TRACK)
        unit = AccessUnit(
            kind=Kind.VIDEO,
            codec=codec.codec,
            flags=picture.flags,
            sequence=0,  # counted where the layers of all connections come together
            pts=pts,
            clock_rate=clock_rate,
            capture_us=layer.clock.capture_us(
                _TRACK, pts=coded.pts, arrival_us=coded.first_arrival_us
            ),
            arrival_us=coded.first_arrival_us,
            payload=picture.payload,
            width=picture.width,
            height=picture.height,
            stamps=((Checkpoint.ARRIVED, coded.last_arrival_us),),
        )
        self._events.on_layer(rendition, unit)
