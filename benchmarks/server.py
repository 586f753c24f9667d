"""The product as a user starts it: ``sharpcast up`` in a process of its own, on a free port."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import psutil

from benchmarks.waiting import until

T = TypeVar("T")


def free_port() -> int:
    """A TCP port of loopback that nothing listens on at the moment."""
    with socket.socket() as probe:
        # Another program may take the port before the server does; nothing better works across
        # processes.
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without its own SHARPCAST keys, with the given ones."""
    # The settings of whoever runs the bench must not reach the server that is measured.
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SHARPCAST_")}
    kept["PYTHONUNBUFFERED"] = "1"
    kept["SHARPCAST_UDP_PORT"] = "0"  # several servers may run on one machine
    return {**kept, **{f"SHARPCAST_{name.upper()}": value for name, value in settings.items()}}


class RunningServer:
    """A running ``sharpcast`` process tree and its web address."""

    def __init__(
        self, process: subprocess.Popen[bytes], url: str, log: Path, cert: str | None = None
    ) -> None:
        self.process = process
        self.url = url
        self.log = log
        self.tls = None if cert is None else ssl.create_default_context(cafile=cert)

    def get(self, path: str) -> Any:
        """JSON of a GET; raises urllib's errors."""
        with urllib.request.urlopen(self.url + path, timeout=5, context=self.tls) as answer:
            return json.load(answer)

    def request(self, method: str, path: str, body: Any = None) -> int:
        """The status of a request with a JSON body."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        query = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(query, timeout=5, context=self.tls) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def stream(self, name: str) -> dict[str, Any] | None:
        """The API's view of a stream, None while nobody publishes it."""
        try:
            found: dict[str, Any] = self.get(f"/api/v1/streams/{name}")
        except urllib.error.HTTPError:
            return None
        return found

    def is_live(self, name: str) -> bool:
        """True once the stream's first key frame is there."""
        view = self.stream(name)
        return view is not None and view["state"] == "live"

    def until(self, what: str, check: Callable[[], T | None], timeout_s: float = 20.0) -> T:
        """The first true value of ``check()``; raises TimeoutError with the log's end."""

        def log_end() -> str:
            return f"; the log ends:\n{self.log.read_text(errors='replace')[-3000:]}"

        return until(what, check, timeout_s, details=log_end)

    def until_enhancing(self, name: str, timeout_s: float = 30.0) -> dict[str, Any]:
        """Waits until a worker enhances the stream, or would for the first viewer."""

        def check() -> dict[str, Any] | None:
            view = self.stream(name)
            ready = view and view["enhancement"]["state"] in ("enhancing", "idle")
            return view if ready else None

        found: dict[str, Any] = self.until(f"enhancing {name}", check, timeout_s)
        return found

    def children(self) -> dict[str, psutil.Process]:
        """The processes by role: ``app``, ``worker``, ``redis``."""
        roles = {"app": psutil.Process(self.process.pid)}
        # Where the app runs in a child of `up` it takes the place of the parent in the table.
        for child in roles["app"].children(recursive=True):
            words = " ".join(child.cmdline())
            if "valkey" in words or "redis" in words:
                roles["redis"] = child
            elif words.endswith((" work", "-m workers")):
                roles["worker"] = child
            elif " serve" in words:
                roles["app"] = child
        return roles

    def stop(self, sig: int = signal.SIGINT, timeout_s: float = 8.0) -> float:
        """Ends it; how long that took, in s. Kills what is left after the time."""
        began = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(sig)
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return time.monotonic() - began


@contextlib.contextmanager
def running(
    *, workers: int = 1, prefix: Sequence[str] = (), port: int = 0, **settings: str
) -> Iterator[RunningServer]:
    """``sharpcast up``, ready to take streams and with its worker alive. ``prefix`` comes before
    the command: a tracer, say. ``port`` 0: any that is free.
    """
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="sharpcast-bench-") as folder:
        log = Path(folder) / "log"
        # The keys of whoever runs this stay as they are, and bind nobody here.
        settings.setdefault("keys_file", str(Path(folder) / "keys.json"))
        with open(log, "wb") as out:
            process = subprocess.Popen(
                [*prefix, sys.executable, "-m", "cli.main", "up"],
                env=environment(http_port=str(port), **settings),
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        cert = settings.get("tls_cert")
        host = settings.get("http_host", "127.0.0.1")
        scheme = "https" if cert else "http"
        server = RunningServer(process, f"{scheme}://{host}:{port}", log, cert)
        try:
            # Ready means that a worker is there too: without one nothing would be enhanced.
            server.until("the start", lambda: server.get("/readyz")["workers"] >= workers, 40.0)
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def publishing(url: str, *arguments: str, clip: Path | None = None) -> Iterator[Any]:
    """``sharpcast publish`` against a WHIP address, until the block ends."""
    source = [str(clip)] if clip else ["--test-pattern"]
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "publish", *source, "--url", url, *arguments],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
