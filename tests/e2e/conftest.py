"""One running product for the tests that only look at it; those that break it start their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import browser
from benchmarks.material import CLIP_FOLDER
from benchmarks.server import RunningServer, running
from benchmarks.stamps import write_y4m

# The machine that runs the tests may be slower than real time; a stream that is resized for
# lack of time still has to arrive. What the net gains is measured by ``make bench``.
SETTINGS: dict[str, Any] = {"log_level": "info", "worker_capacity": "8"}


SMALL = ("--size", "160x90", "--fps", "15", "--kbps", "200", "--stamp")
"""Arguments of ``sharpcast publish`` for a stream that every machine enhances in time."""


def frames_out(server: RunningServer, name: str) -> int:
    """The frames that the stream's lead put out so far; -1 where nobody publishes it."""
    view = server.stream(name)
    return -1 if view is None else int(view["frames"]["out"])


def until_watched(server: RunningServer, name: str, *, viewers: int = 1, frames: int = 15) -> None:
    """Waits until so many watch, and then for so many frames more."""
    server.until("the viewers", lambda: (server.stream(name) or {}).get("viewers") == viewers)
    before = frames_out(server, name)
    server.until("more frames", lambda: frames_out(server, name) >= before + frames)


# A package's, not the session's: each that imports it has one, which would idle until the end.
@pytest.fixture(scope="package")
def server() -> Iterator[RunningServer]:
    with running(**SETTINGS) as started:
        yield started


@pytest.fixture(scope="session")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("camera") / "stamped.y4m"
    write_y4m(CLIP_FOLDER / "handheld.mp4", target, width=320, height=180, fps=15, count=150)
    return target


@pytest.fixture
def needs_browser() -> None:
    lack = browser.missing()
    if lack:
        pytest.skip(lack)
