"""The values of all registered counters, for ``/metrics`` and the API alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from app.external_access.external_access import ExternalAccess
from app.http.snapshot import Seen
from app.node import AppNode
from app.streams.ingest_session import IngestSession
from wire import counters
from wire.counter import Counter
from wire.counters import COUNTERS
from wire.errors import BadMessage
from wire.gateway_heartbeat import GatewayBeat
from wire.heartbeat import StreamWork, WorkerBeat

Sample = tuple[Counter, tuple[str, ...], float]
"""A counter, the values of its labels, and its value."""

_OF_LEAD = {
    "in": "frames_in",
    "out": "frames_out",
    "enhanced": "enhanced",
    "bicubic": "bicubic",
    "bypassed": "bypassed",
    "key_frames": "key_frames",
}
"""The field of ``StreamWork`` by the label ``what`` of ``lead_frames``."""


def of_app(node: AppNode, requests_refused: Mapping[str, int]) -> Iterator[Sample]:
    """Yields this node's counters of its publishers, readers and viewers."""
    for ingest in node.publishers.ingest_sessions():
        yield from _of_publisher(node, ingest)
    # Two readers of one rendition live side by side while a stream changes hands. The newest one's
    # counts are shown: their sum would fall when the older reader ends.
    readers = sorted(node.readers.all(), key=lambda reader: reader.session)
    for reader in {(each.stream, each.rendition): each for each in readers}.values():
        labels = (reader.stream, reader.rendition)
        yield counters.UNITS_READ, labels, reader.units
        yield counters.UNITS_SKIPPED, labels, reader.skipped
        # Both were left out for one reason: viewers had them already, or a lead that was replaced
        # wrote them.
        yield counters.UNITS_REPEATED, labels, reader.repeated + reader.stale_units
        yield counters.ENTRIES_REFUSED, labels, reader.bad_entries
    for packager in node.packagers.all():
        labels = (packager.stream, packager.rendition)
        yield counters.HLS_UNITS_REFUSED, labels, packager.unpackable
    yield from _of_recordings(node)
    yield from _by_label(counters.WEBHOOKS_SENT, (), node.webhooks.sent)
    yield from _by_label(counters.WEBHOOK_ATTEMPTS_FAILED, (), node.webhooks.attempts_failed)
    for receiver_and_reason, count in node.webhooks.dropped.items():
        yield counters.WEBHOOKS_DROPPED, receiver_and_reason, count
    yield from _by_label(counters.VIEWER_UNITS_DROPPED, (), node.viewers.dropped())
    yield counters.VIEWER_STALLS, (), node.viewers.stalls()
    yield from _by_label(counters.VIEWER_ADAPTATIONS, (), node.viewers.adaptations)
    ports = node.ports
    yield from _by_label(counters.PACKETS_REFUSED, (), node.refusals + ports.refused)
    yield counters.PACKETS_UNSENT, (), ports.unsent
    yield counters.ICE_TCP_CONNECTIONS_REFUSED, (), ports.cut_off
    yield from _by_label(counters.REQUESTS_REFUSED, (), requests_refused)
    yield counters.NODE_REQUESTS_FORWARDED, (), node.sessions.forwarded
    yield counters.NODE_MESSAGES_REFUSED, (), node.sessions.bad_messages


def of_external(access: ExternalAccess) -> Iterator[Sample]:
    """Yields the counters of rights that others give."""
    yield from _by_label(counters.JWKS_FETCHES, (), access.key_fetches)
    yield from _by_label(counters.JWTS_REFUSED, (), access.jwts_refused)
    yield from _by_label(counters.ACCESS_HOOK_QUESTIONS, (), access.hook_questions)


def _of_recordings(node: AppNode) -> Iterator[Sample]:
    for recorder in node.recorders.all():
        labels = (recorder.subject.stream, recorder.subject.rendition)
        yield counters.RECORDING_BYTES, labels, recorder.bytes
        yield from _by_label(counters.RECORDING_UNITS_DROPPED, labels, recorder.dropped)
    yield counters.RECORDINGS_FINISHED, (), node.recorders.finished
    yield counters.RECORDINGS_REMOVED, (), node.recorders.removed
    yield counters.RECORDINGS_UNTIDIED, (), node.recorders.faults.count


def _of_publisher(node: AppNode, ingest: IngestSession) -> Iterator[Sample]:
    stream = ingest.stream
    yield counters.UNITS_IN, (stream,), ingest.units_in
    yield from _by_label(counters.UNITS_DROPPED, (stream,), ingest.dropped)
    refused = node.publishers.refused(stream)
    yield from _by_label(counters.PICTURES_REFUSED, (stream,), refused)
    packets = node.publishers.packets(stream)
    yield from _by_label(counters.PUBLISHER_PACKETS_UNUSED, (stream,), packets)
    yield counters.MESSAGES_REFUSED, (stream,), ingest.bad_messages


def of_gateways(beats: list[GatewayBeat]) -> Iterator[Sample]:
    """Yields the gateways' counters of their heartbeats, and those of their devices."""
    for beat in beats:
        yield counters.GATEWAY_JOINS, (beat.name,), beat.joins
        yield from _by_label(counters.GATEWAY_REFUSED, (beat.name,), beat.refused)
        for link in beat.devices:
            yield from _by_label(counters.LINK_MESSAGES, (link.name,), link.messages)


