"""The servers that are compared, each with the stream published to it."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from benchmarks import machine
from benchmarks.edge import feed_log, janus
from benchmarks.server import environment, free_port, running
from benchmarks.waiting import end, until

_STREAM = "edge"


@dataclasses.dataclass(frozen=True, slots=True)
class Server:
    """A server that the stream comes to."""

    name: str
    process: psutil.Process
    place: str
    "The address at which viewers join, for ``signalling.join``."
    log: Path
    "The feeder's log."
    url: str = ""
    "Sharpcast's own address."

    def cpu_s(self) -> float:
        """Returns the processor time that the server has taken, in the kernel too."""
        return machine.cpu_s(self.process)


@contextlib.contextmanager
def sharpcast(kbps: int) -> Iterator[Server]:
    """Runs ``sharpcast up``; its app process is what is measured."""
    settings: dict[str, Any] = {"ice_addresses": "127.0.0.1", "max_viewers": "2000"}
    with (
        running(**settings) as server,
        _feeding("whip", f"{server.url}/whip/{_STREAM}", kbps) as log,
    ):
        server.until("the stream", lambda: server.is_live(_STREAM))
        place = f"whep {server.url}/whep/{_STREAM}?rendition=source"
        yield Server("sharpcast", server.children()["app"], place, log, server.url)


@contextlib.contextmanager
def plain_relay(kbps: int) -> Iterator[Server]:
    """Runs the relay on aiortc."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.edge.relay", str(port)]
    process = subprocess.Popen(command, env=environment())
    url = f"http://127.0.0.1:{port}"
    try:
        until("the relay's start", lambda: urllib.request.urlopen(url, timeout=2))
        with _feeding("whip", f"{url}/whip", kbps) as log:
            yield Server("aiortc relay", psutil.Process(process.pid), f"whep {url}/whep", log)
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def debian_janus(kbps: int) -> Iterator[Server]:
    """Runs Janus."""
    port, video, audio = free_port(), _free_udp(), _free_udp()
    url = f"http://127.0.0.1:{port}/janus"
    with janus.running(port, video, audio) as process:
        until("Janus' start", lambda: urllib.request.urlopen(f"{url}/info", timeout=2))
        with _feeding("rtp", f"{video},{audio}", kbps) as log:
            yield Server("janus", psutil.Process(process.pid), f"janus {url}", log)


SERVERS: dict[str, Callable[[int], contextlib.AbstractContextManager[Server]]] = {
    "sharpcast": sharpcast,
    "janus": debian_janus,
    "aiortc": plain_relay,
}


def lack(name: str) -> str:
    """Returns why a server cannot run here; empty where it can."""
    if name == "janus" and not janus.is_installed():
        return "apt install janus"
    if name == "janus" and not janus.own_address():
        return "the machine has no address but loopback"
    return ""


def _free_udp() -> int:
    """Returns an even UDP port of loopback that nothing uses at the moment."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port % 2 == 0:
            return port


@contextlib.contextmanager
def _feeding(way: str, target: str, kbps: int) -> Iterator[Path]:
    """Publishes the clip, from the first frame on until the block ends."""
    with tempfile.TemporaryDirectory(prefix="edge-feed-") as folder:
        log = Path(folder) / "log"
        command = [sys.executable, "-m", "benchmarks.edge.feeder", way, target, str(log), str(kbps)]
        process = subprocess.Popen(command, env=environment())
        try:
            until(
                "the first frames",
                lambda: log.exists() and len(feed_log.read_log(log).sent) > 30,
                60.0,  # the feeder encodes its clip first, which takes a busy machine long
            )
            yield log
        finally:
            end(process)
