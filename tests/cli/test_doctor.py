"""``sharpcast doctor``."""

from __future__ import annotations

import json

import pytest

from tests.cli.command import sharpcast


def test_doctor_speaks_json() -> None:
    result = sharpcast("doctor", "--json")
    assert result.returncode == 0, result.stderr
    findings = {finding["what"]: finding for finding in json.loads(result.stdout)}
    for what in (
        "python",
        "processor",
        "memory",
        "redis",
        "encoder libx264",
        "web port",
        "media port",
        "GPU",
    ):
        assert findings[what]["status"] in ("ok", "note", "missing")
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
