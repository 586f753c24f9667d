"""Every alert fires for its fault and for nothing less, as Prometheus evaluates it."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.monitoring.files import contents
from tests.test_dashboard import unknown_metrics

RULES = "prometheus/sharpcast.rules.yml"
TEXT = contents()[RULES]
ALERTS: dict[str, Any] = {
    rule["alert"]: rule for group in yaml.safe_load(TEXT)["groups"] for rule in group["rules"]
}

HERE = 'instance="a:1",job="sharpcast"'
_OF_CAM = f'stream="cam",{HERE}'


@dataclasses.dataclass(frozen=True)
class Fault:
    """Series that make an alert fire, and nearly the same that do not; a sample each 10 s."""

    firing: dict[str, str]
    quiet: dict[str, str]
    summary: str
    labels: dict[str, str] = dataclasses.field(default_factory=dict)
    "Those of the alert besides its severity."


_AT = {"instance": "a:1", "job": "sharpcast"}
_CAM = {"stream": "cam"}


def frames(enhanced: int, resized: int) -> dict[str, str]:
    """Frames of one stream by level, so many more each 10 s."""
    name = f"sharpcast_frames_total{{{_OF_CAM},level="
    return {f'{name}"full"}}': f"0+{enhanced}x200", f'{name}"bicubic"}}': f"0+{resized}x200"}


def latency(fast: int, slow: int) -> dict[str, str]:
    """Units a scrape that took below 0.1 s, and those that took up to 0.5 s."""
    name = f'sharpcast_added_latency_seconds_bucket{{{HERE},kind="enhanced",le='
    return {
        f'{name}"0.1"}}': f"0+{fast}x200",
        f'{name}"0.5"}}': f"0+{fast + slow}x200",
        f'{name}"+Inf"}}': f"0+{fast + slow}x200",
    }


def gauges(**values: str) -> dict[str, str]:
    """Series without labels of their own, by name without its beginning."""
    return {f"sharpcast_{name}{{{HERE}}}": value for name, value in values.items()}


def counted(name: str, labels: str, per_s: float) -> dict[str, str]:
    """A counter that grows so much a second."""
    return {f"sharpcast_{name}{{{labels},{HERE}}}": f"0+{per_s * 10}x200"}


FAULTS = {
    "SharpcastDown": Fault(
        {f"up{{{HERE}}}": "0x200"}, {f"up{{{HERE}}}": "1x200"}, "a:1 does not answer", _AT
    ),
    "SharpcastProcessMissing": Fault(
        gauges(app_processes="3x60 2x140"),
        gauges(app_processes="3x200"),
        "2 app processes of a:1 answer, fewer than before",
        _AT,
    ),
    "SharpcastNoWorker": Fault(
        gauges(workers="0x200", streams="2x200"),
        gauges(workers="0x200", streams="0x200"),
        "Streams are live and no worker is",
        _AT,
    ),
    "SharpcastWorkersFull": Fault(
        gauges(worker_load_streams="2x200", worker_capacity_streams="2x200"),
        gauges(worker_load_streams="1.8x200", worker_capacity_streams="2x200"),
        "The workers are full, further streams are copied",
    ),
    "SharpcastNotEnhanced": Fault(
        frames(enhanced=100, resized=200),
        frames(enhanced=200, resized=100),
        "Most frames of cam are made without a net",
        _CAM,
    ),
    "SharpcastLatencyHigh": Fault(
        latency(fast=100, slow=100),
        latency(fast=199, slow=1),
        "The server adds 460ms to enhanced pictures (p95)",
    ),
    "SharpcastLoopHeld": Fault(
        gauges(loop_lag_seconds="0.5x200"),
        gauges(loop_lag_seconds="0.2x200"),
        "The event loop of a:1 is up to 500ms late",
        _AT,
    ),
    "SharpcastPublisherLosses": Fault(
        counted("publisher_packets_unused_total", 'stream="cam",reason="lost"', 12),
        counted("publisher_packets_unused_total", 'stream="cam",reason="late"', 12),
        "12 packets a second of cam are lost for good",
        _CAM,
    ),
    "SharpcastSourceStalled": Fault(
        {f"sharpcast_source_frames_per_second{{{_OF_CAM}}}": "0x200"},
        {f"sharpcast_source_frames_per_second{{{_OF_CAM}}}": "5x200"},
        "cam is live and sends no pictures",
        _AT | _CAM,
    ),
    "SharpcastUnitsNotWritten": Fault(
        counted("units_dropped_total", 'stream="cam",reason="full"', 1),
        counted("units_dropped_total", 'stream="cam",reason="full"', 0),
        "Pictures of cam are not written (full)",
        _CAM | {"reason": "full"},
    ),
    "SharpcastRedisFull": Fault(
        gauges(redis_memory_bytes="960x200", redis_memory_limit_bytes="1024x200"),
        gauges(redis_memory_bytes="960x200", redis_memory_limit_bytes="0x200"),
        "Redis has 960B in use, most of what it may have",
        _AT,
    ),
    "SharpcastPacketsUnsent": Fault(
        counted("packets_unsent_total", 'process="0"', 20),
        counted("packets_unsent_total", 'process="0"', 5),
        "The system of a:1 does not take 20 packets a second",
        {"instance": "a:1"},
    ),
    "SharpcastDeviceLossy": Fault(
        {f'sharpcast_link_loss_ratio{{device="attic",{HERE}}}': "0.2x200"},
        {f'sharpcast_link_loss_ratio{{device="attic",{HERE}}}': "0.05x200"},
        "20% of the packets to attic are lost",
        _AT | {"device": "attic"},
    ),
    "SharpcastWrongTokens": Fault(
        counted("requests_refused_total", 'limit="wrong_tokens"', 4),
        counted("requests_refused_total", 'limit="reads"', 4),
        "4 wrong tokens a second at a:1",
        {"instance": "a:1"},
    ),
    "SharpcastFilesRunOut": Fault(
        {f"process_open_fds{{{HERE}}}": "900x200", f"process_max_fds{{{HERE}}}": "1024x200"},
        {f"process_open_fds{{{HERE}}}": "100x200", f"process_max_fds{{{HERE}}}": "1024x200"},
        "a:1 has 900 files open, most of what it may",
        _AT,
    ),
}


def test_every_alert_has_its_fault_here() -> None:
    assert set(FAULTS) == set(ALERTS)


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_says_what_is_wrong_and_what_to_do(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert rule["annotations"].keys() == {"summary", "runbook"}
    assert re.fullmatch(r"[A-Z`].{30,}\.", rule["annotations"]["runbook"])
    assert re.fullmatch(r"\d+m", rule["for"])


@pytest.mark.parametrize("name", ALERTS)
def test_alerts_use_metrics_that_there_are(name: str) -> None:
    assert unknown_metrics(ALERTS[name]["expr"]) == set()


def promtool(*arguments: object) -> str:
    """What it says; skips where it is not installed."""
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed")
    ran = subprocess.run(
        [found, *map(str, arguments)], capture_output=True, text=True, timeout=100, check=False
    )
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr


def unit_test(name: str, series: dict[str, str], expected: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "interval": "10s",
        "input_series": [{"series": each, "values": values} for each, values in series.items()],
        "alert_rule_test": [{"eval_time": "30m", "alertname": name, "exp_alerts": expected}],
    }


def unit_tests(name: str) -> list[dict[str, Any]]:
    """That an alert fires with its labels and sentences, and that it does not."""
    rule, fault = ALERTS[name], FAULTS[name]
    fired = {
        "exp_labels": {**rule["labels"], **fault.labels},
        "exp_annotations": {**rule["annotations"], "summary": fault.summary},
    }
    return [unit_test(name, fault.firing, [fired]), unit_test(name, fault.quiet, [])]


def test_promtool_takes_the_rules_and_each_fires_for_its_fault_alone(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(TEXT)
    assert promtool("check", "rules", tmp_path / "rules.yml") == ""
    tests = [test for name in ALERTS for test in unit_tests(name)]
    text = {"rule_files": ["rules.yml"], "evaluation_interval": "10s", "tests": tests}
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(text))
    assert promtool("test", "rules", tmp_path / "tests.yml") == ""


def test_promtool_finds_an_alert_that_does_not_fire(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(TEXT)
    wrong = unit_tests("SharpcastDown")
    wrong[0]["input_series"], wrong[1]["input_series"] = (
        wrong[1]["input_series"],
        wrong[0]["input_series"],
    )
    text = {"rule_files": ["rules.yml"], "evaluation_interval": "10s", "tests": wrong}
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(text))
    assert "FAILED" in promtool("test", "rules", tmp_path / "tests.yml")
