"""Fixtures that more than one folder of tests needs."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from wire import telemetry
from wire.connection import Redis, command, connect
from wire.embedded import EmbeddedServer
from wire.parent_death import die_with_parent

_FOLDER = Path(__file__).parent
_COMPILER = pytest.StashKey["subprocess.Popen[bytes]"]()

# Tests that use the engines' libraries by themselves report to nobody either.
telemetry.turn_off()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Has the workers' loops compiled while the first tests run, if workers' are not the first."""
    folders = [item.path.relative_to(_FOLDER).parts[0] for item in session.items]
    # From an empty cache that takes most of a minute of one core. Whichever test came first to
    # need a loop would spend it within its own time limit, while the other core is idle.
    if (
        folders
        and folders[0] == "app"
        and "workers" in folders
        and not session.config.option.collectonly
    ):
        compiler = session.stash[_COMPILER] = subprocess.Popen(
            [sys.executable, "-m", "workers.process.jit_warmup"], preexec_fn=die_with_parent()
        )
        # One that has ended is no child any more for tests that look at the children.
        threading.Thread(target=compiler.wait, name="reap the compiler", daemon=True).start()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Ends the compiler, if it still runs."""
    compiler = session.stash.get(_COMPILER, None)
    if compiler is not None:
        compiler.kill()
        compiler.wait()


@pytest.fixture(autouse=True)
def _is_scheduled_like_others() -> Iterator[None]:
    """Fails a test that leaves real-time scheduling to all that follow (SVT-AV1 does)."""
    yield
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


@pytest.fixture(scope="session")
def redis_server() -> Iterator[EmbeddedServer]:
    """One embedded server for all tests that do not end or restart it."""
    with EmbeddedServer() as server:
        yield server


@pytest.fixture
async def redis_client(redis_server: EmbeddedServer) -> AsyncIterator[Redis]:
    """A client of an empty server."""
    client = connect(redis_server.url)
    await command(client, "FLUSHALL")
    yield client
    await client.aclose()
