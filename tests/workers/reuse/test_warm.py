from __future__ import annotations

import asyncio
import subprocess
import sys

import psutil
import pytest

from workers.reuse import warm


def test_it_compiles_as_a_program() -> None:
    subprocess.run([sys.executable, "-m", "workers.reuse.warm"], check=True, timeout=110)


async def test_a_worker_takes_over_what_was_compiled_beside_it() -> None:
    await warm.make_warm()
    assert warm.is_warm()


def compilers() -> list[psutil.Process]:
    """Those of this process; other tests leave other children."""
    return [
        child for child in psutil.Process().children() if "workers.reuse.warm" in child.cmdline()
    ]


async def test_a_worker_that_ends_ends_its_compiler() -> None:
    task = asyncio.create_task(warm.make_warm())
    for _ in range(500):
        if started := compilers():
            break
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert started and not any(child.is_running() for child in started)
