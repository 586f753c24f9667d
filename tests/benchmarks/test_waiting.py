"""Waiting for other processes."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.error
from collections.abc import Callable

import pytest

from benchmarks.waiting import end, until


def answers(*given: object) -> Callable[[], object]:
    """A check that gives these one after the other; exceptions are raised."""
    left = list(given)

    def check() -> object:
        found = left.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    return check


def test_the_first_true_value_is_returned() -> None:
    assert until("it", answers(None, 0, "yes", "later")) == "yes"
    assert until("it", answers("yes"), 0.0) == "yes"


@pytest.mark.parametrize(
    "error", [urllib.error.URLError("down"), ConnectionResetError(), TimeoutError()]
)
def test_a_server_that_does_not_answer_yet_is_asked_again(error: Exception) -> None:
    assert until("it", answers(error, "yes")) == "yes"


def test_other_errors_of_the_check_are_its_callers() -> None:
    with pytest.raises(FileNotFoundError):
        until("it", answers(FileNotFoundError(), "yes"))


def test_time_that_is_over_is_told_with_the_details() -> None:
    with pytest.raises(TimeoutError, match=r"^it did not happen within 0 s; the log ends$"):
        until("it", lambda: False, 0.0, details=lambda: "; the log ends")


@pytest.mark.parametrize("is_deaf", [False, True])
def test_a_process_is_ended_also_one_that_does_not_hear(is_deaf: bool) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " if is_deaf else ""
    code = f"{deaf}import time; print(1, flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        end(process, timeout_s=0.2 if is_deaf else 20.0)
        assert process.returncode == (-signal.SIGKILL if is_deaf else -signal.SIGTERM)
