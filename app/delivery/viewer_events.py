"""Server-sent events for a viewer's player; no I/O, no clock.

The extension draft "WebRTC-HTTP Egress Protocol Core Extensions" of WHEP names the events.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any

PICTURE = "picture"
"""Event of our own: what the player is shown, and why it is not enhanced where it is not."""

EVENTS = ("active", "inactive", "layers", PICTURE, "reconnect", "viewercount")
"""Events that the server sends."""

BITRATE_STEP = 0.25
"""Part by which a layer's bitrate changes before its players are told again: rates are measured
over some seconds and never rest."""


@dataclasses.dataclass(frozen=True, slots=True)
class PlayedLayer:
    """A rendition as players choose it."""

    rid: str
    "Name of the rendition."
    width: int
    height: int
    bitrate: int
    "Bits per second; 0: nobody makes it at the moment."

    def fields(self) -> dict[str, Any]:
        """Returns the fields of the event; a size that is not known is left out."""
        found: dict[str, Any] = {"rid": self.rid, "bitrate": self.bitrate}
        if self.width and self.height:
            found |= {"width": self.width, "height": self.height}
        return found


@dataclasses.dataclass(frozen=True, slots=True)
class StreamSight:
    """A stream as its players see it."""

    is_live: bool
    viewers: int = 0
    layers: tuple[PlayedLayer, ...] = ()
    enhancement: str = ""
    "State of the default rendition's enhancement; no event tells it."


@dataclasses.dataclass(frozen=True, slots=True)
class PlayerEvent:
    """One event, with its data on a single line."""

    name: str
    data: str

    def encode(self, event_id: str) -> str:
        """Returns the event as it goes over the wire (HTML, server-sent events)."""
        return f"event: {self.name}\ndata: {self.data}\nid: {event_id}\n\n"


class EventPolicy:
    """Turns sights of a stream into events: what is new since the sight before."""

    def __init__(self, names: tuple[str, ...], media: str) -> None:
        """``names`` are those that the player takes, all if empty; ``media`` is the place of its
        video section.
        """
        self._names = frozenset(names or EVENTS)
        self._media = media
        self._seen: StreamSight | None = None

    def take(self, sight: StreamSight) -> list[PlayerEvent]:
        """Returns the events that a sight brings. A first sight of a silent stream brings none."""
        before, self._seen = self._seen, self._settled(sight)
        events = []
        if sight.is_live and not (before and before.is_live):
            events.append(_event("active", {}))
        elif before and before.is_live and not sight.is_live:
            events.append(_event("inactive", {}))
        if before is None or before.layers != self._seen.layers:
            events += self._layers(self._seen.layers)
        if before is None or before.viewers != sight.viewers:
            events.append(_event("viewercount", {"viewercount": sight.viewers}))
        return [event for event in events if event.name in self._names]

    def leave(self) -> list[PlayerEvent]:
        """Returns the event of a server that ends the session while the stream goes on."""
        return [_event("reconnect", {})] if "reconnect" in self._names else []

    def resume(self, sight: StreamSight, event_id: str) -> None:
        """Takes a sight as seen, where ``event_id`` says that the player has all of it."""
        if event_id == event_id_of(sight):
            self._seen = sight

    @property
    def event_id(self) -> str:
        """The id of what the player has been told."""
        return event_id_of(self._seen) if self._seen is not None else ""

    def _settled(self, sight: StreamSight) -> StreamSight:
        """Returns the sight with the bitrates of before where they differ little."""
        known = {layer.rid: layer for layer in self._seen.layers} if self._seen else {}
        layers = tuple(_settled(layer, known.get(layer.rid)) for layer in sight.layers)
        return dataclasses.replace(sight, layers=layers)

    def _layers(self, layers: tuple[PlayedLayer, ...]) -> list[PlayerEvent]:
        if not self._media or not layers:
            return []
        return [_event("layers", {self._media: [layer.fields() for layer in layers]})]


def _settled(layer: PlayedLayer, before: PlayedLayer | None) -> PlayedLayer:
    if before is None or bool(layer.bitrate) != bool(before.bitrate):
        return layer
    is_near = abs(layer.bitrate - before.bitrate) <= BITRATE_STEP * before.bitrate
    return dataclasses.replace(layer, bitrate=before.bitrate) if is_near else layer


def picture_event(data: str) -> PlayerEvent:
    """Returns the event that says what a player is shown; ``data`` is JSON on one line."""
    return PlayerEvent(PICTURE, data)


def event_id_of(sight: StreamSight) -> str:
    """Returns an id that two sights have in common only if they are told alike."""
    return hashlib.blake2b(repr(sight).encode(), digest_size=9).hexdigest()


def _event(name: str, data: dict[str, Any]) -> PlayerEvent:
    return PlayerEvent(name, json.dumps(data, separators=(",", ":")))


def largest_within(layers: tuple[PlayedLayer, ...], width: int | None, height: int | None) -> str:
    """Returns the rendition of the largest picture within the limits; "" where nobody sets one.

    The smallest one where none is within.
    """
    if width is None and height is None:
        return ""
    sized = [layer for layer in layers if layer.width and layer.height]
    within = [
        layer
        for layer in sized
        if (width is None or layer.width <= width) and (height is None or layer.height <= height)
    ]
    if within:
        return max(within, key=lambda layer: layer.width * layer.height).rid
    return min(sized, key=lambda layer: layer.width * layer.height).rid if sized else ""
