"""Writes the Grafana dashboard, from one table of its panels: ``python -m docs.draw_dashboard``."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[1] / "cli/monitoring/files/grafana/dashboards/sharpcast.json"

_COLUMNS = 24
"""Columns of Grafana's grid."""

_SOURCE = {"type": "prometheus", "uid": "${datasource}"}


@dataclasses.dataclass(frozen=True, slots=True)
class Query:
    """One expression of PromQL with the legend of its series."""

    expression: str
    legend: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Panel:
    """One panel: a graph over time, or with ``is_number`` the value of now."""

    title: str
    unit: str
    "Name of a unit of Grafana: s, Bps, bytes, percentunit, short, ..."
    about: str
    "The sentence behind the panel's (i)."
    queries: tuple[Query, ...]
    is_number: bool = False
    is_stacked: bool = False


def _rate(metric: str, by: str, labels: str = "") -> str:
    return f"sum by ({by}) (rate(sharpcast_{metric}{{{labels}}}[$__rate_interval]))"


def _quantile(rank: float, metric: str, by: str, labels: str = "") -> str:
    rate = _rate(f"{metric}_bucket", f"le, {by}", labels)
    return f"histogram_quantile({rank}, {rate})"


_STREAM = 'stream=~"$stream"'


def _number(title: str, expression: str, unit: str, about: str) -> Panel:
    return Panel(title, unit, about, (Query(expression),), is_number=True)


def _graph(title: str, unit: str, about: str, *queries: Query, is_stacked: bool = False) -> Panel:
    return Panel(title, unit, about, queries, is_stacked=is_stacked)


