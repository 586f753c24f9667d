"""libwebrtc, the engine inside Chrome, publishes simulcast and restarts ICE.

It plays in ``tests/e2e/test_engine.py``.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys

import pytest

from benchmarks.server import RunningServer, environment
from tests.e2e.conftest import server

__all__ = ["server"]

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        importlib.util.find_spec("webrtc") is None, reason="The package wrtc is not installed."
    ),
]

SECONDS = 12


def test_it_publishes_layers_and_survives_a_restart_of_ice(server: RunningServer) -> None:
    url = f"{server.url}/whip/libwebrtc"
    command = [sys.executable, "-m", "tests.interop.engine_publisher", url, str(SECONDS)]
    process = subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        server.until(
            "the largest layer",
            lambda: (server.stream("libwebrtc") or {}).get("source", {}).get("width") == 320,
        )
    finally:
        out, said = process.communicate(timeout=SECONDS + 20)
    assert process.returncode == 0, said
    found = json.loads(out)
    assert found["simulcast"] == ["recv h;l"]
    assert found["state"] == "connected"
    assert found["after"] > found["before"] > 0
    assert len(set(found["tags"])) == 2
    server.until("the end", lambda: server.stream("libwebrtc") is None)
