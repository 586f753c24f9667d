"""werift, a WebRTC stack in TypeScript that shares no code with others: it plays and publishes."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest

from benchmarks.server import RunningServer, free_port, publishing
from tests.e2e.conftest import SMALL, server
from tests.interop import npm

__all__ = ["server"]

pytestmark = [pytest.mark.e2e]

SCRIPT = Path(__file__).with_name("werift_peer.cjs")


def peer(mode: str, url: str, *more: str) -> subprocess.Popen[str]:
    """Starts the peer."""
    command = [npm.node(), str(SCRIPT), mode, url, str(npm.modules()), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def result(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What the peer says at its end."""
    out, _ = process.communicate(timeout=40)
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


@contextlib.contextmanager
def rtp_source(port: int) -> Iterator[None]:
    """FFmpeg sends VP8 as RTP to a port of this machine, until the block ends."""
    picture = "testsrc=size=160x90:rate=15"
    coding = ["-c:v", "libvpx", "-deadline", "realtime", "-b:v", "200k", "-g", "15"]
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-re", "-f", "lavfi", "-i", picture,
        *coding, "-f", "rtp", f"rtp://127.0.0.1:{port}?pkt_size=1200",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def test_it_plays_the_enhanced_rendition(server: RunningServer) -> None:
    npm.modules()
    with publishing(f"{server.url}/whip/werift1", *SMALL):
        server.until_enhancing("werift1")
        found = result(peer("play", f"{server.url}/whep/werift1"))
    assert (found["state"], found.get("error")) == ("connected", None)
    assert found["packets"] >= 100  # more may come until the session has ended


def test_what_it_publishes_is_live(server: RunningServer) -> None:
    npm.modules()
    port = free_port()
    with rtp_source(port):
        process = peer("publish", f"{server.url}/whip/werift2", str(port))
        try:
            server.until(
                "the stream", lambda: (server.stream("werift2") or {}).get("state") == "live"
            )
            view = server.stream("werift2") or {}
            assert view["source"]["codec"] == "vp8"
            assert (view["source"]["width"], view["source"]["height"]) == (160, 90)
        finally:
            found = result(process)
    assert found["state"] == "connected"
    assert found["packets"] > 20
    server.until("the end", lambda: server.stream("werift2") is None)
