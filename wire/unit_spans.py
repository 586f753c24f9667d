"""The spans of a unit's way, as each process tells its part of it from the unit's stamps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from media.access_unit import AccessUnit, Checkpoint, Kind
from wire import tracing
from wire.clock import now_us
from wire.tracing import Attribute, UnitTrace


def _trace(stream: str, unit: AccessUnit) -> UnitTrace | None:
    traces = tracing.current
    if traces is None or unit.kind is not Kind.VIDEO:
        return None
    return traces.of(stream, unit.pts)


def tell_ingest(stream: str, units: Iterable[AccessUnit]) -> None:
    """Tells that units of a publisher have just been appended to the source log: the whole's
    beginning, ``receive`` and ``append``.
    """
    if tracing.current is None:
        return
    for unit in units:
        trace = _trace(stream, unit)
        if trace is not None:
            ended_us, arrived_us = now_us(), unit.stamp(Checkpoint.ARRIVED)
            trace.span(tracing.ROOT, unit.arrival_us, ended_us, facts={"bytes": len(unit.payload)})
            trace.span("receive", unit.arrival_us, arrived_us)
            trace.span("append", arrived_us, ended_us)


def tell_picture(
    stream: str,
    rendition: str,
    unit: AccessUnit,
    stamps: Iterable[tuple[Checkpoint, int]],
    *,
    made_by: str = "",
) -> None:
    """Tells that a worker has just made a picture: ``read``, ``decode`` and ``upscale``.

    ``stamps`` are the worker's own; ``made_by`` is the quality level and the reason for it.
    """
    trace = _trace(stream, unit)
    if trace is None:
        return
    at = dict(stamps)
    logged_us = unit.stamp(Checkpoint.LOGGED)
    fetched_us = at.get(Checkpoint.FETCHED, unit.stamp(Checkpoint.FETCHED))
    decoded_us = at.get(Checkpoint.DECODED)
    trace.span("read", logged_us, fetched_us, rendition=rendition)
    trace.span("decode", fetched_us, decoded_us, rendition=rendition)
    enhanced_us, facts = at.get(Checkpoint.ENHANCED), {"method": made_by}
    trace.span("upscale", decoded_us, enhanced_us, rendition=rendition, facts=facts)


def tell_coded(stream: str, rendition: str, unit: AccessUnit) -> None:
    """Tells that a worker has just encoded a picture: ``encode``."""
    trace = _trace(stream, unit)
    if trace is None:
        return
    begun_us, coded_us = unit.stamp(Checkpoint.ENHANCED), unit.stamp(Checkpoint.ENCODED)
    codec = unit.codec.name.lower()
    facts: dict[str, Attribute] = {"codec": codec, "bytes": len(unit.payload)}
    trace.span("encode", begun_us, coded_us, rendition=rendition, key=codec, facts=facts)


def tell_task(
    stream: str, rendition: str, pts: int, took_s: float, facts: Mapping[str, Attribute]
) -> None:
    """Tells that a helper has just ended a task of a lead: ``task``, below ``upscale``. ``facts``
    has its number, which tells the tasks of a picture apart.
    """
    traces = tracing.current
    trace = None if traces is None else traces.of(stream, pts)
    if trace is None:
        return
    ended_us = now_us()
    begun_us = ended_us - round(took_s * 1e6)
    key = "-".join(str(value) for value in facts.values())
    below = {"rendition": rendition, "parent": "upscale", "key": key}
    trace.span("task", begun_us, ended_us, **below, facts=facts)


def tell_delivery(stream: str, rendition: str, unit: AccessUnit) -> None:
    """Tells that a unit has just been packetized and handed to the viewers of a node: the worker's
    ``publish`` (until it was read here) and ``send``.
    """
    trace = _trace(stream, unit)
    if trace is None:
        return
    coded_us = unit.stamp(Checkpoint.ENCODED) or unit.stamp(Checkpoint.FETCHED)
    published_us = unit.stamp(Checkpoint.PUBLISHED)
    delivered_us = unit.stamp(Checkpoint.DELIVERED)
    trace.span("publish", coded_us, published_us, rendition=rendition)
    trace.span("deliver", published_us, delivered_us, rendition=rendition)
    trace.span("send", delivered_us, now_us(), rendition=rendition)
