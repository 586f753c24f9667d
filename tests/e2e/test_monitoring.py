"""A real Prometheus scrapes a real server: every expression of dashboard and alerts has data."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.server import RunningServer, free_port, publishing, running
from benchmarks.waiting import until
from cli.monitoring.files import PROMETHEUS, filled_in, write
from docs.draw_dashboard import expressions
from tests.e2e.conftest import SETTINGS, SMALL

pytestmark = pytest.mark.e2e

RULES = "prometheus/sharpcast.rules.yml"

EMPTY = (
    "sharpcast_link_",  # no device has joined
    "sharpcast_team_results_total",  # and nobody helps
    "sharpcast_viewer_adaptations_total",  # no viewer asks for automatic quality
    "sharpcast_rendition_energy_joules",  # the machine may not tell its energy
    "sharpcast_redis_memory_limit_bytes > 0",  # our own Redis has no limit here
)
"""What may be in an expression that has no data on one machine without viewers and devices."""


class Prometheus:
    """A running Prometheus with its files below a folder."""

    def __init__(self, folder: Path, program: str, target: str) -> None:
        self.port = free_port()
        files = filled_in(target, "http://127.0.0.1:9090", folder)
        # Four scrapes are needed for a rate; a test does not wait for forty seconds.
        files[PROMETHEUS] = files[PROMETHEUS].replace("interval: 10s", "interval: 1s")
        write(files, folder)
        self.log = folder / "log"
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(
                [
                    program,
                    f"--config.file={folder / PROMETHEUS}",
                    f"--storage.tsdb.path={folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                ],
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def get(self, path: str, **query: str) -> Any:
        """The ``data`` of an answer of its API; raises AssertionError with what is wrong."""
        address = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            found = json.load(answer)
        assert found["status"] == "success", found
        return found["data"]

    def query(self, expression: str) -> list[Any]:
        """The series of an expression as they are now."""
        found: list[Any] = self.get("query", query=expression)["result"]
        return found

    def is_scraping(self) -> bool:
        """True once the server has been scraped without a fault."""
        try:
            return bool(self.query('up{job="sharpcast"} == 1'))
        except OSError:
            return False

    def end(self) -> None:
        """Ends it."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """One that makes pictures for nobody, so that worker and net have figures."""
    with running(**SETTINGS, enhance_unwatched="true") as started:
        yield started


@pytest.fixture(scope="module")
def prometheus(
    server: RunningServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not installed (Debian package prometheus)")
    target = urllib.parse.urlsplit(server.url).netloc
    started = Prometheus(tmp_path_factory.mktemp("prometheus"), program, target)
    try:
        until("a scrape", started.is_scraping, 60, details=started.log.read_text)
        yield started
    finally:
        started.end()


@pytest.fixture(scope="module")
def stream(server: RunningServer, prometheus: Prometheus) -> Iterator[str]:
    """A live stream that has been watched and scraped for a while."""
    with publishing(f"{server.url}/whip/seen", *SMALL):
        server.until_enhancing("seen", 60)
        until(
            "a rate of the source",
            lambda: prometheus.query('rate(sharpcast_units_in_total{stream="seen"}[30s]) > 0'),
            60,
        )
        server.until("a measured picture", lambda: enhanced(server)["quality"], 90)
        server.until("a cost", lambda: enhanced(server)["cost"]["cpu_seconds_per_hour"], 60)
        until("its scrape", lambda: prometheus.query("sharpcast_quality_consistency_decibels"), 60)
        yield "seen"


def enhanced(server: RunningServer) -> dict[str, Any]:
    """The API's view of the enhanced rendition."""
    view = server.stream("seen") or {"renditions": []}
    found = [one for one in view["renditions"] if one["name"] == "enhanced"]
    return found[0] if found else {"quality": None, "cost": {"cpu_seconds_per_hour": None}}


def test_the_api_tells_what_enhancement_is_worth_and_costs(
    server: RunningServer, stream: str
) -> None:
    found = enhanced(server)
    quality, cost = found["quality"], found["cost"]
    assert quality["pictures"] >= 1
    assert 15 < quality["consistency_db"] <= 68.2
    assert quality["sharpness"] > 0
    assert -3 < quality["gain_db"] < 5 and 0 < quality["gain_error_db"] < 2
    # A stream of 160x90 at 15 frames a second takes more than nothing, and less than all cores.
    assert 1 < cost["cpu_seconds_per_hour"] < 3600 * (os.cpu_count() or 1)
    assert cost["cpu_seconds"] > 0


def filled(expression: str) -> str:
    """An expression as Grafana sends it."""
    return expression.replace("$__rate_interval", "30s").replace("$stream", ".*")


def may_be_empty(expression: str) -> bool:
    return any(part in expression for part in EMPTY) or expression.endswith("> 0")


def test_every_expression_of_the_dashboard_has_data(prometheus: Prometheus, stream: str) -> None:
    empty = []
    for expression in expressions():
        if not prometheus.query(filled(expression)) and not may_be_empty(expression):
            empty.append(expression)
    # What only a viewer or a drop brings forth has no series until the first one.
    assert [each for each in empty if not of_drops(each) and not of_viewers(each)] == []


def of_drops(expression: str) -> bool:
    return bool(re.search(r"_(dropped|skipped|refused|unused)", expression))


def of_viewers(expression: str) -> bool:
    return "latency_seconds" in expression


def test_every_metric_of_the_alerts_is_scraped(prometheus: Prometheus, stream: str) -> None:
    rules = yaml.safe_load(filled_in("127.0.0.1:80", "", Path("."))[RULES])["groups"][0]["rules"]
    known = set(prometheus.get("label/__name__/values"))
    for rule in rules:
        prometheus.query(rule["expr"])
        bare = re.sub(r'"[^"]*"', "", rule["expr"])
        metrics = set(re.findall(r"\b(?:sharpcast|process)_\w+|\bup\b", bare))
        missing = {name for name in metrics - known if not of_drops(name) and not of_viewers(name)}
        assert {name for name in missing if not name.startswith(EMPTY)} == set(), rule["alert"]


def test_prometheus_has_loaded_all_alerts_and_none_fires(
    prometheus: Prometheus, stream: str
) -> None:
    (group,) = prometheus.get("rules")["groups"]
    assert len(group["rules"]) >= 15
    until(
        "the first evaluation",
        lambda: all(
            rule["health"] == "ok" for rule in prometheus.get("rules")["groups"][0]["rules"]
        ),
        60,
    )
    firing = [rule["name"] for rule in group["rules"] if rule["state"] == "firing"]
    # A busy machine may be late; nothing else may be wrong with a server that runs.
    assert set(firing) <= {"SharpcastLoopHeld", "SharpcastLatencyHigh", "SharpcastNotEnhanced"}


def test_the_scrape_is_open_metrics(prometheus: Prometheus, server: RunningServer) -> None:
    (target,) = prometheus.get("targets")["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")
    assert prometheus.query("sharpcast_added_latency_seconds_created")
