"""The Compose file's services as processes: same commands, environment, health checks, order."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.server import free_port
from benchmarks.waiting import until
from tests.cli.command import SHARPCAST, Process, environment, get, is_listening, is_running
from tests.compose.project import entrypoint, in_order, whole

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("redis-server") is None or shutil.which("redis-cli") is None,
        reason="Debian's redis-server is not installed",
    ),
]

TOKEN = "publish-word"


class Topology:
    """The running services; host names and ports are those of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._redis_port, self._http_port = free_port(), free_port()
        project = whole(
            {
                "SHARPCAST_PUBLISH_TOKEN": TOKEN,
                "SHARPCAST_ADMIN_TOKEN": "admin-word",
                "SHARPCAST_ICE_ADDRESSES": "127.0.0.1",
                "REDIS_PASSWORD": "redis-word",
            }
        )
        self.services = project["services"]
        self._configs = project["configs"]
        self.url = f"http://127.0.0.1:{self._http_port}"
        self.running: list[tuple[str, Process]] = []

    def start(self, name: str) -> Process:
        """Starts a service and waits until its own health check is content."""
        number = len(self.running)
        process = Process(
            self._folder, f"{name}{number}", self._command(name), self._environment(name)
        )
        self.running.append((name, process))
        until(f"health of {name}", lambda: self._is_healthy(name, process), 30.0)
        return process

    def stream(self, name: str) -> dict[str, Any]:
        """The API's view of a stream, empty while it is not live."""
        streams = get(f"{self.url}/api/v1/streams")["streams"]
        return next((stream for stream in streams if stream["id"] == name), {})

    def stop(self) -> None:
        """As Compose does: what depends on others first, each with SIGTERM."""
        for _, process in reversed(self.running):
            process.end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends what is left."""
        for _, process in self.running:
            process.kill()

    def ports(self) -> tuple[int, int]:
        """Those that must be free at the end."""
        return self._redis_port, self._http_port

    def _command(self, name: str) -> list[str]:
        words: list[str] = self.services[name]["command"]
        if name == "redis":
            place = ["--port", str(self._redis_port), "--bind", "127.0.0.1"]
            return [*map(self._place_config, words), *place, "--dir", str(self._folder)]
        return [*entrypoint(), *words]

    def _place_config(self, word: str) -> str:
        """A word of Redis' command; the path of a config becomes that of a file with its text."""
        for config in self.services["redis"]["configs"]:
            if config["target"] == word:
                path = self._folder / config["source"]
                path.write_text(self._configs[config["source"]]["content"])
                return str(path)
        return word

    def _environment(self, name: str) -> dict[str, str]:
        variables = dict(self.services[name].get("environment", {}))
        if "SHARPCAST_REDIS_URL" in variables:
            url: str = variables["SHARPCAST_REDIS_URL"]
            here = f"@127.0.0.1:{self._redis_port}/"
            variables["SHARPCAST_REDIS_URL"] = url.replace("@redis:6379/", here)
        # Nobody watches in these tests; they go by what the workers count.
        variables["SHARPCAST_ENHANCE_UNWATCHED"] = "true"
        if "SHARPCAST_HTTP_PORT" in variables:
            variables["SHARPCAST_HTTP_HOST"] = "127.0.0.1"
            variables["SHARPCAST_HTTP_PORT"] = str(self._http_port)
        scripts = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return environment() | {"PATH": scripts} | variables

    def _is_healthy(self, name: str, process: Process) -> bool:
        assert process.popen.poll() is None, process.text
        kind, *words = self.services[name]["healthcheck"]["test"]
        assert kind == "CMD"
        if words[0] == "redis-cli":  # Debian's is told the port, the container's need not be.
            words[1:1] = ["-p", str(self._redis_port)]
        done = subprocess.run(
            words, env=self._environment(name), capture_output=True, timeout=15, check=False
        )
        return done.returncode == 0


@pytest.fixture
def topology(tmp_path: Path) -> Iterator[Topology]:
    """Nothing runs yet; what is left after the test is killed."""
    made = Topology(tmp_path)
    with contextlib.ExitStack() as stack:
        stack.callback(made.kill)
        yield made


def enhancing(topology: Topology, more_than: int = 0) -> dict[str, Any] | None:
    view = topology.stream("cam")
    if not view or view["enhancement"]["state"] != "enhancing":
        return None
    return view if view["frames"]["out"] > more_than else None


def test_a_stream_is_enhanced_and_goes_on_with_another_worker(
    topology: Topology, tmp_path: Path
) -> None:
    for name in in_order(topology.services):
        topology.start(name)
    publisher = Process(
        tmp_path,
        "publish",
        [
            *SHARPCAST,
            "publish",
            "--test-pattern",
            "--size",
            "96x54",
            "--url",
            f"{topology.url}/whip/cam",
        ],
        environment(publish_token=TOKEN),
    )
    topology.running.append(("publisher", publisher))
    first = until("enhancement", lambda: enhancing(topology))
    until("more frames", lambda: enhancing(topology, first["frames"]["out"] + 30))

    topology.start("worker")
    until("two workers", lambda: get(f"{topology.url}/readyz")["workers"] == 2)
    lead = next(process for name, process in topology.running if name == "worker")
    assert lead.end(signal.SIGTERM) == 0

    def taken_over() -> bool:
        view = enhancing(topology, 30)
        return view is not None and view["enhancement"]["worker"] != first["enhancement"]["worker"]

    until("the takeover", taken_over)
    pids = [process.popen.pid for _, process in topology.running]
    pids += [child.pid for _, p in topology.running if p is not lead for child in p.descendants()]
    topology.stop()
    assert not any(is_running(pid) for pid in pids)
    assert not any(is_listening(port) for port in topology.ports())
    for name, process in topology.running:
        assert "Traceback" not in process.text, name