def of_workers(beats: list[WorkerBeat]) -> Iterator[Sample]:
    """Yields the workers' counters of their heartbeats: the same at every node."""
    for beat in beats:
        yield counters.BAD_JOBS, (beat.name,), beat.bad_jobs
        yield counters.RENDITIONS_HANDED_OVER, (beat.name,), beat.handed_over
        yield counters.TEAM_MESSAGES_DROPPED, (beat.name, "late"), beat.team_late
        yield counters.TEAM_MESSAGES_DROPPED, (beat.name, "unreadable"), beat.team_bad
        yield counters.TEAM_MESSAGES_DROPPED, (beat.name, "unsent"), beat.team_unsent
        yield counters.TEAM_MESSAGES_DROPPED, (beat.name, "unclaimed"), beat.team_unclaimed
        yield from _by_label(counters.HELPER_TASKS, (beat.name,), beat.helped)
        yield counters.HELPER_ENGINE_SECONDS, (beat.name,), beat.helper_engine_ms / 1000.0
        yield counters.INVITATIONS_DECLINED, (beat.name,), beat.declined
        # A lane whose lease was lost may still end while its successor runs. Entries stand in the
        # order in which leads were taken, so the last one of each name is the newest.
        for work in {(each.stream, each.rendition): each for each in beat.streams}.values():
            yield from _of_lead(beat.name, work)
        # All renditions that a worker makes of a stream share one session, and each reports its
        # counts.
        for work in {each.stream: each for each in beat.streams}.values():
            yield from _of_session(beat.name, work)


def _of_session(worker: str, work: StreamWork) -> Iterator[Sample]:
    session = (work.stream, worker)
    yield counters.SOURCE_DECODED, session, work.decoded
    yield counters.LEAD_REFUSED, (*session, "entries"), work.bad_entries
    yield counters.LEAD_REFUSED, (*session, "messages"), work.bad_messages
    yield counters.LEAD_REFUSED, (*session, "stale units"), work.stale_units


def _of_lead(worker: str, work: StreamWork) -> Iterator[Sample]:
    lead = (work.stream, worker, work.rendition)
    for level, reasons in work.levels.items():
        yield from _by_label(counters.FRAMES, (*lead, level), reasons)
    for what, field in _OF_LEAD.items():
        yield counters.LEAD_FRAMES, (*lead, what), getattr(work, field)
    yield from _by_label(counters.LEAD_FRAMES_DROPPED, lead, work.dropped)
    yield counters.LEAD_REPLAYED, lead, work.replayed
    yield counters.TEMPORAL_WANTED, lead, work.temporal_wanted
    yield counters.TEMPORAL_DONE, lead, work.temporal_done
    yield from _by_label(counters.NET_SAMPLES, lead, work.net_samples)
    yield from _by_label(counters.TEAM_RESULTS, lead, work.team_results)
    yield counters.RENDITION_CPU_SECONDS, lead, work.cost.cpu_s
    if work.cost.energy_j is not None:
        yield counters.RENDITION_ENERGY_JOULES, lead, work.cost.energy_j
    for one in work.renditions:
        made = (work.stream, worker, one.name)
        yield counters.RENDITION_FRAMES, made, one.frames
        yield counters.RENDITION_KEY_FRAMES, made, one.key_frames
        yield counters.RENDITION_ENCODED, made, one.encoded
        yield counters.RENDITION_REFINED, made, one.refined
        yield counters.RENDITION_LEFT_OUT, made, one.left_out


def _by_label(
    counter: Counter, labels: tuple[str, ...], counts: Mapping[str, int]
) -> Iterator[Sample]:
    """Yields a sample for each value of the last label."""
    for name, count in counts.items():
        yield counter, (*labels, name), count


def of_shared(seen: Seen) -> Iterator[Sample]:
    """Yields the values of the counters of workers and gateways, the same in every process."""
    yield from of_workers(seen.beats)
    yield from of_gateways(seen.gateways)


def by_counter(samples: Iterable[Sample]) -> dict[Counter, dict[tuple[str, ...], float]]:
    """Returns the samples of every registered counter, none where nothing was counted."""
    found: dict[Counter, dict[tuple[str, ...], float]] = {each: {} for each in COUNTERS}
    for counter, labels, value in samples:
        found[counter][labels] = value
    return found


_BY_NAME = {counter.name: counter for counter in COUNTERS}


def encode_samples(samples: Iterable[Sample]) -> bytes:
    """Returns the samples as JSON, for another process of this server."""
    return msgspec.json.encode(
        [(counter.name, labels, value) for counter, labels, value in samples]
    )


def parse_samples(data: bytes) -> list[Sample]:
    """Parses what ``encode_samples`` made. Raises BadMessage."""
    try:
        found = msgspec.json.decode(data, type=list[tuple[str, tuple[str, ...], float]])
        return [(_BY_NAME[name], labels, value) for name, labels, value in found]
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError) as error:
        raise BadMessage(f"counters of a process: {error}") from error
