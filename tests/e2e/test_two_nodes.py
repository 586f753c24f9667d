"""Two app nodes and two workers on one Redis, each a process of its own that may be killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection

from benchmarks import whep
from benchmarks.faults import history, watcher
from benchmarks.faults.history import Seen
from benchmarks.server import RunningServer, environment, free_port, publishing
from benchmarks.waiting import until
from tests.cli.command import SHARPCAST, Process
from tests.e2e.conftest import SETTINGS, SMALL
from wire.embedded import EmbeddedServer

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

LINES = 180
"""Lines of the enhanced pictures of ``SMALL``."""

STEADY = 15
"""So many frames in a row must be enhanced: one second of them."""


class Installation:
    """The processes, with the nodes ``one`` and ``two`` and the workers ``left`` and ``right``."""

    def __init__(self, folder: Path, redis_url: str) -> None:
        self._folder = folder
        self._redis_url = redis_url
        self._processes: list[Process] = []
        self.one, self.two = self._node("one"), self._node("two")
        self.workers = {name: self._worker(name) for name in ("left", "right")}

    def until_ready(self) -> None:
        """Waits until each node knows of both nodes and of both workers."""
        for node in (self.one, self.two):
            node.until("the start", partial(_is_whole, node), 60.0)

    def watch(self, node: RunningServer, rendition: str) -> Viewer:
        """Starts a viewer at a node."""
        name = f"{len(self._processes)}-{rendition}"
        seen = self._folder / f"{name}.seen"
        address = f"{node.url}/whep/cam?rendition={rendition}"
        command = [sys.executable, "-m", watcher.__name__, address, str(seen)]
        return Viewer(self._start(name, command), seen)

    def close(self) -> None:
        """Ends what still runs, all at once, for each takes a moment."""
        for process in self._processes:
            if process.popen.poll() is None:
                process.popen.terminate()
        for process in self._processes:
            with contextlib.suppress(AssertionError):
                process.end(signal.SIGTERM)

    def _node(self, name: str) -> RunningServer:
        port = free_port()
        settings = {"http_port": str(port), "node_name": name}
        process = self._start(name, [*SHARPCAST, "serve"], **settings)
        return RunningServer(process.popen, f"http://127.0.0.1:{port}", process.output)

    def _worker(self, name: str) -> Process:
        return self._start(name, [*SHARPCAST, "work"], worker_name=name, worker_threads="1")

    def _start(self, name: str, command: list[str], **settings: str) -> Process:
        variables = environment(redis_url=self._redis_url, **SETTINGS, **settings)
        self._processes.append(Process(self._folder, name, command, variables))
        return self._processes[-1]


class Viewer:
    """A process that writes down what it is shown."""

    def __init__(self, process: Process, seen: Path) -> None:
        self.process = process
        self._seen = seen

    def frames(self) -> list[Seen]:
        """Returns what it was shown so far, the oldest first."""
        return watcher.load(self._seen)

    def newest(self) -> int:
        """Returns the number of the newest picture."""
        return max((seen.number or 0 for seen in self.frames()), default=0)

    def until_enhanced(self, after: int = 0) -> None:
        """Waits until the last ``STEADY`` frames are enhanced pictures later than ``after``."""

        def is_enhanced() -> bool:
            last = self.frames()[-STEADY:]
            news = [one for one in last if one.height == LINES and (one.number or 0) > after]
            return len(news) == STEADY

        until("enhanced pictures", is_enhanced, 30.0, details=lambda: f"; {self.frames()[-3:]}")

    def check(self) -> None:
        """Fails unless it was shown everything in order and once, in a single session."""
        frames = self.frames()
        assert {seen.connection for seen in frames} == {1}, (self.process.output, frames[:3])
        result = history.check(frames, is_over=False)
        assert result.is_sound, result


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Installation]:
    """An installation of which everything is up."""
    with (
        EmbeddedServer() as redis,
        contextlib.closing(Installation(tmp_path, redis.url)) as made,
    ):
        made.until_ready()
        yield made


def nodes(node: RunningServer) -> dict[str, tuple[int, int]]:
    """Returns the publishers and the viewers of each node, as one of them tells."""
    listed = node.get("/api/v1/nodes")["nodes"]
    return {one["name"]: (one["publishers"], one["viewers"]) for one in listed}


def _has(node: RunningServer, expected: dict[str, tuple[int, int]]) -> bool:
    return nodes(node) == expected


def _is_whole(node: RunningServer) -> bool:
    return node.get("/readyz")["workers"] == 2 and nodes(node).keys() == {"one", "two"}


def renditions(node: RunningServer) -> dict[str, dict[str, Any]]:
    """Returns the stream's renditions by name, as a node tells."""
    view = node.stream("cam")
    assert view is not None
    return {one["name"]: one for one in view["renditions"]}


async def watched_until_ended(here: RunningServer, there: RunningServer) -> None:
    """Watches at one node, has the other one end the session, and waits until it is closed."""
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    reached = {state: asyncio.Event() for state in ("connected", "closed")}

    @peer.on("connectionstatechange")
    def on_state() -> None:
        if peer.connectionState in reached:
            reached[peer.connectionState].set()

    try:
        peer.addTransceiver("video", direction="recvonly")
        await peer.setLocalDescription(await peer.createOffer())
        location = await whep.join(peer, f"{here.url}/whep/cam")
        path = location.removeprefix(here.url)
        async with asyncio.timeout(20):
            await reached["connected"].wait()
            assert await asyncio.to_thread(there.request, "DELETE", path) == 200
            await reached["closed"].wait()
            assert await asyncio.to_thread(there.request, "DELETE", path) == 404
    finally:
        await peer.close()


def test_what_dies_in_one_process_goes_on_in_the_others(site: Installation) -> None:
    one, two = site.one, site.two
    with publishing(f"{one.url}/whip/cam", *SMALL) as publisher:
        two.until("the stream", lambda: two.is_live("cam"))
        assert two.request("PUT", "/api/v1/streams/cam/renditions/fine", {"kbps": 300}) == 200
        here = site.watch(one, "enhanced")
        there = {name: site.watch(two, name) for name in ("enhanced", "fine")}
        viewers = [here, *there.values()]
        for viewer in viewers:
            viewer.until_enhanced()
        for node in (one, two):
            node.until("who has what", partial(_has, node, {"one": (1, 1), "two": (0, 2)}))

        asyncio.run(watched_until_ended(one, two))

        # Both renditions go on, whether the other worker made one of them or neither.
        lead = renditions(two)["fine"]["worker"]
        newest = max(viewer.newest() for viewer in viewers)
        site.workers[lead].kill()
        for viewer in viewers:
            viewer.until_enhanced(after=newest)
        left = ({"left", "right"} - {lead}).pop()
        made = renditions(one)
        assert [made[name]["worker"] for name in ("enhanced", "fine")] == [left, left]
        for viewer in viewers:
            viewer.check()

        os.kill(two.process.pid, signal.SIGKILL)
        two.process.wait()
        killed_s = time.monotonic()
        newest = here.newest()
        for viewer in there.values():
            viewer.process.end(signal.SIGTERM)
        one.until("that the node is gone", partial(_has, one, {"one": (1, 1)}), 10.0)
        here.until_enhanced(after=newest)
        here.check()
        gap_s = history.longest_freeze_s(
            here.frames(), begin_s=killed_s, end_s=here.frames()[-1].at_s
        )
        assert gap_s < 1.5  # a tenth is usual; the machine may be busy
        assert [renditions(one)[name]["viewers"] for name in ("enhanced", "fine")] == [1, 0]
        assert publisher.poll() is None
