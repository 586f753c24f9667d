"""The process that trains nets, asked over its pipes by one thread."""

from __future__ import annotations

import logging
import select
import signal
import subprocess
import sys
import threading
import time

from models.tuning.messages import Answer, Request, read_answer, write_request
from wire.parent_death import die_with_parent

log = logging.getLogger(__name__)

MAX_WORK_S = 600.0
"""Seconds of work, pauses left out, after which a request is given up: on a core of its own it
takes half a minute."""

POLL_S = 0.2
"""Period in which a pause or the end is noticed."""

END_S = 2.0
"""Seconds for the process to end once its input has."""


class TunerProcess:
    """Starts with the first request, and anew after a failure. ``ask`` from one thread; ``pause``
    and ``close`` from any.
    """

    def __init__(self, module: str = "models.tuning", max_work_s: float = MAX_WORK_S) -> None:
        self._module = module
        self._max_work_s = max_work_s
        self._process: subprocess.Popen[bytes] | None = None
        self._is_paused, self._is_closed = threading.Event(), threading.Event()
        self._is_stopped = False

    def pause(self, is_paused: bool) -> None:
        """Stops the process in what it does, or lets it go on."""
        if is_paused:
            self._is_paused.set()
        else:
            self._is_paused.clear()

    def ask(self, request: Request, pictures: list[bytes]) -> Answer:
        """Returns the answer, waiting for it. What goes wrong stands in its ``fault``."""
        if self._is_closed.is_set():
            return Answer(fault="The worker stops.")
        try:
            process = self._started()
        except (OSError, subprocess.SubprocessError) as error:
            return Answer(fault=f"The process that tunes cannot be started: {error}")
        assert process.stdin is not None and process.stdout is not None
        try:
            write_request(process.stdin, request, pictures)  # type: ignore[arg-type]
            if not self._wait(process):
                self._end()
                return Answer(fault="It was given up.")
            answer = read_answer(process.stdout)  # type: ignore[arg-type]
        except (OSError, ValueError) as error:
            self._end()
            return Answer(fault=f"The process that tunes failed: {error}")
        if answer is None:
            self._end()
            return Answer(fault=f"The process that tunes ended ({process.returncode}).")
        return answer

    def close(self) -> None:
        """Ends the process; ``ask`` returns soon."""
        self._is_closed.set()

    def end(self) -> None:
        """Waits for the process to be gone; for the thread that asks."""
        self._end()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._is_stopped = False
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", self._module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # Ctrl-C in a terminal reaches the worker alone, which ends this process.
                start_new_session=True,
                preexec_fn=die_with_parent(),
            )
            log.info("a process for tuning started", extra={"action": "tuner_started"})
        return self._process

    def _wait(self, process: subprocess.Popen[bytes]) -> bool:
        """Waits until there is something to read; False if it takes too long, or is to end."""
        assert process.stdout is not None
        answers = process.stdout.fileno()
        worked_s, before = 0.0, time.monotonic()
        while not self._is_closed.is_set() and worked_s < self._max_work_s:
            self._follow_pause(process)
            if select.select([answers], [], [], POLL_S)[0]:
                return True
            now = time.monotonic()
            worked_s += 0.0 if self._is_stopped else now - before
            before = now
        return False

    def _follow_pause(self, process: subprocess.Popen[bytes]) -> None:
        wanted = self._is_paused.is_set()
        if wanted != self._is_stopped:
            self._is_stopped = wanted
            process.send_signal(signal.SIGSTOP if wanted else signal.SIGCONT)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        # A stopped process is killed all the same.
        process.kill()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            # It hangs in the kernel, where it ends as soon as that lets go of it.
            log.warning("the process for tuning does not end", extra={"action": "tuner_hangs"})
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    log.debug("the process took not all", extra={"action": "tuner_cut_off"})