ROWS: dict[str, tuple[Panel, ...]] = {
    "Now": (
        _number("Streams", "sharpcast_streams", "short", "Live streams."),
        _number("Viewers", "sum(sharpcast_viewers)", "short", "Viewers of all renditions."),
        _number("Workers", "sharpcast_workers", "short", "Workers that are alive."),
        _number("Devices", "sharpcast_devices", "short", "Devices joined at all gateways."),
        _number(
            "Load",
            "sum(sharpcast_worker_load_streams) / sum(sharpcast_worker_capacity_streams)",
            "percentunit",
            "Part of the workers' capacity that is in use.",
        ),
        _number(
            "Added latency, p95",
            _quantile(0.95, "added_latency_seconds", "kind", 'kind="enhanced"'),
            "s",
            "What the server added to the pictures of enhanced renditions.",
        ),
    ),
    "Latency": (
        _graph(
            "Added latency",
            "s",
            "Time from the arrival of a unit at the server to its delivery to viewers.",
            Query(_quantile(0.5, "added_latency_seconds", "kind"), "p50 {{kind}}"),
            Query(_quantile(0.95, "added_latency_seconds", "kind"), "p95 {{kind}}"),
            Query(_quantile(0.99, "added_latency_seconds", "kind"), "p99 {{kind}}"),
        ),
        _graph(
            "Stages of enhanced renditions, p95",
            "s",
            "Where the latency arises: each stage is what passed since the stamp before it.",
            Query(
                _quantile(0.95, "stage_latency_seconds", "stage", 'kind="enhanced"'), "{{stage}}"
            ),
        ),
        _graph(
            "Delay of the event loop",
            "s",
            "Longest delay of an app's event loop in the last 15 seconds.",
            Query("sharpcast_loop_lag_seconds", "{{instance}} {{process}}"),
        ),
    ),
    "Streams": (
        _graph(
            "Viewers",
            "short",
            "Viewers by stream and rendition.",
            Query(
                f"sum by (stream, rendition) (sharpcast_viewers{{{_STREAM}}}) > 0",
                "{{stream}} {{rendition}}",
            ),
            is_stacked=True,
        ),
        _graph(
            "Frame rate of the source",
            "short",
            "Frames a second that publishers send.",
            Query(f"sharpcast_source_frames_per_second{{{_STREAM}}}", "{{stream}}"),
        ),
        _graph(
            "Bit rate of the source",
            "Bps",
            "Bytes a second of video that publishers send.",
            Query(f"sharpcast_source_bytes_per_second{{{_STREAM}}}", "{{stream}}"),
        ),
        _graph(
            "Losses on the way from publishers",
            "short",
            "Packets a second that became part of no unit, by reason.",
            Query(
                _rate("publisher_packets_unused_total", "stream, reason", _STREAM),
                "{{stream}} {{reason}}",
            ),
        ),
        _graph(
            "Changes of viewers' renditions",
            "short",
            "Viewers a second that went to a smaller or a larger rendition.",
            Query(_rate("viewer_adaptations_total", "direction"), "{{direction}}"),
        ),
    ),
    "Enhancement": (
        _graph(
            "Quality levels",
            "short",
            "Frames a second by what was made of them: full net, smaller nets, resized, dropped.",
            Query(_rate("frames_total", "level", _STREAM), "{{level}}"),
            is_stacked=True,
        ),
        _graph(
            "Reasons for the quality level",
            "short",
            "Frames a second by the reason for their level.",
            Query(_rate("frames_total", "reason", _STREAM), "{{reason}}"),
            is_stacked=True,
        ),
        _graph(
            "Load of the workers",
            "short",
            "In streams of 480x270 at 30 frames a second.",
            Query("sharpcast_worker_load_streams", "load {{worker}}"),
            Query("sharpcast_worker_capacity_streams", "capacity {{worker}}"),
        ),
        _graph(
            "Time of the engine",
            "percentunit",
            "Part of a worker's engine that nets take, and may take.",
            Query("sharpcast_engine_busy_ratio", "taken {{worker}}"),
            Query("sharpcast_engine_given_ratio", "given {{worker}}"),
        ),
        _graph(
            "Results of helpers",
            "short",
            "Results a second by what became of them.",
            Query(_rate("team_results_total", "outcome", _STREAM), "{{outcome}}"),
        ),
        _graph(
            "Frames that leads did not put out",
            "short",
            "Frames a second by reason.",
            Query(
                _rate("lead_frames_dropped_total", "stream, reason", _STREAM),
                "{{stream}} {{reason}}",
            ),
        ),
    ),
    "Worth and cost": (
        _graph(
            "Estimated gain",
            "dB",
            "Estimated PSNR over bicubic interpolation; docs/monitoring.md tells its error.",
            Query(f"sharpcast_quality_gain_decibels{{{_STREAM}}}", "{{stream}} {{rendition}}"),
        ),
        _graph(
            "Consistency with the source",
            "dB",
            "PSNR of the enhanced picture, reduced to the source's size, to the source.",
            Query(
                f"sharpcast_quality_consistency_decibels{{{_STREAM}}}",
                "{{stream}} {{rendition}}",
            ),
        ),
        _graph(
            "Sharpness",
            "short",
            "Gradient energy over that of bicubic interpolation; 1 is equal.",
            Query(f"sharpcast_quality_sharpness_ratio{{{_STREAM}}}", "{{stream}} {{rendition}}"),
        ),
        _graph(
            "Processor time of renditions",
            "short",
            "Cores that each rendition keeps busy on its lead's machine.",
            Query(
                _rate("rendition_cpu_seconds_total", "stream, rendition", _STREAM),
                "{{stream}} {{rendition}}",
            ),
            is_stacked=True,
        ),
        _graph(
            "Power of renditions",
            "watt",
            "Part of the processors' power, where the machine tells it.",
            Query(
                _rate("rendition_energy_joules_total", "stream, rendition", _STREAM),
                "{{stream}} {{rendition}}",
            ),
            is_stacked=True,
        ),
    ),
    "Drops": (
        _graph(
            "Units",
            "short",
            "Units a second that were not written or not handed on.",
            Query(_rate("units_dropped_total", "reason", _STREAM), "not written: {{reason}}"),
            Query(_rate("units_skipped_total", "rendition", _STREAM), "skipped: {{rendition}}"),
            Query("sum by (reason) (sharpcast_viewer_units_dropped)", "viewers: {{reason}}"),
        ),
        _graph(
            "Packets",
            "short",
            "Packets a second that were refused, or that the system did not take.",
            Query(_rate("packets_refused_total", "reason"), "refused: {{reason}}"),
            Query(_rate("packets_unsent_total", "instance"), "unsent"),
        ),
        _graph(
            "Requests",
            "short",
            "Requests a second that a limit refused.",
            Query(_rate("requests_refused_total", "limit"), "{{limit}}"),
        ),
        _graph(
            "Messages of teams",
            "short",
            "Messages a second between leads and helpers that were dropped.",
            Query(_rate("team_messages_dropped_total", "reason"), "{{reason}}"),
        ),
    ),
    "Devices": (
        _graph(
            "Round trip",
            "s",
            "Time of a round trip to a joined device.",
            Query("sharpcast_link_rtt_seconds", "{{device}}"),
        ),
        _graph(
            "Loss",
            "percentunit",
            "Packets to a joined device that are lost.",
            Query("sharpcast_link_loss_ratio", "{{device}}"),
        ),
        _graph(
            "Rate",
            "Bps",
            "What may be sent to a joined device, and what arrived there.",
            Query("sharpcast_link_rate_bytes_per_second", "allowed {{device}}"),
            Query("sharpcast_link_delivered_bytes_per_second", "delivered {{device}}"),
        ),
        _graph(
            "Messages",
            "short",
            "Messages a second of the sessions of devices.",
            Query(_rate("link_messages_total", "device, what"), "{{device}} {{what}}"),
        ),
    ),
    "Processes": (
        _graph(
            "Processor time of the app",
            "short",
            "Cores that each app process keeps busy.",
            Query("rate(process_cpu_seconds_total[$__rate_interval])", "{{instance}} {{process}}"),
        ),
        _graph(
            "Memory of the app",
            "bytes",
            "Resident memory of each app process.",
            Query("process_resident_memory_bytes", "{{instance}} {{process}}"),
        ),
        _graph(
            "Memory of Redis",
            "bytes",
            "Memory of the fullest Redis server, and its limit.",
            Query("sharpcast_redis_memory_bytes", "used"),
            Query("sharpcast_redis_memory_limit_bytes > 0", "limit"),
        ),
    ),
}
"""The panels of each row."""


