"""Recordings as the API lists them, and what is recorded of a live stream."""

from __future__ import annotations

from app.http.recording_schemas import (
    Recording,
    RecordingGap,
    RecordingList,
    RecordingPart,
    RecordingViewers,
    StreamRecording,
)
from app.http.serializers import iso
from app.recording.catalogue import ListedFile
from app.recording.recording_lists import Page
from wire.recording_board import RecordingEntry, RecordMode
from wire.stream_record import StreamRecord

_DIED = "The server that recorded it does not answer; another one goes on if one runs."


def stream_recording(
    chosen: RecordMode | None, default: RecordMode, entries: list[RecordingEntry]
) -> StreamRecording:
    """Returns what is recorded of a stream, as the nodes told last.

    ``chosen`` None: nobody chose, and the default holds.
    """
    return StreamRecording(
        mode=chosen or default,
        chosen=chosen is not None,
        parts=[_part(entry) for entry in entries],
    )


def entries_of(record: StreamRecord | None, entries: list[RecordingEntry]) -> list[RecordingEntry]:
    """Returns those of the broadcast that is live; None: the stream is not."""
    if record is None:
        return []
    return [each for each in entries if (each.stream, each.epoch) == (record.id, record.epoch)]


def _part(entry: RecordingEntry) -> RecordingPart:
    state, reason = ("lost", _DIED) if entry.is_lapsed else (entry.state, entry.reason)
    return RecordingPart(
        rendition=entry.rendition, node=entry.node, state=state, reason=reason, bytes=entry.bytes
    )


def list_text(page: Page) -> bytes:
    """Returns the JSON of a ``RecordingList``; for a thread, since it may be long."""
    last = page.files[-1].file.parts.started_us if page.has_more else None
    recordings = [recording_view(each) for each in page.files]
    listed = RecordingList(recordings=recordings, before=last, free_bytes=page.free_bytes)
    return listed.model_dump_json().encode()


def recording_view(found: ListedFile) -> Recording:
    """Returns one recording; what its lost facts would tell is empty."""
    facts, stored = found.facts, found.file
    return Recording(
        stream=stored.stream,
        file=stored.name,
        rendition=stored.parts.rendition,
        started_at=iso(found.started_us),
        length_s=round(found.length_us / 1e6, 3),
        bytes=stored.size,
        codec=facts.codec if facts is not None else "",
        width=facts.width if facts is not None else 0,
        height=facts.height if facts is not None else 0,
        audio=facts.audio if facts is not None else False,
        broadcast=str(facts.epoch) if facts is not None else "",
        live=found.is_live,
        gaps=[
            RecordingGap(at_s=gap.at_us / 1e6, length_s=gap.length_us / 1e6)
            for gap in (facts.gaps if facts is not None else [])
        ],
        viewers=[
            RecordingViewers(at_s=point.at_us / 1e6, viewers=point.viewers)
            for point in (facts.viewers if facts is not None else [])
        ],
    )
