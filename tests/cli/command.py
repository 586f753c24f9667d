"""The ``sharpcast`` command as a user starts it, for tests."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import psutil

from benchmarks import server
from benchmarks.server import free_port
from benchmarks.waiting import until

SHARPCAST = [sys.executable, "-P", "-m", "cli.main"]


def environment(**settings: str) -> dict[str, str]:
    """This process's environment with only these settings of ours, for a plain wide terminal."""
    return server.environment(**settings) | {"COLUMNS": "200", "TERM": "dumb"}


def sharpcast(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs it to its end."""
    return subprocess.run(
        [*SHARPCAST, *arguments],
        env=environment(**settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def assert_one_sentence(text: str) -> None:
    """What the command says of a failure is one line that names it."""
    lines = text.strip().splitlines()
    assert len(lines) == 1, text
    assert lines[0].startswith("sharpcast: ")
    assert lines[0].endswith(".")


def is_listening(port: int) -> bool:
    """True if the port takes connections."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def get(url: str) -> Any:
    """The JSON at an address."""
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)


def is_running(pid: int) -> bool:
    """True if the process lives; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Process:
    """A ``sharpcast`` process in the background, with its output in a file."""

    def __init__(
        self,
        folder: Path,
        name: str,
        command: list[str],
        variables: dict[str, str],
        files: tuple[int, ...] = (),
    ) -> None:
        self.output = folder / f"{name}.log"
        with open(self.output, "wb") as out:
            self.popen = subprocess.Popen(
                command,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=files,
            )

    @property
    def text(self) -> str:
        """What it said so far."""
        return self.output.read_text(errors="replace")

    def descendants(self) -> list[psutil.Process]:
        """Its children and theirs."""
        return list(psutil.Process(self.popen.pid).children(recursive=True))

    def end(self, number: int = signal.SIGINT, timeout_s: float = 8.0) -> int:
        """Sends the signal and waits; the exit status. Kills what does not end, and fails."""
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        try:
            return self.popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not end within {timeout_s} s: {self.text}") from None

    def kill(self) -> None:
        """Ends it at once."""
        self.popen.kill()
        self.popen.wait()


class Up(Process):
    """A running ``sharpcast up`` with a folder of its own for temporary files."""

    def __init__(self, folder: Path, *, port: int = 0, **settings: str) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.temp = folder / "temp"
        self.temp.mkdir(exist_ok=True)
        # The keys of whoever runs this stay as they are, and bind nobody here.
        settings.setdefault("keys_file", str(folder / "keys.json"))
        variables = environment(http_port=str(self.port), **settings) | {"TMPDIR": str(self.temp)}
        super().__init__(folder, "up", [*SHARPCAST, "up"], variables)

    def until_ready(self, workers: int = 1) -> None:
        """Waits for the app and for this many workers."""

        def ready() -> bool:
            assert self.popen.poll() is None, self.text
            return bool(get(f"{self.url}/readyz")["workers"] >= workers)

        until("readiness", ready, 40.0)

    def stream(self, name: str) -> dict[str, Any] | None:
        """The API's view of a live stream."""
        streams = get(f"{self.url}/api/v1/streams")["streams"]
        found: dict[str, Any] | None = next((s for s in streams if s["id"] == name), None)
        return found
