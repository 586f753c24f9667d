"""A receiver that shares no code with us: libwebrtc without H.264."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys

import pytest

from benchmarks.server import environment, publishing, running

pytestmark = [pytest.mark.e2e]


@pytest.mark.skipif(
    importlib.util.find_spec("webrtc") is None, reason="The package wrtc is not installed."
)
@pytest.mark.parametrize("output", ["vp8", "h264"])
def test_chromes_own_engine_receives_the_enhanced_rendition_as_vp8(output: str) -> None:
    with (
        running(output_codec=output) as server,
        publishing(f"{server.url}/whip/vp8", "--size", "160x90", "--fps", "15"),
    ):
        server.until_enhancing("vp8")
        address = f"{server.url}/whep/vp8"
        done = subprocess.run(
            [sys.executable, "-m", "tests.e2e.chrome_engine", address, "5"],
            env=environment(),
            capture_output=True,
            timeout=60,
            check=True,
        )
    seen = json.loads(done.stdout)
    assert seen["size"] == [320, 180]
    assert seen["frames"] > 45
