"""Heartbeats as workers write them."""

from __future__ import annotations

from wire.heartbeat import WorkerBeat


def beat(name: str, *, host: str, pid: int) -> WorkerBeat:
    """Of a worker without streams and nets."""
    return WorkerBeat(
        name=name,
        host=host,
        pid=pid,
        started_us=0,
        engines=["openvino"],
        models=[],
        capacity=1.0,
        load=0.0,
        ms_per_frame=10.0,
        streams=[],
    )
