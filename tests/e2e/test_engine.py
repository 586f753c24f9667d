"""A receiver that shares no code with us: libwebrtc without H.264."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.server import RunningServer, environment, publishing, running
from tests.e2e.conftest import SETTINGS

pytestmark = [pytest.mark.e2e]


FRAMES = 50


@pytest.fixture(params=["vp8", "h264"])
def output_server(request: pytest.FixtureRequest) -> Iterator[RunningServer]:
    """A server whose workers put that codec out; H.264 is what they do by themselves."""
    if request.param == "h264":
        shared: Any = request.getfixturevalue("server")
        yield shared
        return
    with running(output_codec=request.param, **SETTINGS) as started:
        yield started


@pytest.mark.skipif(
    importlib.util.find_spec("webrtc") is None, reason="The package wrtc is not installed."
)
def test_chromes_own_engine_receives_the_enhanced_rendition_as_vp8(
    output_server: RunningServer,
) -> None:
    url = output_server.url
    with publishing(f"{url}/whip/engine", "--size", "160x90", "--fps", "15"):
        output_server.until_enhancing("engine")
        address = f"{url}/whep/engine"
        done = subprocess.run(
            [sys.executable, "-m", "tests.e2e.chrome_engine", address, str(FRAMES)],
            env=environment(),
            capture_output=True,
            timeout=60,
            check=True,
        )
    seen = json.loads(done.stdout)
    assert seen["size"] == [320, 180]
    assert seen["frames"] >= FRAMES