def expressions() -> Iterator[str]:
    """Yields the expressions of all panels."""
    for panels in ROWS.values():
        for panel in panels:
            yield from (query.expression for query in panel.queries)


def dashboard() -> dict[str, Any]:
    """Returns the dashboard as Grafana imports it."""
    return {
        "uid": "sharpcast",
        "title": "Sharpcast",
        "tags": ["sharpcast"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": _variables()},
        "panels": list(_laid_out()),
    }


def _variables() -> list[dict[str, Any]]:
    source = {"name": "datasource", "label": "Prometheus", "type": "datasource"}
    stream = {
        "name": "stream",
        "label": "Stream",
        "type": "query",
        "datasource": _SOURCE,
        "query": "label_values(sharpcast_source_frames_per_second, stream)",
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }
    return [{**source, "query": "prometheus"}, stream]


def _laid_out() -> Iterator[dict[str, Any]]:
    """Yields rows and panels with their places: numbers are small, graphs are three in a line."""
    number, top = 1, 0
    for title, panels in ROWS.items():
        place = {"h": 1, "w": _COLUMNS, "x": 0, "y": top}
        yield {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": place}
        number, top, left, height = number + 1, top + 1, 0, 0
        for panel in panels:
            width, height = (4, 4) if panel.is_number else (8, 8)
            if left + width > _COLUMNS:
                left, top = 0, top + height
            place = {"h": height, "w": width, "x": left, "y": top}
            yield {"id": number, "gridPos": place, **_drawn(panel)}
            number, left = number + 1, left + width
        top += height


def _drawn(panel: Panel) -> dict[str, Any]:
    custom = {"fillOpacity": 20, "stacking": {"mode": "normal"}} if panel.is_stacked else {}
    defaults: dict[str, Any] = {"unit": panel.unit, "min": 0, "custom": custom}
    if panel.is_number:
        defaults = {"unit": panel.unit, "noValue": "0"}
    return {
        "type": "stat" if panel.is_number else "timeseries",
        "title": panel.title,
        "description": panel.about,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": _SOURCE,
                "expr": query.expression,
                "legendFormat": query.legend or "__auto",
                "instant": panel.is_number,
                "range": not panel.is_number,
            }
            for place, query in enumerate(panel.queries)
        ],
    }


def text() -> str:
    """Returns the file as it should be."""
    return json.dumps(dashboard(), indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text())
