"""The JSON of the admin API, made of records and heartbeats."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from app.http import schemas
from app.http.counter_samples import Sample, by_counter
from app.http.enhancement_schemas import Enhancement
from app.http.metrics_text import PROCESS
from app.http.node_views import NodeBeats, latency_view
from app.http.renditions import Produced, rendition_views, team_view
from wire import keys
from wire.app_heartbeat import NodeStream
from wire.counter import Counter
from wire.heartbeat import StreamWork, WorkerBeat
from wire.recording_board import RecordMode
from wire.rendition_record import RenditionRecord
from wire.stream_keys import View
from wire.stream_record import StreamRecord

_WAITING = "No worker has taken it yet."
_NO_KEY_FRAME = "No key frame has come from the publisher yet."
LABEL = "Enhanced by a neural net"
"""Words that viewers are to be told of enhanced pictures."""

_NO_WORKER = "No worker is running."
_FULL = "All workers are at their capacity."
_LAST_S = 253_402_300_799
"""The last second of the year 9999."""


@dataclasses.dataclass(frozen=True, slots=True)
class Defaults:
    """Settings of a stream for which nobody chose."""

    model: str
    strength: float
    "Strength of the style."
    recording: RecordMode = "off"
    "The renditions to record."


def iso(us: int) -> str:
    """Returns Unix microseconds as RFC 3339 in UTC; what no calendar holds becomes its end."""
    # A damaged record may hold any number, and must not make the list of all streams fail.
    at = datetime.datetime.fromtimestamp(min(max(us / 1e6, 0), _LAST_S), tz=datetime.UTC)
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def stream_view(
    record: StreamRecord,
    renditions: list[RenditionRecord],
    beats: list[WorkerBeat],
    nodes: NodeBeats,
    defaults: Defaults,
    *,
    view: View = View.PUBLIC,
) -> schemas.Stream:
    """Returns one stream, as its workers and nodes tell of it. The default rendition is the first
    of the ``renditions``; the stream's enhancement and frames are its own.
    """
    produced = [_produced(each, beats, defaults) for each in renditions]
    default = produced[0]
    viewers, publisher = nodes.viewers(record.id), nodes.publisher(record.id)
    source = schemas.Source(
        codec=record.codec,
        width=record.width,
        height=record.height,
        fps=record.fps,
        kbps=record.kbps,
    )
    return schemas.Stream(
        id=record.id,
        state=record.state,
        reason=record.reason or ("" if record.state == "live" else _NO_KEY_FRAME),
        started_at=iso(record.started_us),
        audio=record.audio,
        viewers=nodes.people(record.id),
        sessions=sum(viewers.values()),
        source=source,
        renditions=rendition_views(record, produced, viewers),
        enhancement=default.enhancement.model_copy(update={"allowed": not record.original}),
        team=team_view(default.work),
        frames=_frames(default.work, publisher),
        packets=publisher.packets,
        layer=publisher.layer,
        latency_ms=latency_view(nodes.latency(record.id, keys.logs_of(keys.ENHANCED))),
        view=view.value,
    )


def _produced(record: RenditionRecord, beats: list[WorkerBeat], defaults: Defaults) -> Produced:
    lead, work = lead_of(record, beats)
    return Produced(record, work, _enhancement(record, lead, work, beats, defaults))


def lead_of(
    record: RenditionRecord, beats: list[WorkerBeat]
) -> tuple[WorkerBeat | None, StreamWork | None]:
    """Returns the worker that leads a rendition and its report of it; None while nobody does."""
    for beat in beats:
        for work in beat.streams:
            # The epoch tells the lead from a worker that lost the lease and has not noticed it yet.
            here = (work.stream, work.rendition, work.epoch)
            if here == (record.stream, record.name, record.epoch):
                return beat, work
    return None, None


def _enhancement(
    record: RenditionRecord,
    lead: WorkerBeat | None,
    work: StreamWork | None,
    beats: list[WorkerBeat],
    defaults: Defaults,
) -> Enhancement:
    if lead is None or work is None:
        reason = _NO_WORKER
        if beats:
            full = all(beat.load >= beat.capacity for beat in beats)
            reason = _FULL if full else _WAITING
        return Enhancement(
            enabled=record.enhance,
            **_style(record, record.model or defaults.model, beats, defaults),
            state="waiting",
            reason=reason,
            worker="",
            engine="",
        )
    return Enhancement(
        enabled=record.enhance,
        **_style(record, work.model or record.model or defaults.model, beats, defaults),
        state=work.state,
        label=LABEL if work.state == "enhancing" else "",
        reason=work.reason,
        worker=lead.name,
        engine=work.engine,
        tuning=work.tuning,
    )


def _style(
    record: RenditionRecord, model: str, beats: list[WorkerBeat], defaults: Defaults
) -> dict[str, Any]:
    known = (info for beat in beats for info in beat.models)
    return {
        "model": model,
        # A negative strength in the record means that nobody chose one.
        "strength": record.strength if record.strength >= 0 else defaults.strength,
        "adjustable": any(info.strength for info in known if info.name == model),
    }


def _frames(work: StreamWork | None, publisher: NodeStream) -> schemas.Frames:
    dropped = dict(work.dropped) if work else {}
    for reasons in (publisher.dropped, publisher.refused):
        for reason, count in reasons.items():
            # The worker has reasons of the same names, which must not be added to these.
            dropped[f"ingest_{reason}"] = count
    if lost := publisher.packets.get("lost"):
        dropped["packets_lost"] = lost
    return schemas.Frames.model_validate(
        {
            "in": work.frames_in if work else 0,
            "out": work.frames_out if work else 0,
            "enhanced": work.enhanced if work else 0,
            "bicubic": work.bicubic if work else 0,
            "bypassed": work.bypassed if work else 0,
            "dropped": dropped,
            "levels": work.levels if work else {},
        }
    )


def worker_view(beat: WorkerBeat) -> schemas.Worker:
    """Returns one worker as the API shows it."""
    return schemas.Worker(
        name=beat.name,
        state=beat.state,
        host=beat.host,
        pid=beat.pid,
        started_at=iso(beat.started_us),
        engines=beat.engines,
        models=[model.name for model in beat.models],
        capacity=round(beat.capacity, 2),
        load=round(beat.load, 2),
        ms_per_frame=round(beat.ms_per_frame, 2),
        engine_ms_per_s=round(beat.engine_ms_per_s, 1),
        given_ms_per_s=round(beat.given_ms_per_s, 1),
        cores=round(beat.cores, 2),
        composes=beat.composes,
        streams=[_worker_stream(work) for work in beat.streams],
        helping=[schemas.WorkerHelp(**msgspec.structs.asdict(work)) for work in beat.helping],
        declined=beat.declined,
    )


def _worker_stream(work: StreamWork) -> schemas.WorkerStream:
    # The fields have the names of the heartbeat's, so a new one needs no line here.
    names = schemas.WorkerStream.model_fields
    return schemas.WorkerStream(**{name: getattr(work, name) for name in names})


def counter_views(
    samples: Iterable[Sample], of_processes: Mapping[int, Iterable[Sample]] | None = None
) -> schemas.CounterList:
    """Returns all registered counters with their samples.

    ``of_processes`` are samples of processes by number, which get that as one more label.
    """
    # Every registered counter is there, also one that has no sample.
    views = {
        counter: _sample_views(counter, found) for counter, found in by_counter(samples).items()
    }
    for number, own in (of_processes or {}).items():
        for counter, found in by_counter(own).items():
            views[counter] += _sample_views(counter, found, **{PROCESS: str(number)})
    return schemas.CounterList(
        counters=[
            schemas.Counter(
                name=counter.name,
                unit=counter.unit,
                help=counter.help,
                only_grows=counter.only_grows,
                samples=found,
            )
            for counter, found in views.items()
        ]
    )


def _sample_views(
    counter: Counter, samples: Mapping[tuple[str, ...], float], **more: str
) -> list[schemas.CounterSample]:
    return [
        schemas.CounterSample(labels=dict(zip(counter.labels, labels, strict=True)) | more, value=v)
        for labels, v in samples.items()
    ]


def model_views(beats: list[WorkerBeat]) -> list[schemas.Model]:
    """Returns the nets that at least one running worker can load, by name."""
    found: dict[str, schemas.Model] = {}
    for beat in beats:
        for model in beat.models:
            # One worker that can use it is enough.
            if model.name in found and not found[model.name].missing:
                continue
            found[model.name] = schemas.Model(
                name=model.name,
                title=model.title,
                scale=model.scale,
                macs_per_pixel=model.macs_per_pixel,
                parameters=model.parameters,
                licence=model.licence,
                precisions=model.precisions,
                strength=model.strength,
                missing=model.missing,
            )
    return [found[name] for name in sorted(found)]
