"""Signals reach a process after OpenVINO was used and let go, in whatever thread."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytest.importorskip("openvino")

from models.openvino_core import open_core

ROOT = Path(__file__).parents[2]


class SignalStack(ctypes.Structure):
    """``stack_t`` of sigaltstack(2)."""

    _fields_ = (
        ("address", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("size", ctypes.c_size_t),
    )


def signal_stack() -> tuple[int | None, int]:
    """Returns address and size of the calling thread's alternate signal stack."""
    stack = SignalStack()
    assert ctypes.CDLL(None).sigaltstack(None, ctypes.byref(stack)) == 0
    return stack.address, stack.size


def ended_by(opening: str) -> int:
    """Returns how a process ends that opens OpenVINO, lets it go in a thread, and gets a signal."""
    script = f"""
        import faulthandler, os, signal, threading
        faulthandler.enable()
        {opening}
        signal.signal(signal.SIGTERM, lambda *_: os._exit(3))
        box = [core]
        del core
        thread = threading.Thread(target=box.clear)
        thread.start()
        thread.join()
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(1000):
            pass
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, capture_output=True, timeout=60
    )
    return done.returncode


def test_a_signal_is_heard_after_the_core_was_let_go_in_another_thread() -> None:
    assert ended_by("from models.openvino_core import open_core; core = open_core()") == 3


def test_the_library_itself_takes_the_stack_from_under_the_thread_that_loaded_it() -> None:
    """Once this fails, the library was mended, and ``open_core`` may go."""
    opening = (
        "import openvino; core = openvino.Core(); core.get_property('CPU', 'FULL_DEVICE_NAME')"
    )
    assert ended_by(opening) == -signal.SIGSEGV


def test_the_calling_thread_keeps_its_signal_stack() -> None:
    before = signal_stack()
    core = open_core()
    assert signal_stack() == before
    del core
    assert signal_stack() == before


def test_the_core_works() -> None:
    core = open_core()
    assert core.get_property("CPU", "FULL_DEVICE_NAME")
    assert "CPU" in core.available_devices


def test_nobody_else_opens_it() -> None:
    packages = ("app", "workers", "models", "wire", "cli", "benchmarks")
    files = (path for package in packages for path in (ROOT / package).rglob("*.py"))
    opening = [str(path.relative_to(ROOT)) for path in files if ".Core(" in path.read_text()]
    assert opening == ["models/openvino_core.py"]
