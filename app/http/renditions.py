"""A stream's renditions as the API lists them."""

from __future__ import annotations

from app.http import schemas
from app.streams.hub import StreamHub
from wire import keys
from wire.heartbeat import RenditionWork, StreamWork
from wire.streams import StreamRecord

_CODECS = {name: codec for codec, name in keys.ON_DEMAND.items()}


def rendition_views(
    record: StreamRecord, work: StreamWork | None, hub: StreamHub, *, reason: str
) -> list[schemas.Rendition]:
    """The source; the enhanced rendition as soon as its size is known; and those in one codec that
    are made or wanted here. ``reason`` says why no worker has the stream, else it is empty.
    """
    viewers = hub.viewers(record.id)
    reason = reason or (work.reason if work else "")
    source = schemas.Rendition(
        name=keys.SOURCE, codec=record.codec, width=record.width, height=record.height,
        fps=record.fps, kbps=record.kbps, viewers=viewers.get(keys.SOURCE, 0),
    )  # fmt: skip
    made = {one.name: one for one in work.renditions} if work else {}
    found = [source]
    for name in keys.ALL_ENHANCED:
        one, here = made.get(name), viewers.get(name, 0)
        is_usual = name == keys.ENHANCED and work is not None and work.width > 0
        if is_usual or here or (one and one.watched):
            view = _view(record, work, one, codec=_codec(record, name, one), name=name)
            view.viewers = here
            view.reason = _reason(name, one, here, reason)
            found.append(view)
    return found


def _view(
    record: StreamRecord,
    work: StreamWork | None,
    one: RenditionWork | None,
    *,
    codec: str,
    name: str,
) -> schemas.Rendition:
    factor = rendition_name(work.width if work else 0, record.width)
    size = (one.width, one.height) if one and one.width else (0, 0)
    if work and not size[0]:
        size = (work.width, work.height)
    return schemas.Rendition(
        name=name.replace(keys.ENHANCED, factor, 1), codec=codec, width=size[0], height=size[1],
        fps=one.fps if one else 0.0, kbps=one.kbps if one else 0.0, viewers=0,
        frames=one.frames if one else 0, encoded=one.encoded if one else 0,
        left_out=one.left_out if one else 0, encode_ms=one.encode_ms if one else 0.0,
    )  # fmt: skip


def _codec(record: StreamRecord, name: str, one: RenditionWork | None) -> str:
    if one is not None:
        return one.codec
    return _CODECS.get(name) or record.output or "h264"


def _reason(name: str, one: RenditionWork | None, viewers: int, reason: str) -> str:
    """Why its viewers here get nothing of it."""
    if not viewers or (one is not None and one.watched):
        return ""
    return reason or f"The worker does not make {_CODECS.get(name, 'it').upper()} yet."


def rendition_name(enhanced: int, source: int) -> str:
    """The enhanced rendition is called by its factor; copied while that is 1."""
    factor = round(enhanced / source) if source else 2
    return f"{max(2, factor)}x"
