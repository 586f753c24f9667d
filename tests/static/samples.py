"""Canned answers of the JSON API, in the shapes of docs/api.md."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

STAGES = ("ingest", "queue", "decode", "enhance", "encode", "publish", "deliver")


def stream(
    name: str = "garden",
    *,
    state: str = "enhancing",
    reason: str = "",
    factor: int = 2,
    strength: float = 0.5,
    adjustable: bool = False,
) -> Json:
    """One live stream."""
    enhanced = state == "enhancing"
    source = {"codec": "h264", "width": 480, "height": 270, "fps": 30.0, "kbps": 812.0}
    better = {**source, "width": 480 * factor, "height": 270 * factor, "fps": 29.9, "kbps": 2400.0}
    renditions: list[Json] = [
        rendition("source", **source),
        rendition("enhanced", state, reason, **(better if enhanced else {})),
    ]
    stages = [
        {"name": stage, "p50": 0.6 + 3.1 * index, "p95": 1.1 + 4.2 * index}
        for index, stage in enumerate(STAGES)
    ]
    return {
        "id": name,
        "state": "live",
        "reason": "",
        "started_at": "2026-01-01T00:00:00Z",
        "audio": True,
        "viewers": 2,
        "source": source,
        "renditions": renditions,
        "enhancement": {
            "enabled": state != "off",
            "model": "live-s",
            "strength": strength,
            "adjustable": adjustable,
            "state": state,
            "reason": reason,
            "worker": "edge-1" if enhanced else "",
            "engine": "openvino" if enhanced else "",
        },
        "frames": {
            "in": 900,
            "out": 899,
            "enhanced": 890,
            "bicubic": 9,
            "bypassed": 0,
            "dropped": {"late": 1},
            "levels": {"full": {"best": 850}, "small": {"allocation": 40}, "bicubic": {"late": 9}},
        },
        "latency_ms": {
            "samples": 300 if enhanced else 0,
            "total": {"p50": 31.0, "p95": 44.0} if enhanced else None,
            "stages": stages if enhanced else [],
        },
    }


def rendition(name: str, state: str = "", reason: str = "", /, **facts: object) -> Json:
    """One rendition of a stream; without facts of its picture it is not made yet."""
    unknown: Json = {"codec": "h264", "width": 0, "height": 0, "fps": 0.0, "kbps": 0.0}
    spec = {"model": "", "factor": 0, "strength": None, "codec": "", "kbps": 0, "enhance": True}
    return {
        "name": name,
        "of": "",
        "viewers": 1,
        "state": state,
        "reason": reason,
        "model": "" if name == "source" else "live-s",
        "spec": None if name == "source" else spec,
        **unknown,
        **facts,
    }


def worker(name: str = "edge-1", *, streams: list[Json] | None = None) -> Json:
    """One worker with one stream."""
    duty = {
        "stream": "garden",
        "state": "enhancing",
        "reason": "",
        "model": "live-s",
        "engine": "openvino",
        "width": 480,
        "height": 270,
        "fps": 30.0,
        "kbps": 2400.0,
        "frames_in": 900,
    }
    return {
        "name": name,
        "host": "box",
        "pid": 4711,
        "started_at": "2026-01-01T00:00:00Z",
        "engines": ["openvino", "ort"],
        "models": ["live-s", "live-m"],
        "capacity": 2.0,
        "load": 1.1,
        "ms_per_frame": 11.8,
        "engine_ms_per_s": 412.3,
        "given_ms_per_s": 654.3,
        "cores": 2.0,
        "composes": False,
        "streams": [duty] if streams is None else streams,
        "helping": [],
        "declined": 0,
    }


def device(name: str = "attic", *, away: bool = False) -> Json:
    """One device at another site."""
    link = {
        "rtt_ms": 41.3,
        "loss": 0.021,
        "rate_kbps": 9200.0,
        "delivered_kbps": 812.0,
        "queue_ms": 2.4,
        "queued_bytes": 3400,
        "silent_ms": 12.0,
        "messages": {"sent": 900, "received": 880, "restored": 31, "late": 2, "refused": 0},
    }
    return {
        "name": name,
        "state": "away" if away else "joined",
        "fingerprint": "0123456789abcdef" * 4,
        "first_joined_at": "2026-01-01T00:00:00Z",
        "seen_at": "2026-01-01T00:10:00Z",
        "address": "198.51.100.7",
        "gateway": "" if away else "g1",
        "link": None if away else link,
        "jobs": [] if away else [{"stream": "garden", "rendition": "enhanced"}],
    }


def gateway() -> Json:
    """One gateway."""
    return {
        "name": "g1",
        "host": "0.0.0.0",
        "port": 9443,
        "fingerprint": "ab" * 32,
        "shared_token": True,
        "devices": 1,
    }


def token(name: str = "", *, number: int = 0) -> Json:
    """A token that nobody has used."""
    expires = "2026-01-02T00:00:00Z"
    return {"id": f"{number:016x}", "name": name, "expires_at": expires}


def team_map(*devices: str, cells: str = "0" * 8 + "1" * 6 + ".." + "." * 16) -> Json:
    """Two devices, or these, on a picture of 320x180 in 8 by 4 squares; the last row is cut off."""
    names = devices or ("edge-1", "attic")
    found = {
        "width": 320, "height": 140, "cell": 40, "columns": 8, "rows": 4,
        "devices": list(names), "cells": cells,
    }  # fmt: skip
    return {"worker": names[0], "helpers": list(names[1:]), "map": found}


def model(name: str, title: str, *, strength: bool = False, missing: str = "") -> Json:
    """One model."""
    return {
        "name": name,
        "title": title,
        "scale": 2,
        "macs_per_pixel": 9000,
        "parameters": 18000,
        "licence": "Apache-2.0",
        "precisions": ["fp32", "int8"],
        "strength": strength,
        "missing": missing,
    }


def models() -> list[Json]:
    """Two models."""
    return [model("live-s", "Live S", strength=True), model("live-m", "Live M")]


def server(
    *,
    publish_token: bool = False,
    admin_token: bool = False,
    instance: str = "run-1",
    send_sizes: list[Json] | None = None,
) -> Json:
    """What a page asks first."""
    return {
        "version": "0.1.0",
        "instance": instance,
        "publish_token_needed": publish_token,
        "admin_token_needed": admin_token,
        "ice_servers": [],
        "default_model": "live-s",
        "send_sizes": send_sizes or [],
    }


def recording(
    stream: str = "garden", rendition: str = "source", *, second: int = 0, **changes: Any
) -> Json:
    """A recorded file."""
    return {
        "stream": stream,
        "file": f"20261129T0142{second:02d}.500Z-{rendition}.mp4",
        "rendition": rendition,
        "started_at": f"2026-11-29T01:42:{second:02d}Z",
        "length_s": 65.2,
        "bytes": 12_300_000,
        "codec": "h264",
        "width": 480,
        "height": 270,
        "audio": True,
        "broadcast": "1790000000000001",
        "live": False,
        "gaps": [],
        "viewers": [],
        **changes,
    }


def stream_key(streams: str = "cam1", *, number: int = 0, **changes: Any) -> Json:
    """A stream key without its secret."""
    return {
        "id": f"key-{number}",
        "streams": streams,
        "note": "Ann",
        "view": "public",
        "limits": {"streams": 0, "kbps": 0, "pixels": 0, "viewers": 0},
        "created_at": "2026-01-01T00:00:00Z",
        "expires_at": None,
        "is_expired": False,
        "old_secret_until": None,
        "live": [],
        **changes,
    }


def act(name: str = "key_made", **changes: str) -> Json:
    """An entry of the audit log."""
    return {
        "at": "2026-01-01T00:00:00Z",
        "who": "admin-token",
        "address": "192.0.2.1",
        "act": name,
        "target": "key-0",
        "detail": "for cam1",
        **changes,
    }
