"""Redis, the app, a publisher and devices as real processes in a lab."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.json_query import ask
from benchmarks.network import namespace
from benchmarks.network.lab import ADDRESS, HUB, Lab, LabFailed, Place
from benchmarks.server import environment
from benchmarks.team import recorder
from benchmarks.team.history import Sample
from benchmarks.team.material import FPS, HEIGHT, WIDTH
from benchmarks.waiting import until

STREAM = "team"
KBPS = 800
"""Bit rate of the publisher: what a browser sends of 480x270 at 30 frames a second."""

COMPOSER = "composer"
"""The workers that the app keeps beside its gateway; their processor time is counted apart."""

COMPOSERS = 2
"""Number of composers, as the settings have it."""

START_S = 90.0
"""A worker compiles loops and measures its nets before it takes work; several do so on two cores.
"""

LIVE_S = 90.0
"""A weak device compiles the graphs of its first regions meanwhile."""

# The namespaces are private to a lab, so that no port can be taken.
_REDIS_PORT, _HTTP_PORT, _GATEWAY_PORT = 6379, 8080, 9443
_TOKEN = "a-token-of-the-bench-0123456789"
_CLI = [sys.executable, "-m", "cli.main"]

Process = subprocess.Popen[bytes]


class Stage:
    """One installation with its devices. ``close`` ends what still runs; the lab does so too."""

    def __init__(self, lab: Lab, folder: Path, *, model: str, joins: bool) -> None:
        """``joins``: devices come through the gateway; else they reach Redis by themselves."""
        self.lab = lab
        self.folder = folder
        self.joins = joins
        self.devices: dict[str, Process] = {}
        self.composers: dict[str, int] = {}
        "Process ids of the app's composers by their names."
        self._processes: list[Process] = []
        self._settings = {
            "model": model,
            "strength": "0",
            "worker_threads": "1",
            "http_host": "127.0.0.1",
            "http_port": str(_HTTP_PORT),
            "ice_addresses": "127.0.0.1",
            "log_level": "info",
        }
        self._places = {
            role: lab.beside(HUB, role)
            for role in ("redis", "app", "publisher", "recorder", COMPOSER)
        }
        for place in self._places.values():
            place.group.put_first()
        self._hub = ThreadPoolExecutor(
            1, "hub", initializer=namespace.enter, initargs=(lab.hub.namespace_file,)
        )

    def start_server(self) -> None:
        """Starts Redis and the app; returns once the app answers. Raises TimeoutError."""
        options = f"--bind {ADDRESS} --port {_REDIS_PORT} --protected-mode no --save ''"
        self._start("redis", ["sh", "-c", f"exec redis-server {options}"], {})
        settings = {"redis_url": self._redis_url}
        if self.joins:
            settings |= {
                "gateway_host": ADDRESS,
                "gateway_port": str(_GATEWAY_PORT),
                "join_token": _TOKEN,
            }
        self._start("app", [*_CLI, "serve"], settings)
        self.until("the app", lambda: self.get("/healthz") is not None)

    def _adopt_composers(self) -> bool:
        """Counts the app's composers apart from it; True once all of them run."""
        for pid in self._places["app"].group.pids():
            variables = _environ(pid)
            if b"SHARPCAST_WORKER_ROLE=compose" in variables:
                self._places[COMPOSER].group.adopt(pid)
                self.composers[_value(variables, b"SHARPCAST_WORKER_NAME")] = pid
        running = self._places[COMPOSER].group.pids()
        return sum(pid in running for pid in self.composers.values()) >= COMPOSERS

    @property
    def _redis_url(self) -> str:
        return f"redis://{ADDRESS}:{_REDIS_PORT}/0"

    def start_device(self, name: str) -> None:
        """Starts a worker on a device, which joins the gateway or reaches Redis over TCP."""
        if self.joins:
            command = [*_CLI, "join", f"{ADDRESS}:{_GATEWAY_PORT}", "--name", name]
            settings = {"join_token": _TOKEN}
        else:
            command = [*_CLI, "work"]
            settings = {"redis_url": self._redis_url, "worker_name": name}
        self.devices[name] = self._start(name, command, settings, place=self.lab.places[name])

    def until_ready(self, count: int) -> None:
        """Returns once so many devices have joined. Raises TimeoutError."""
        if self.joins:
            self.until("composers", self._adopt_composers)
            count += COMPOSERS
        self.until("workers", lambda: self._all_run() and len(self.workers()) >= count)

    def _all_run(self) -> bool:
        """True; raises LabFailed where a device's process has ended by itself."""
        for name, process in self.devices.items():
            if process.poll() is not None:
                text = (self.folder / f"{name}.log").read_text(errors="replace")
                raise LabFailed(f"the worker on {name} ended: ...{text[-1500:]}")
        return True

    def publish(self, clip: Path) -> None:
        """Starts the publisher and the recorder; returns once the stream is live and made.

        Raises TimeoutError.
        """
        address = f"http://127.0.0.1:{_HTTP_PORT}/whip/{STREAM}"
        size = ["--size", f"{WIDTH}x{HEIGHT}", "--fps", str(FPS), "--kbps", str(KBPS), "--stamp"]
        self._start("publisher", [*_CLI, "publish", str(clip), "--url", address, *size], {})
        self.until("the stream", lambda: self.stream().get("state") == "live", LIVE_S)
        command = [sys.executable, "-m", recorder.__name__, self._redis_url, STREAM]
        self._start("recorder", [*command, str(self.recording)], {})
        self.until("frames of the rendition", lambda: self._frames_out() > 0, LIVE_S)

    @property
    def recording(self) -> Path:
        """The recorder's file."""
        return self.folder / "recording"

    def _frames_out(self) -> int:
        return int(self.stream().get("frames", {}).get("out", 0))

    def kill(self, name: str) -> None:
        """Kills (SIGKILL) all processes of a device, or a composer, which the app starts anew."""
        if name in self.composers:
            os.kill(self.composers.pop(name), signal.SIGKILL)
            self.until("another composer", self._adopt_composers)
            return
        self.lab.places[name].group.kill()
        self.devices.pop(name).wait()

    def lead(self) -> str:
        """Returns the name of the worker that makes the rendition; "" while none does."""
        return str(self.stream().get("enhancement", {}).get("worker") or "")

    def stream(self) -> dict[str, Any]:
        """The API's view of the stream; empty while it is not there."""
        return self.get(f"/api/v1/streams/{STREAM}") or {}

    def workers(self) -> list[dict[str, Any]]:
        """The API's list of workers."""
        found: list[dict[str, Any]] = (self.get("/api/v1/workers") or {}).get("workers", [])
        return found

    def sample(self) -> Sample:
        """Returns what the server counts now."""
        counters = (self.get("/api/v1/counters") or {}).get("counters", [])
        by_name = {each["name"]: each["samples"] for each in counters}
        work: dict[str, float] = {}
        for each in by_name.get("net_samples", []):
            device = each["labels"]["device"]
            work[device] = work.get(device, 0.0) + each["value"]
        view = self.stream()
        levels = view.get("frames", {}).get("levels", {})
        frames = {level: float(sum(reasons.values())) for level, reasons in levels.items()}
        return Sample(time.time_ns() // 1000, work or self._work_alone(frames), frames)

    def _work_alone(self, frames: Mapping[str, float]) -> dict[str, float]:
        """The net's work where the server does not tell of it by device: the lead did it all."""
        for worker in self.workers():
            for each in worker.get("streams", []):
                if each["stream"] == STREAM:
                    pictures = frames.get("full", 0.0) + each["temporal_done"]
                    return {worker["name"]: pictures * WIDTH * HEIGHT}
        return {}

    def get(self, path: str) -> dict[str, Any] | None:
        """JSON of a GET at the app; None where it does not answer or has nothing."""
        return self._hub.submit(ask, f"http://127.0.0.1:{_HTTP_PORT}{path}").result()

    def until(self, what: str, check: Callable[[], bool], timeout_s: float = START_S) -> None:
        """Waits for something. Raises TimeoutError with the ends of the logs."""

        def logs() -> str:
            return "".join(
                f"\n{path.name}: ...{path.read_text(errors='replace')[-1500:]}"
                for path in sorted(self.folder.glob("*.log"))
            )

        until(what, check, timeout_s, details=logs)

    def cpu_s(self) -> dict[str, float]:
        """The processor time of each place so far."""
        places = self._places | {name: self.lab.places[name] for name in self.lab.names}
        return {name: place.group.cpu_s() for name, place in places.items()}

    def _start(
        self, name: str, command: list[str], settings: Mapping[str, str], place: Place | None = None
    ) -> Process:
        place = place or self._places[name]
        with open(self.folder / f"{name}.log", "ab") as log:
            env = environment(**{**self._settings, **settings})
            process = place.start(command, log=log, env=env, cwd=Path(__file__).parents[2])
        self._processes.append(process)
        return process

    def close(self) -> None:
        """Ends all processes; the last pictures are in the recording."""
        for place in (*self._places.values(), *self.lab.places.values()):
            place.group.kill()
        for process in self._processes:
            process.wait()
        self._hub.shutdown()


def _value(variables: bytes, name: bytes) -> str:
    """Returns one of the variables of a process; empty where it is not set."""
    found = (each for each in variables.split(b"\0") if each.startswith(name + b"="))
    return next(found, b"").partition(b"=")[2].decode()


def _environ(pid: int) -> bytes:
    """Returns the variables of a process; none where it has ended."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


@contextlib.contextmanager
def open_stage(lab: Lab, folder: Path, *, model: str, joins: bool) -> Iterator[Stage]:
    """Gives a stage whose server runs. Raises TimeoutError."""
    stage = Stage(lab, folder, model=model, joins=joins)
    try:
        stage.start_server()
        yield stage
    finally:
        stage.close()
