"""All parts on one host: whose end stops the others, and what is left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

from benchmarks.waiting import until
from cli.single_host import _folder_removed, _stop_after
from tests.cli.command import is_running
from wire.embedded import EmbeddedServer
from wire.errors import BadSettings, WireError


async def _ending(error: BaseException | None = None) -> None:
    await asyncio.sleep(0)
    if error is not None:
        raise error


async def test_a_part_that_ends_stops_the_others() -> None:
    stop, failures = asyncio.Event(), list[WireError]()
    await _stop_after(_ending(), stop, failures)
    assert stop.is_set()
    assert failures == []


async def test_a_part_that_fails_with_a_sentence_stops_the_others_and_is_told() -> None:
    stop, failures = asyncio.Event(), list[WireError]()
    error = BadSettings("The worker cannot work with these settings.")
    await _stop_after(_ending(error), stop, failures)
    assert stop.is_set()
    assert failures == [error]


@pytest.mark.parametrize("error", [ZeroDivisionError(), asyncio.CancelledError()])
async def test_any_other_end_goes_on_and_stops_the_others_too(error: BaseException) -> None:
    stop, failures = asyncio.Event(), list[WireError]()
    with pytest.raises(type(error)):
        await _stop_after(_ending(error), stop, failures)
    assert stop.is_set()
    assert failures == []


async def test_the_others_run_until_then() -> None:
    stop, failures = asyncio.Event(), list[WireError]()
    go = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(_stop_after(_waits(go), stop, failures))
        await asyncio.sleep(0)
        assert not stop.is_set()
        go.set()
    assert stop.is_set()


async def _waits(go: asyncio.Event) -> None:
    await go.wait()


def test_the_folder_of_the_server_is_removed_with_it() -> None:
    with EmbeddedServer() as server:
        folder, pid = _folder(server), server.pid
        with _folder_removed(server):
            assert folder.is_dir()
        assert not is_running(pid)
        assert not folder.exists()


def test_the_folder_is_removed_also_where_the_block_fails() -> None:
    with EmbeddedServer() as server:
        folder = _folder(server)
        with pytest.raises(ZeroDivisionError), _folder_removed(server):
            raise ZeroDivisionError
        assert not folder.exists()


def _folder(server: EmbeddedServer) -> Path:
    return Path(server.url.removeprefix("unix://")).parent


OWNER = """
    import time
    from cli.single_host import _folder_removed
    from wire.embedded import EmbeddedServer
    with EmbeddedServer() as server, _folder_removed(server):
        print(server.pid, server.url, flush=True)
        time.sleep(600)
"""


@pytest.mark.parametrize("prefix", ["plain", "a $(touch evil) b;"])
def test_a_kill_leaves_neither_server_nor_folder(prefix: str) -> None:
    # The path of a Unix socket has 107 characters at most, so this is no folder of pytest's.
    with tempfile.TemporaryDirectory(prefix=prefix) as temp:
        with subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(OWNER)],
            env={**os.environ, "TMPDIR": temp},
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        ) as owner:
            assert owner.stdout is not None
            pid, url = owner.stdout.readline().rstrip("\n").split(" ", 1)
            assert Path(url.removeprefix("unix://")).exists()
            owner.send_signal(signal.SIGKILL)
        until("the end of the server", lambda: not is_running(int(pid)))
        until("an empty folder", lambda: os.listdir(temp) == [])
