"""Recordings of a whole product whose processes are killed, or whose disk is full."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchmarks.server import RunningServer, publishing, running
from tests.e2e.conftest import SETTINGS, SMALL
from tests.media import recorded

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

MAX_LOST_S = 2.0
"""What may be missing of a recording when its process is killed; a busy machine gets as much again
to write what it was told to."""


def files(folder: Path, rendition: str = "source") -> list[Path]:
    """The recordings of a rendition, the oldest first."""
    return sorted((*folder.rglob(f"*-{rendition}.mp4"), *folder.rglob(f"*-{rendition}.webm")))


def facts(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.with_suffix(".json").read_text())
    return found


def length_s(path: Path) -> float:
    """The time that can be played, by its pictures."""
    pictures, _, _ = recorded.decoded(path)
    return max(pictures, default=0.0)


def parts(server: RunningServer) -> dict[str, dict[str, Any]]:
    """What is told of the recordings of the stream, by rendition."""
    view = server.stream("cam") or {"recording": {"parts": []}}
    return {part["rendition"]: part for part in view["recording"]["parts"]}


def until_grown(server: RunningServer, rendition: str, more: int) -> None:
    """Waits until so many bytes more are recorded."""
    before = parts(server).get(rendition, {}).get("bytes", 0)
    server.until(
        f"{rendition} recorded",
        lambda: parts(server).get(rendition, {}).get("bytes", 0) >= before + more,
        60.0,
    )


def redis_of(server: RunningServer) -> int:
    """The process of Redis, 0 while there is none."""
    # What was killed is listed until its parent has noticed.
    with contextlib.suppress(psutil.Error, KeyError):
        return server.children()["redis"].pid
    return 0


@contextlib.contextmanager
def recording(folder: Path, mode: str) -> Iterator[RunningServer]:
    settings = {**SETTINGS, "record": mode, "record_dir": str(folder)}
    with running(**settings) as server, publishing(f"{server.url}/whip/cam", *SMALL):
        server.until("live", lambda: server.is_live("cam"), 60.0)
        yield server


def test_all_but_the_last_seconds_are_kept_when_the_app_is_killed(tmp_path: Path) -> None:
    with recording(tmp_path, "source") as server:
        until_grown(server, "source", 200_000)
        os.kill(server.children()["app"].pid, signal.SIGKILL)
        killed_s = time.time()
        (path,) = files(tmp_path)
        lost_s = killed_s - facts(path)["started_us"] / 1e6 - length_s(path)
        print(f"lost: {lost_s:.2f} s")
        assert lost_s < 2 * MAX_LOST_S
        assert not facts(path)["ended"]
    # The next start ends it.
    with running(**SETTINGS, record_dir=str(tmp_path)) as server:
        server.until("the repair", lambda: facts(path)["ended"], 60.0)
        (listed,) = server.get("/api/v1/recordings")["recordings"]
        assert listed["length_s"] == pytest.approx(length_s(path), abs=0.2)


def test_recordings_go_on_when_worker_and_redis_are_killed(tmp_path: Path) -> None:
    with recording(tmp_path, "both") as server:
        until_grown(server, "enhanced", 50_000)
        os.kill(server.children()["worker"].pid, signal.SIGKILL)
        until_grown(server, "enhanced", 50_000)
        redis = server.children()["redis"].pid
        os.kill(redis, signal.SIGKILL)
        server.until("another redis", lambda: redis_of(server) not in (0, redis), 30.0)
        server.until("the API", lambda: server.is_live("cam"), 60.0)
        until_grown(server, "source", 50_000)
        until_grown(server, "enhanced", 50_000)
    (source,) = files(tmp_path)
    assert facts(source)["gaps"] == []
    assert facts(source)["ended"]
    assert all(facts(path)["ended"] for path in files(tmp_path, "enhanced"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a small file system can be mounted by root alone")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_holds_the_recording_and_not_the_stream(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(bytes(1_600_000))
    with recording(small_disk, "source") as server:
        server.until("the hold", lambda: parts(server).get("source", {}).get("state") == "held", 60)
        assert "are free" in parts(server)["source"]["reason"]
        assert server.is_live("cam")
        whole = files(small_disk)
        assert all(length_s(path) > 0 for path in whole)
        (small_disk / "ballast").unlink()
        server.until("more", lambda: len(files(small_disk)) > len(whole), 60)
        until_grown(server, "source", 20_000)
    assert all(facts(path)["ended"] for path in files(small_disk))
