"""The product as processes that can be killed: Redis, app, workers, publishers, viewers."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType

import psutil

from benchmarks.faults import watcher
from benchmarks.faults.history import Seen
from benchmarks.server import RunningServer, environment, free_port

Process = subprocess.Popen[bytes]


class RedisServer:
    """A ``redis-server`` that may be killed, and started again, empty."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.folder = folder / "redis"
        self.process: Process | None = None

    @property
    def url(self) -> str:
        """For the settings."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Returns once it listens."""
        self.folder.mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            [
                "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                "--dir", str(self.folder), "--maxmemory-policy", "noeviction",
                "--enable-protected-configs", "yes",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        until("Redis", lambda: _listens(self.port))

    def kill(self) -> None:
        """At once, with all it has."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def set(self, name: str, value: str) -> None:
        """A setting of the running server."""
        self.tell("CONFIG", "SET", name, value)

    def tell(self, *words: str) -> str:
        """One command, by hand: no library of ours is in between."""
        with socket.create_connection(("127.0.0.1", self.port), 2) as link:
            parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
            link.sendall(f"*{len(words)}\r\n{''.join(parts)}".encode())
            return link.recv(65_536).decode(errors="replace")


class Stack:
    """All of them. Leaving the block ends what still runs."""

    def __init__(self, folder: Path, *, clock: Path | None = None) -> None:
        """``clock`` is a file of libfaketime: app and workers go by the wall clock it says."""
        self.folder = folder
        self.redis = RedisServer(folder)
        self.port = free_port()
        self._clock = clock
        self._processes: list[Process] = []
        self.publishers: dict[str, Process] = {}
        self.up: Process | None = None
        self.workers: list[Process] = []
        "Those that were started beside the app."

    def __enter__(self) -> Stack:
        self.redis.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._processes:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGCONT)
                    process.terminate()
        deadline = time.monotonic() + 6
        for process in self._processes:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.redis.kill()

    @property
    def server(self) -> RunningServer:
        """The app's web address."""
        assert self.up is not None
        return RunningServer(self.up, f"http://127.0.0.1:{self.port}", self.folder / "up.log")

    def start_app(self, *, with_worker: bool) -> None:
        """``sharpcast up``, or the app alone."""
        self.up = self._start("up" if with_worker else "serve", "up.log")

    def start_worker(self, name: str) -> Process:
        """A worker beside the one of ``up``."""
        self.workers.append(self._start("work", f"{name}.log", worker_name=name))
        return self.workers[-1]

    def keep_workers(self) -> None:
        """Starts the worker beside the app again, if it was killed; that of ``up`` comes back by
        itself. Returns when all are there.
        """
        if self.workers and self.workers[-1].poll() is not None:
            self.start_worker("second")
        count = 1 + bool(self.workers)
        until("workers", lambda: self.server.get("/readyz")["workers"] == count, 30.0)

    def worker_of(self, stream: str) -> psutil.Process:
        """The process that enhances a stream."""
        pids = {w["name"]: w["pid"] for w in self.server.get("/api/v1/workers")["workers"]}
        view = self.server.stream(stream)
        assert view is not None
        return psutil.Process(pids[view["enhancement"]["worker"]])

    def publish(self, stream: str, *arguments: str) -> Process:
        """``sharpcast publish``; the one before of the same stream has ended."""
        command = ["publish", "--test-pattern", "--stamp", *arguments]
        address = f"http://127.0.0.1:{self.port}/whip/{stream}"
        with open(self.folder / f"publish-{stream}.log", "wb") as log:
            self.publishers[stream] = self._popen([*_CLI, *command, "--url", address], log)
        return self.publishers[stream]

    def pardon(self, stream: str) -> None:
        """Says that the stream did not end the workers; two such ends would set it aside. Raises
        TimeoutError.
        """
        path, wish = f"/api/v1/streams/{stream}", {"enhance": True}
        until("a pardon", lambda: self.server.request("PATCH", path, wish) == 200, 10.0)

    def watch(self, stream: str) -> Path:
        """A viewer; the file with what it saw."""
        out = self.folder / f"{stream}.seen"
        address = f"http://127.0.0.1:{self.port}/whep/{stream}"
        with open(self.folder / f"watch-{stream}.log", "wb") as log:
            command = [sys.executable, "-m", watcher.__name__, address, str(out)]
            self._popen(command, log)
        return out

    def kill_group(self, process: Process) -> None:
        """SIGKILL for a process and those it started."""
        with contextlib.suppress(psutil.NoSuchProcess):
            family = [psutil.Process(process.pid)]
            family += family[0].children(recursive=True)
            for member in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.kill()
        process.wait()

    def _start(self, command: str, log_name: str, **settings: str) -> Process:
        with open(self.folder / log_name, "ab") as log:
            return self._popen(
                [*_CLI, command], log,
                environment(
                    redis_url=self.redis.url, http_port=str(self.port), log_level="info",
                    **settings,
                ) | self._clock_settings(),
            )  # fmt: skip

    def _popen(
        self, command: list[str], log: object, env: Mapping[str, str] | None = None
    ) -> Process:
        process = subprocess.Popen(
            command, env=env or environment(), stdout=log, stderr=subprocess.STDOUT,  # type: ignore[call-overload]
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self._processes.append(process)
        return process  # type: ignore[no-any-return]

    def _clock_settings(self) -> dict[str, str]:
        if self._clock is None:
            return {}
        return {
            "LD_PRELOAD": str(find_faketime() or ""),
            "FAKETIME_TIMESTAMP_FILE": str(self._clock),
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_NO_CACHE": "1",
        }


_CLI = [sys.executable, "-m", "cli.main"]


def until(what: str, check: Callable[[], object], timeout_s: float = 30.0) -> None:
    """Waits for a true value; raises TimeoutError."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, KeyError, AssertionError):
            if check():
                return
        time.sleep(0.02)
    raise TimeoutError(f"{what} did not happen within {timeout_s:.0f} s")


def seen(path: Path) -> list[Seen]:
    """What a viewer wrote so far."""
    return watcher.load(path)


def find_faketime() -> Path | None:
    """The library that lets a process's wall clock jump, where it is installed."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return found[0] if found else None


def missing() -> str:
    """What this machine lacks for the benchmark, as a sentence; empty: nothing."""
    return "" if shutil.which("redis-server") else "redis-server is not installed."


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextlib.contextmanager
def stopped(process: psutil.Process) -> Iterator[None]:
    """SIGSTOP for the time of the block."""
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGCONT)
