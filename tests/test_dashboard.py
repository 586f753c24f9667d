"""The Grafana dashboard: drawn from its table, of metrics that there are, and without overlaps."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import pytest

from app.http.shared_metrics import SharedCollector
from app.http.snapshot import Seen
from docs import draw_dashboard
from wire.counters import COUNTERS

OF_PROCESS = {
    "sharpcast_added_latency_seconds_bucket",
    "sharpcast_loop_lag_seconds",
    "sharpcast_stage_latency_seconds_bucket",
    "sharpcast_tasks",
    "sharpcast_viewers",
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
}
"""Metrics of a process's own, which ``tests/e2e/test_monitoring.py`` sees on a real one."""

UNITS = {"s", "Bps", "bytes", "percentunit", "short", "none", "dB", "watt", "watth"}
"""Units of Grafana that the dashboard uses."""


def known_metrics() -> set[str]:
    """Names of all metrics that `/metrics` has."""
    counters = {f"sharpcast_{each.name}{'_total' * each.only_grows}" for each in COUNTERS}
    shared = SharedCollector(Seen(), 1).collect()
    gauges = {family.name for family in shared if family.type == "gauge"}
    memory = {"sharpcast_redis_memory_bytes", "sharpcast_redis_memory_limit_bytes"}
    return counters | gauges | memory | OF_PROCESS | {"up"}


def unknown_metrics(expression: str) -> set[str]:
    """Names in an expression of PromQL that no metric has."""
    bare = re.sub(r'"[^"]*"', "", expression)
    return set(re.findall(r"\b(?:sharpcast|process)_\w+", bare)) - known_metrics()


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(draw_dashboard.TARGET.read_text())["panels"]
    return found


def test_the_file_is_as_the_table_says() -> None:
    assert draw_dashboard.TARGET.read_text() == draw_dashboard.text(), "run `make docs`"


@pytest.mark.parametrize("expression", sorted(set(draw_dashboard.expressions())))
def test_panels_use_metrics_that_there_are(expression: str) -> None:
    assert unknown_metrics(expression) == set()
    assert "sharpcast_" in expression or "process_" in expression


def test_panels_have_numbers_of_their_own_and_do_not_overlap() -> None:
    found = panels()
    assert len({panel["id"] for panel in found}) == len(found)
    for one, other in itertools.combinations([panel["gridPos"] for panel in found], 2):
        apart_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart_x or apart_y
    assert all(p["gridPos"]["x"] + p["gridPos"]["w"] <= 24 for p in found)


def test_every_panel_says_what_it_shows_in_units_that_grafana_knows() -> None:
    for panel in panels():
        if panel["type"] == "row":
            continue
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters) > 0
        assert all(target["datasource"]["uid"] == "${datasource}" for target in panel["targets"])


def test_variables_that_expressions_use_are_there() -> None:
    names = {each["name"] for each in draw_dashboard.dashboard()["templating"]["list"]}
    used = set(re.findall(r"\$(\w+)", "".join(draw_dashboard.expressions())))
    assert used - {"__rate_interval"} <= names


def test_every_counter_of_drops_is_shown() -> None:
    text = "".join(draw_dashboard.expressions())
    dropped = [each.name for each in COUNTERS if each.name.endswith(("_dropped", "_refused"))]
    apart = {
        "entries_refused",
        "gateway_refused",
        "hls_units_refused",
        "ice_tcp_connections_refused",
        "jwts_refused",
        "lead_refused",
        "messages_refused",
        "node_messages_refused",
        "pictures_refused",
        "recording_units_dropped",
        "webhooks_dropped",
    }
    assert {name for name in dropped if f"sharpcast_{name}" not in text} == apart


def test_unknown_names_are_found() -> None:
    text = 'sum(sharpcast_gone_total{a="sharpcast_text"}) / process_gone'
    assert unknown_metrics(text) == {"sharpcast_gone_total", "process_gone"}
