"""Nothing of ours, and nothing that we use, calls anybody whom nobody asked it to call."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.server import environment, publishing, running
from tests.cli.clips import make_clip
from tests.e2e.island import island
from tests.e2e.trace import finished, traced, unwanted

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

TRACE_LINES = """
71 connect(3, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT
71 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
71 connect(3, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("127.0.0.53")}, 16) = 0
71 connect(3, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("10.77.0.2")}, 16) = 0
71 sendto(6, "x"..., 9, 0, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("10.0.0.1")}, 16) = 9
71 connect(3, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = 0
71 connect(3, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28) = 0
71 sendmsg(6, {msg_name={sa_family=AF_INET, sin_port=htons(7), sin_addr=inet_addr("192.0.2.1")}, msg_namelen=16}, 0) = 9
71 sendto(6, "x"..., 9, 0, NULL, 0) = 9
"""  # noqa: E501


def test_look_ups_and_strangers_are_found_in_a_trace() -> None:
    found = unwanted(TRACE_LINES, ["10.77.0.2"])
    assert [line.split("inet_")[1].split(")")[0] for line in found] == [
        'addr("127.0.0.53"',
        'addr("10.0.0.1"',
        'pton(AF_INET6, "2001:db8::1", &sin6_addr',
        'addr("192.0.2.1"',
    ]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, in which every library thinks that it runs for the first time."""
    home = tmp_path / "home"
    home.mkdir()
    cache = os.environ.get("NUMBA_CACHE_DIR", "")
    for name in [name for name in os.environ if name.startswith("XDG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    if cache:
        monkeypatch.setenv("NUMBA_CACHE_DIR", cache)
    return home


@pytest.fixture
def alone() -> Iterator[str]:
    """A machine whose every question to the outside stays unanswered."""
    with island() as address:
        yield address


def test_serving_and_working_call_nobody_and_the_worker_stays(
    alone: str, home: Path, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    with running(prefix=traced(trace)) as server:
        worker = server.children()["worker"].pid
        with publishing(f"{server.url}/whip/cam", "--size", "160x90", "--duration", "5") as sender:
            server.until_enhancing("cam")
            assert sender.wait(20) == 0
        assert server.children()["worker"].pid == worker
    assert unwanted(finished(trace, server.process.pid), [alone]) == []
    assert reports_in(home) == []


@pytest.mark.parametrize("command", ["doctor", "enhance"])
def test_commands_call_nobody(command: str, alone: str, home: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    words = {
        "doctor": ["doctor", "--json"],
        "enhance": [
            "enhance",
            str(make_clip(tmp_path / "in.mp4", seconds=1)),
            str(tmp_path / "out.mp4"),
        ],
    }[command]
    with subprocess.Popen(
        [*traced(trace), sys.executable, "-m", "cli.main", *words],
        env=environment(),
        stdout=subprocess.DEVNULL,
    ) as process:
        assert process.wait(100) == 0
    assert unwanted(finished(trace, process.pid), [alone]) == []
    assert reports_in(home) == []


def reports_in(home: Path) -> list[Path]:
    """Lists the files by which libraries would tell the owner of a home apart from others."""
    return [home / name for name in ("intel", ".cache/Microsoft") if (home / name).exists()]
