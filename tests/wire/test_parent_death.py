"""A child that does not outlive its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from wire.parent_death import die_with_parent

ROOT = Path(__file__).parents[2]
PARENT = """
import subprocess, sys, time
from wire.parent_death import die_with_parent
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], {how})
print(child.pid, flush=True)
time.sleep(60)
"""


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def ends(pid: int, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_running(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own signal")
@pytest.mark.parametrize(("how", "dies"), [("preexec_fn=die_with_parent()", True), ("", False)])
def test_a_killed_parent_takes_its_child_along(how: str, dies: bool) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT.format(how=how)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        try:
            assert is_running(child)
            parent.send_signal(signal.SIGKILL)
            parent.wait()
            assert ends(child, 10.0 if dies else 0.3) is dies
        finally:
            if is_running(child):
                os.kill(child, signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own signal")
def test_a_child_whose_parent_is_gone_already_ends_at_once() -> None:
    """Between the fork and the request the parent may have died: nobody would end the child."""
    orphan = (
        "import os, sys\n"
        "from wire import parent_death\n"
        "parent_death._die_with_parent(os.getppid() + 1)\n"
        "print('alive')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", orphan], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert (ended.returncode, ended.stdout) == (1, "")


def test_it_is_asked_for_in_the_parent_and_done_in_the_child() -> None:
    before = os.getpid()
    assert callable(die_with_parent())
    assert os.getpid() == before
