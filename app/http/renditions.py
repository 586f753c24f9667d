"""A stream's renditions as the API lists them."""

from __future__ import annotations

from app.delivery.rendition_choice import USUAL
from app.http import schemas
from wire import keys
from wire.heartbeat import RenditionWork, StreamWork
from wire.rendition_record import RenditionRecord
from wire.stream_record import StreamRecord

_CODECS = {name: codec for codec, name in keys.ON_DEMAND.items()}


def rendition_views(
    record: StreamRecord,
    enhanced: RenditionRecord,
    work: StreamWork | None,
    viewers: dict[str, int],
    *,
    reason: str,
) -> list[schemas.Rendition]:
    """The source; the enhanced rendition as soon as its size is known; and those in one codec that
    are made or watched. ``viewers`` counts those of all nodes by log; ``reason`` says why no worker
    has the stream, else it is empty.
    """
    reason = reason or (work.reason if work else "")
    source = schemas.Rendition(
        name=keys.SOURCE,
        codec=record.codec,
        width=record.width,
        height=record.height,
        fps=record.fps,
        kbps=record.kbps,
        viewers=viewers.get(keys.SOURCE, 0),
    )
    made = {one.name: one for one in work.renditions} if work else {}
    found = [source]
    for name in keys.ALL_ENHANCED:
        one, here = made.get(name) or _not_made(name, enhanced), viewers.get(name, 0)
        is_usual = name == keys.ENHANCED and work is not None and work.width > 0
        if is_usual or here or one.watched:
            found.append(_view(record, work, one, viewers=here, reason=reason))
    return found


def _not_made(name: str, record: RenditionRecord) -> RenditionWork:
    codec = _CODECS.get(name) or record.output or USUAL
    return RenditionWork(name=name, codec=codec, watched=False)


def _view(
    record: StreamRecord, work: StreamWork | None, one: RenditionWork, *, viewers: int, reason: str
) -> schemas.Rendition:
    size = (one.width, one.height)
    if work and not one.width:
        size = (work.width, work.height)
    if one.watched or not viewers:
        reason = ""
    elif not reason:
        reason = f"The worker does not make {_CODECS.get(one.name, '').upper() or 'it'} yet."
    return schemas.Rendition(
        name=one.name,
        codec=one.codec,
        width=size[0],
        height=size[1],
        fps=one.fps,
        kbps=one.kbps,
        viewers=viewers,
        frames=one.frames,
        encoded=one.encoded,
        left_out=one.left_out,
        encode_ms=one.encode_ms,
        reason=reason,
    )
