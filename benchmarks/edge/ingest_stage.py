"""Redis, the app, one publisher and a recorder as real processes on an emulated uplink."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from benchmarks.edge.ingest_figures import Sample, Unit
from benchmarks.json_query import ask
from benchmarks.network import namespace
from benchmarks.network.lab import ADDRESS, HUB, Lab, Place
from benchmarks.server import environment
from benchmarks.waiting import until

T = TypeVar("T")

PUBLISHER = "publisher"
STREAM = "uplink"

# The namespaces are private to a lab, so that no port can be taken.
_REDIS = f"redis://{ADDRESS}:6379/0"
URL = f"http://{ADDRESS}:8080"
TOKEN = "a-token-of-the-bench-0123456789"
_CLI = [sys.executable, "-m", "cli.main"]
_ROOT = Path(__file__).parents[2]


class IngestStage:
    """One installation without a worker. ``close`` ends what still runs."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = lab
        self.folder = folder
        self._server = lab.beside(HUB, "server")
        self._server.group.put_first()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._hub = ThreadPoolExecutor(
            1, "hub", initializer=namespace.enter, initargs=(lab.hub.namespace_file,)
        )

    def start_server(self) -> None:
        """Starts Redis, the app and the recorder. Raises TimeoutError."""
        options = f"--bind {ADDRESS} --port 6379 --protected-mode no --save ''"
        self.start("redis", self._server, ["sh", "-c", f"exec redis-server {options}"])
        settings = {
            "redis_url": _REDIS,
            "http_host": "0.0.0.0",
            "http_port": "8080",
            "allowed_hosts": ADDRESS,
            "ice_addresses": ADDRESS,
            "publish_token": TOKEN,
            "admin_token": TOKEN,
        }
        self.start("app", self._server, [*_CLI, "serve"], settings)
        self.until("the app", lambda: self.get("/healthz") is not None)

    def work(self) -> None:
        """Starts a worker."""
        self.start("worker", self.lab.hub, [*_CLI, "work"], {"redis_url": _REDIS})

    def on_hub(self, call: Callable[[], T]) -> T:
        """Returns what a function returns in the hub's namespace."""
        return self._hub.submit(call).result()

    def record(self, log: str = "source") -> None:
        """Starts to record a log of the stream."""
        command = [sys.executable, "-m", "benchmarks.edge.source_recorder", _REDIS, STREAM, log]
        self.start(f"units-{log}", self.lab.hub, command)

    def publish(self, command: Sequence[str]) -> None:
        """Starts the publisher; returns once its stream is live. Raises TimeoutError."""
        self.start(PUBLISHER, self.lab.places[PUBLISHER], command)
        self.until("the stream", lambda: self.stream().get("state") == "live")

    def units(self, log: str = "source") -> list[Unit]:
        """Returns the pictures recorded so far."""
        return read_lines(self.folder / f"units-{log}.out", Unit)

    def samples(self) -> list[Sample]:
        """Returns what the publisher told so far; nothing of one that only writes text."""
        return read_lines(self.folder / f"{PUBLISHER}.out", Sample)

    def stream(self) -> dict[str, Any]:
        """The API's view of the stream; empty while it is not there."""
        return self.get(f"/api/v1/streams/{STREAM}") or {}

    def get(self, path: str) -> dict[str, Any] | None:
        """JSON of a GET at the app; None where it does not answer or has nothing."""
        return self._hub.submit(ask, f"{URL}{path}", token=TOKEN).result()

    def until(self, what: str, check: Any, timeout_s: float = 30.0) -> None:
        """Waits for something. Raises TimeoutError with the ends of the logs."""

        def logs() -> str:
            return "".join(
                f"\n{path.name}: ...{path.read_text(errors='replace')[-1500:]}"
                for path in sorted(self.folder.glob("*.log"))
            )

        until(what, check, timeout_s, details=logs)

    def start(
        self,
        name: str,
        place: Place,
        command: Sequence[str],
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Starts a process at a place; its output goes to files of the folder."""
        with (
            open(self.folder / f"{name}.log", "wb") as log,
            open(self.folder / f"{name}.out", "wb") as out,
        ):
            env = environment(**(settings or {}))
            self._processes.append(place.start(command, log=log, stdout=out, env=env, cwd=_ROOT))

    def close(self) -> None:
        """Ends all processes."""
        for place in (self._server, *self.lab.places.values()):
            place.group.kill()
        for process in self._processes:
            process.wait()
        self._hub.shutdown()


@contextlib.contextmanager
def open_stage(lab: Lab, folder: Path) -> Iterator[IngestStage]:
    """Gives a stage whose server runs. Raises TimeoutError."""
    stage = IngestStage(lab, folder)
    try:
        stage.start_server()
        yield stage
    finally:
        stage.close()


def read_lines(path: Path, kind: type[T]) -> list[T]:
    """Returns the messages of a file that a process still writes."""
    # The last line may be half written.
    return [
        msgspec.json.decode(line, type=kind)
        for line in path.read_bytes().split(b"\n")[:-1]
        if line.startswith(b"{")
    ]
