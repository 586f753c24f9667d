"""Watchdog of the publisher: ends a process that hangs in FFmpeg, and starts another if that helps.

After the server has closed its side, FFmpeg's muxer waits for one more DTLS message without end,
with the interpreter's lock held: no thread and no signal handler of Python runs any more. So the
publisher is a child process that the kernel's interval timer ends. Its parent reports the reason,
or forks another child if the server was only away.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from types import FrameType

import typer

from cli.errors import NotPublished
from cli.publisher.reconnect import ReconnectDecision, ReconnectPolicy
from cli.publisher.server_query import query, server_address
from wire import stop_signals
from wire.parent_death import die_with_parent

PATIENCE_S = 3.0
"""Time limit of one call of FFmpeg; a call that sends takes microseconds."""

TRY_AGAIN = 75
"""Exit status of a child if the same may succeed later (EX_TEMPFAIL of sysexits.h)."""

SOURCE_LOST = 66
"""Exit status of a child whose source is away while its session stood (EX_NOINPUT)."""

_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_POLL_PERIOD_S = 0.1
"""Seconds between two checks of the child and its pipe."""
_QUERY_PERIOD_S = 1.0
"""Seconds between two questions to the server while a session stands."""
_LIVE, _ENDLESS = b"!", b"~"
"""Words of a child whose session stands."""
_ENDED = "The server ended the session, or does not answer any more."
_ENDED_ON_PURPOSE = (
    "The server ended the session: most likely an operator ended the stream, or somebody else "
    "publishes it now."
)


@dataclasses.dataclass(slots=True)
class Attempt:
    """A child's view of one attempt: the time that it may send, and a pipe to the parent."""

    duration_s: float | None
    "Remaining time in s; None means no limit."
    _pipe: int
    is_again: bool = False
    "True if a session stood before: what it needs was there, and is waited for."

    is_endless: bool = False
    "True if the source had no end in an earlier session; what has one now is not to be repeated."

    was_live: bool = False
    "True once its session stood."

    def is_live(self, *, is_endless: bool = False) -> None:
        """Tells the parent that the session is established, and whether its source has no end."""
        self.was_live = True
        os.write(self._pipe, _ENDLESS if is_endless else _LIVE)


def become_child(url: str, duration_s: float | None) -> Attempt:
    """Forks children one after the other; returns in each child, never in the parent.

    Call it before any thread is started. Raises Exit or NotPublished in the parent.
    """
    return _Parent(url, duration_s).run()


