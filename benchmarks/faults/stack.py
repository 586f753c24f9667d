"""The product as processes that can be killed: Redis, app, workers, publishers, viewers."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

import psutil

from benchmarks.faults import watcher
from benchmarks.redis_server import RedisServer
from benchmarks.server import RunningServer, environment, free_port
from benchmarks.waiting import until

Process = subprocess.Popen[bytes]


class Stack:
    """The processes of one installation; ``close`` ends those that still run."""

    def __init__(self, folder: Path, *, clock: Path | None = None) -> None:
        """``clock`` is a file of libfaketime: app and workers go by the wall clock it says."""
        self.folder = folder
        # Without the last option nobody may tell a running server where its folder is.
        self.redis = RedisServer(folder, free_port(), "--enable-protected-configs", "yes")
        self.port = free_port()
        self._clock = clock
        self._processes: list[Process] = []
        self.publishers: dict[str, Process] = {}
        self.up: Process | None = None
        self.workers: list[Process] = []
        "Workers that were started beside the app."

    def close(self) -> None:
        """Ends all processes that were started."""
        for process in self._processes:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    # A stopped process would not act on SIGTERM.
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
        """The running app, for its web API."""
        assert self.up is not None
        return RunningServer(self.up, f"http://127.0.0.1:{self.port}", self.folder / "up.log")

    def start_redis(self) -> None:
        """Starts Redis, empty; returns once it answers."""
        self.redis.start()
        self.redis.until_up()

    def start_app(self, *, with_worker: bool) -> None:
        """Starts ``sharpcast up``, or the app alone (``sharpcast serve``)."""
        self.up = self._start("up" if with_worker else "serve", "up.log")

    def start_worker(self, name: str) -> Process:
        """Starts a worker beside that of ``up``."""
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
        """Returns the process that enhances a stream. Raises KeyError where there is none."""
        pids = {w["name"]: w["pid"] for w in self.server.get("/api/v1/workers")["workers"]}
        view = self.server.get(f"/api/v1/streams/{stream}")
        return psutil.Process(pids[view["enhancement"]["worker"]])

    def publish(self, stream: str, *arguments: str) -> Process:
        """Starts ``sharpcast publish``; the stream's publisher before it must have ended."""
        command = ["publish", "--test-pattern", "--stamp", *arguments]
        address = f"http://127.0.0.1:{self.port}/whip/{stream}"
        with open(self.folder / f"publish-{stream}.log", "wb") as log:
            self.publishers[stream] = self._popen([*_CLI, *command, "--url", address], log)
        return self.publishers[stream]

    def pardon(self, stream: str) -> None:
        """Says that the stream did not end the workers; two such ends would set it aside. Raises
        TimeoutError.
        """
        path, change = f"/api/v1/streams/{stream}", {"enhance": True}
        until("a pardon", lambda: self.server.request("PATCH", path, change) == 200, 10.0)

    def watch(self, stream: str) -> Path:
        """Starts a viewer; returns the file in which it writes what it sees."""
        out = self.folder / f"{stream}.seen"
        address = f"http://127.0.0.1:{self.port}/whep/{stream}"
        with open(self.folder / f"watch-{stream}.log", "wb") as log:
            command = [sys.executable, "-m", watcher.__name__, address, str(out)]
            self._popen(command, log)
        return out

    def kill_group(self, process: Process) -> None:
        """Kills (SIGKILL) a process and those it started."""
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
                [*_CLI, command],
                log,
                environment(
                    redis_url=self.redis.url,
                    http_port=str(self.port),
                    log_level="info",
                    **settings,
                )
                | self._clock_settings(),
            )

    def _popen(
        self, command: list[str], log: IO[bytes], env: Mapping[str, str] | None = None
    ) -> Process:
        process = subprocess.Popen(
            command,
            env=env or environment(),
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._processes.append(process)
        return process

    def _clock_settings(self) -> dict[str, str]:
        if self._clock is None:
            return {}
        return {
            "LD_PRELOAD": str(find_faketime() or ""),
            "FAKETIME_TIMESTAMP_FILE": str(self._clock),
            # Only the wall clock jumps, as by NTP or an operator; no system sets the monotonic one.
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_NO_CACHE": "1",
        }


_CLI = [sys.executable, "-m", "cli.main"]


def find_faketime() -> Path | None:
    """Finds the library that lets a process's wall clock jump; None where it is not installed."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return found[0] if found else None


def missing() -> str:
    """Returns a sentence that names what this machine lacks for the benchmark, or an empty one."""
    return "" if shutil.which("redis-server") else "redis-server is not installed."


@contextlib.contextmanager
def stopped(process: psutil.Process) -> Iterator[None]:
    """Stops the process (SIGSTOP) for the time of the block."""
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGCONT)
