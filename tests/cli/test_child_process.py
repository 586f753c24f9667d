"""One child process that runs a subcommand."""

from __future__ import annotations

import asyncio
import asyncio.subprocess
import os
import signal
import socket
import sys

import psutil
import pytest

from cli import child_process


async def test_it_runs_a_subcommand_and_its_output_can_be_read() -> None:
    process = await child_process.start(["--help"], os.environ, is_read=True)
    assert process.stdout is not None
    text = (await process.stdout.read()).decode()
    assert "publish" in text
    assert "app-process" not in text, "a command that is not for users"
    assert await child_process.status_or_stop(process, asyncio.Event()) == 0


async def test_a_stop_comes_before_an_end() -> None:
    stop = asyncio.Event()
    stop.set()
    process = await child_process.start(["--help"], os.environ, is_read=True)
    assert await child_process.status_or_stop(process, stop) is None
    await child_process.end(process, "child")
    assert process.returncode is not None
    await child_process.end(process, "child")  # once more does nothing


async def test_it_has_a_session_of_its_own_and_the_files_it_is_given() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        files = (listener.fileno(),)
        process = await child_process.start(["--help"], os.environ, files=files, is_read=True)
        found = psutil.Process(process.pid)
        assert os.getpgid(process.pid) != os.getpgid(0), "Ctrl-C in a terminal would reach it"
        assert f"socket:[{os.fstat(listener.fileno()).st_ino}]" in {
            os.readlink(f"/proc/{found.pid}/fd/{fd}")
            for fd in os.listdir(f"/proc/{found.pid}/fd")
            if fd.isdigit()
        }
        await child_process.end(process, "child")


async def test_one_that_does_not_stop_in_time_is_killed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(child_process, "STOP_TIMEOUT_S", 0.1)
    deaf = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", deaf, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    await child_process.end(process, "child")
    assert process.returncode == -signal.SIGKILL
    (line,) = [r for r in caplog.records if getattr(r, "action", "") == "child_killed"]
    assert line.getMessage() == "the child did not stop in time"


async def test_an_event_is_waited_for_no_longer_than_asked() -> None:
    event = asyncio.Event()
    assert not await child_process.is_set_within(event, 0.01)
    event.set()
    assert await child_process.is_set_within(event, 0.01)


def test_an_end_is_said_in_words() -> None:
    assert child_process.describe(2) == "exit status 2"
    assert child_process.describe(-9) == "SIGKILL"
