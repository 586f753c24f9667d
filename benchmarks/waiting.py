"""Waits for something that another process does, its end among it."""

from __future__ import annotations

import subprocess
import time
import urllib.error
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_NOT_YET = (urllib.error.URLError, ConnectionError, TimeoutError)
"""Raised by a check that asks a server which has not started, or which hangs."""

_POLL_S = 0.05


def until(
    what: str,
    check: Callable[[], T | None],
    timeout_s: float = 20.0,
    *,
    details: Callable[[], str] = lambda: "",
) -> T:
    """Returns the first true value of ``check()``. Raises TimeoutError, with ``details()`` at the
    end of its message.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            found = check()
        except _NOT_YET:
            pass
        else:
            if found:
                return found
        # Asked once more after the last pause, so a slow check is not cut off before it was tried.
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{what} did not happen within {timeout_s:g} s{details()}")
        time.sleep(_POLL_S)


def end(process: subprocess.Popen[bytes], timeout_s: float = 10.0) -> None:
    """Ends a process, by force where it does not end in time."""
    process.terminate()
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
