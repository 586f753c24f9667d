"""``sharpcast doctor``."""

from __future__ import annotations

import json

import pytest

from benchmarks.server import free_port
from tests.cli.command import assert_one_sentence, sharpcast


def test_doctor_speaks_json() -> None:
    result = sharpcast("doctor", "--json", http_port=str(free_port()))
    assert result.returncode == 0, result.stdout
    findings = {finding["what"]: finding for finding in json.loads(result.stdout)}
    for what in (
        "settings",
        "python",
        "processor",
        "processor time",
        "open files",
        "memory",
        "redis",
        "encoder libx264",
        "web port",
        "media port",
        "UDP",
        "GPU",
    ):
        assert findings[what]["status"] in ("ok", "note")
        assert findings[what]["detail"]
    assert "not run on hardware yet" in findings["engine tensorrt"]["detail"]
    used = findings["engine in use"]["values"]
    assert used["engine"] in [trial["engine"] for trial in used["trials"] if trial["ms"]]
    nets = [finding for what, finding in findings.items() if what.startswith("net ")]
    assert nets
    assert all(net["values"]["ms_per_frame"] > 0 for net in nets)
    assert sum(net["detail"].endswith(" (default)") for net in nets) >= 1
    for net in nets:
        per_frame, streams = net["values"]["ms_per_frame"], net["values"]["streams"]
        assert streams == pytest.approx(1000 / 30 / per_frame, rel=0.02, abs=0.01)
        # At exactly one stream the figure is rounded, and the status is not.
        if streams != 1.0:
            assert net["status"] == ("ok" if streams > 1 else "note")


def test_a_fault_is_printed_with_its_cure_and_is_exit_code_1() -> None:
    result = sharpcast("doctor", "--only", "tokens", publish_token="password")
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    (at,) = [n for n, line in enumerate(lines) if line.startswith("fault publish token: ")]
    assert lines[at + 1].startswith("      -> Set SHARPCAST_PUBLISH_TOKEN")


def test_settings_that_stop_the_start_are_a_finding() -> None:
    result = sharpcast("doctor", colour="blue")
    assert result.returncode == 1
    assert result.stdout.startswith("fault settings: SHARPCAST_COLOUR is not a setting")


def test_a_check_that_is_none_is_one_sentence() -> None:
    result = sharpcast("doctor", "--only", "stars")
    assert result.returncode == 1
    assert "There is no check stars; there are machine" in result.stderr
    assert_one_sentence(result.stderr)
