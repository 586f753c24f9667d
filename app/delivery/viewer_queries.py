"""Queries on a viewer's session beyond ICE: its event streams and layers, between nodes too."""

from __future__ import annotations

from typing import Annotated

import msgspec

from app.errors import BadRequest

MAX_EVENTS = 16
"""Maximum number of event names that are looked at; there are six."""

EventName = Annotated[str, msgspec.Meta(max_length=64)]
Number = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class OpenEvents(msgspec.Struct, frozen=True, tag="open_events"):
    """Opens an event stream; the answer is an ``EventStream``."""

    names: tuple[EventName, ...]
    "Events that the player takes; empty: all."


class SeeEvents(msgspec.Struct, frozen=True, tag="see_events"):
    """Reads an event stream again; the answer is an ``EventStream``."""

    id: EventName


class CloseEvents(msgspec.Struct, frozen=True, tag="close_events"):
    """Ends an event stream; the answer is an ``EventStream`` too."""

    id: EventName


class SelectLayer(msgspec.Struct, frozen=True, tag="select_layer"):
    """Moves the viewer to another rendition."""

    rendition: EventName = ""
    "Name of the rendition; empty: the one that its offer asked for."
    media: EventName = ""
    "The section that is meant, as the viewer named it; empty: its video."


class EventStream(msgspec.Struct, frozen=True):
    """An event stream of a viewer's session."""

    id: EventName
    names: tuple[EventName, ...]
    "Events that the player takes; empty: all."
    media: str = ""
    "Place of the video section in the offer; empty: there is none."


Query = OpenEvents | SeeEvents | CloseEvents | SelectLayer
_QUERIES: msgspec.json.Decoder[Query] = msgspec.json.Decoder(Query)
_STREAMS = msgspec.json.Decoder(EventStream)


def encode_query(query: Query | EventStream) -> str:
    """Returns the text that goes to the node that has the session."""
    return msgspec.json.encode(query).decode()


def parse_query(text: str) -> Query:
    """Parses a query. Raises BadRequest."""
    try:
        return _QUERIES.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadRequest(f"The query cannot be read: {error}.") from error


def parse_event_stream(text: str) -> EventStream:
    """Parses the answer to a query on event streams. Raises BadRequest."""
    try:
        return _STREAMS.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadRequest(f"The answer cannot be read: {error}.") from error


class LayerWanted(msgspec.Struct, frozen=True, rename="camel"):
    """The body of a layer selection, by the WHEP extension; what else stands there is ignored."""

    media_id: EventName | None = None
    rid: EventName | None = None
    encoding_id: EventName | None = None
    "The name that ``rid`` had in earlier drafts."
    max_width: Number | None = None
    max_height: Number | None = None

    @property
    def name(self) -> str:
        """The rendition that is named, empty where the server is to choose."""
        return self.rid or self.encoding_id or ""


_LAYERS = msgspec.json.Decoder(LayerWanted)
_NAMES = msgspec.json.Decoder(list[str])


def parse_layer(text: str) -> LayerWanted:
    """Parses the body of a layer selection. Raises BadRequest."""
    try:
        return _LAYERS.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadRequest(f"The body must be a JSON object that names a layer: {error}.") from error


def parse_event_names(text: str) -> tuple[str, ...]:
    """Parses the body that asks for an event stream. Raises BadRequest."""
    if not text.strip():
        return ()
    try:
        names = _NAMES.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadRequest(f"The body must be a JSON array of event names: {error}.") from error
    # Unknown ones are taken and never sent: later versions of the extension may have them.
    return tuple(name[:64] for name in names[:MAX_EVENTS])
