"""Queries on a viewer's session beyond ICE: its event streams and layers, between nodes too."""

from __future__ import annotations

from typing import Annotated

import msgspec

from app.errors import BadRequest

MAX_EVENTS = 16
"""Maximum number of event names that are looked at; there are seven."""

MAX_WAIT_S = 30.0
"""Maximum number of seconds that a query waits: an event stream is closed before."""

EventName = Annotated[str, msgspec.Meta(max_length=64)]
Version = Annotated[str, msgspec.Meta(max_length=400)]
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


class AwaitPicture(msgspec.Struct, frozen=True, tag="await_picture"):
    """Waits for another picture; the answer is a ``PictureSeen``."""

    id: EventName
    "The event stream that it is for."
    version: Version
    "Version of what was told; empty: nothing."
    wait_s: Annotated[float, msgspec.Meta(ge=0.0, le=MAX_WAIT_S)]


class PictureView(msgspec.Struct, frozen=True):
    """The picture that a viewer is shown: the data of the event ``picture``."""

    why: EventName
    "Code of the reason why the picture is not enhanced; empty where it is."
    rendition: EventName
    net: EventName = ""
    level: EventName = ""
    "Quality level of the last enhanced picture."
    width: Number = 0
    height: Number = 0
    kbps: Number = 0
    latency_ms: Number | None = None
    "Time that the server added."
    fraction: float = 0.0
    "Fraction of the pictures of the last second that a net made."


class PictureSeen(msgspec.Struct, frozen=True):
    """The picture that a viewer is shown, with its version."""

    view: PictureView | None
    "None: nothing was sent yet."
    version: Version


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


Query = OpenEvents | SeeEvents | CloseEvents | SelectLayer | AwaitPicture
_QUERIES: msgspec.json.Decoder[Query] = msgspec.json.Decoder(Query)
_STREAMS = msgspec.json.Decoder(EventStream)
_PICTURES = msgspec.json.Decoder(PictureSeen)


def encode_query(query: Query | EventStream | PictureSeen) -> str:
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


def parse_picture_seen(text: str) -> PictureSeen:
    """Parses the answer to ``AwaitPicture``. Raises BadRequest."""
    try:
        return _PICTURES.decode(text)
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
