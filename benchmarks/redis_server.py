"""Debian's ``redis-server`` as a process that may be killed."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

from benchmarks.waiting import until
from wire.parent_death import die_with_parent

# Nothing is kept on disk, as the product asks of a server (docs/redis.md).
_FAST = ("--save", "", "--appendonly", "no", "--daemonize", "no", "--bind", "127.0.0.1")
_ANSWER_S = 2.0


class RedisServer:
    """One process on a port of loopback, with a folder and a log of its own."""

    def __init__(self, folder: Path, port: int, *options: str, config: Path | None = None) -> None:
        """``config`` is the file that makes a Sentinel of it."""
        self.port = port
        self.folder = folder / str(port)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._options = (*([] if config else _FAST), *options)
        self._config = [] if config is None else [str(config)]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address for the settings."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Starts the process, which is empty; ``until_up`` waits for it."""
        place = ["--port", str(self.port), "--dir", str(self.folder)]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                ["redis-server", *self._config, *place, *self._options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(),
            )

    def until_up(self) -> None:
        """Returns once it answers. Raises TimeoutError."""
        until("Redis", lambda: self.ask("PING") is not None, 30.0)

    def kill(self) -> None:
        """Ends it at once, with all it has, as a machine that loses its power."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def tell(self, *words: str) -> str:
        """Returns the raw answer to one command. Raises OSError."""
        # RESP by hand, so that the client of the product takes no part in what judges the product.
        parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
        with socket.create_connection(("127.0.0.1", self.port), _ANSWER_S) as link:
            link.sendall(f"*{len(words)}\r\n{''.join(parts)}".encode())
            return link.recv(65_536).decode(errors="replace")

    def ask(self, *words: str) -> str | None:
        """Returns the raw answer to one command, None where nobody answers."""
        try:
            return self.tell(*words)
        except OSError:
            return None