class _Parent:
    """The parent process, which runs one child after the other."""

    def __init__(self, url: str, duration_s: float | None) -> None:
        self._server = server_address(url)
        self._ends_at = None if duration_s is None else time.monotonic() + duration_s
        self._duration_s = duration_s
        self._reconnect = ReconnectPolicy()
        self._child = 0
        self._stopped_by = 0
        self._child_pipe = -1
        self._is_endless = False
        self._is_end_unreported = False
        "True if the last child had a session whose end was not reported yet."

    def run(self) -> Attempt:
        """Returns in each child; leaves the parent by an exception."""
        while True:
            attempt = self._fork()
            if attempt is not None:
                return attempt
            status = self._wait()
            if status == SOURCE_LOST and self._reconnect.was_live and not self._stopped_by:
                # The child has said it, and the next one waits for the source.
                self._reconnect.lose_source()
                continue
            # The child ends by SIGALRM when FFmpeg hangs, and by SIGKILL when its session's server
            # is gone. All other failures are final.
            if self._stopped_by or status not in (TRY_AGAIN, -signal.SIGALRM, -signal.SIGKILL):
                # As shells tell it: 128 plus the number of the signal.
                raise typer.Exit(status if status >= 0 else 128 - status)
            if not self._reconnect.was_live or not self._server:
                if status == TRY_AGAIN and not self._reconnect.was_live:
                    raise typer.Exit(1)  # the child has told the reason
                raise NotPublished(_ENDED)
            self._wait_for_server()

    def _fork(self) -> Attempt | None:
        """Forks a child; returns its attempt in the child, None in the parent."""
        left_s = self._duration_s
        if self._ends_at is not None and self._reconnect.was_live:
            left_s = max(0.0, self._ends_at - time.monotonic())
        self._child_pipe, write_end = os.pipe()
        # Made before the fork, since it remembers the process id of the parent.
        die_with_us = die_with_parent()
        child = os.fork()
        if child == 0:
            die_with_us()
            stop_signals.forget()
            os.close(self._child_pipe)
            return Attempt(left_s, write_end, self._reconnect.was_live, self._is_endless)
        os.close(write_end)
        # The parent looks into the pipe between other things, and must never wait for it.
        os.set_blocking(self._child_pipe, False)
        self._child = child
        for number in _FORWARDED:
            signal.signal(number, self._forward)
        return None

    def _forward(self, number: int, frame: FrameType | None) -> None:
        self._stopped_by = number
        if self._child:
            # It may have ended a moment ago.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child, number)

    def _wait(self) -> int:
        """Waits for the child's exit status.

        Kills a child whose session belongs to a run of the server that is gone.
        """
        is_live, ask_at = False, 0.0
        self._is_end_unreported = False
        self._reconnect.note_run(_query_run(self._server))
        try:
            while True:
                found, status = os.waitpid(self._child, os.WNOHANG)
                # Also of a child that has ended: its session may have been a short one.
                if not is_live and (word := _word(self._child_pipe)):
                    is_live = self._is_end_unreported = True
                    self._is_endless |= word == _ENDLESS
                    self._reconnect.begin()
                if found:
                    self._child = 0
                    return os.waitstatus_to_exitcode(status)
                if is_live and time.monotonic() >= ask_at:
                    # FFmpeg itself may never notice that the server is gone.
                    if self._reconnect.is_orphaned(_query_run(self._server)):
                        os.kill(self._child, signal.SIGKILL)
                    ask_at = time.monotonic() + _QUERY_PERIOD_S
                time.sleep(_POLL_PERIOD_S)
        finally:
            os.close(self._child_pipe)

    def _wait_for_server(self) -> None:
        """Waits until another attempt makes sense. Raises Exit, or NotPublished if none does."""
        decision = ReconnectDecision.WAIT
        while decision is ReconnectDecision.WAIT:
            time.sleep(self._reconnect.wait_s(random.random()))
            if self._stopped_by:
                raise typer.Exit(128 + self._stopped_by)
            if self._ends_at is not None and time.monotonic() >= self._ends_at:
                raise NotPublished(_ENDED)
            run = _query_run(self._server)
            decision = self._reconnect.decide(run)
            if decision is ReconnectDecision.GIVE_UP:
                raise NotPublished(_ENDED_ON_PURPOSE if run else _ENDED)
            self._report_end()

    def _report_end(self) -> None:
        """Tells once that the session ended and that another one will follow."""
        # Only after a wait: before, a server that ended the stream on purpose looks the same as one
        # that stops.
        if self._is_end_unreported:
            print(
                "sharpcast: the connection is lost; it goes on when the server is back",
                file=sys.stderr,
            )
        self._is_end_unreported = False


def _word(pipe: int) -> bytes:
    """Returns what a child has said, nothing so far or at its end."""
    try:
        return os.read(pipe, 1)
    except BlockingIOError:
        return b""


def _query_run(address: str) -> str:
    """Asks a server for the name of its run; returns "" without an answer."""
    return str(query(address).get("instance", ""))


@contextlib.contextmanager
def watching(patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Ends the process if the block takes longer than ``patience_s``."""
    # No handler is set: the kernel's default ends the process, even while FFmpeg holds the lock of
    # the interpreter.
    signal.setitimer(signal.ITIMER_REAL, patience_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
