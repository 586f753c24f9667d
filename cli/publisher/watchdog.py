"""Ends a publisher that does not come back from FFmpeg, and begins it again where that helps.

After the server has closed its side, FFmpeg's muxer waits for one more DTLS message, for ever and
with the interpreter's lock held: no thread and no signal handler of Python runs any more. So the
publisher is a child that the kernel's alarm clock ends, and its parent finds the words, or forks
another one when the server was only away.
"""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import os
import random
import signal
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from types import FrameType
from urllib.parse import urlsplit

import typer

from cli.errors import NotPublished
from cli.publisher.comeback import Comeback, ComebackVerdict
from wire import stop_signals
from wire.parent_death import die_with_parent

PATIENCE_S = 3.0
TRY_AGAIN = 75
"""A child's exit status when the same may succeed later (EX_TEMPFAIL of sysexits.h)."""
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LOOK_S = 0.1
_ASK_S = 1.0
_ANSWER_S = 2.0
_ANSWER_BYTES = 64 * 1024
_ENDED = "The server ended the session, or does not answer any more."


@dataclasses.dataclass(frozen=True, slots=True)
class Attempt:
    """The child's part: the time that it may send, and its line to the parent."""

    duration_s: float | None
    "What is left of the whole time; None: no limit."
    _pipe: int

    def is_live(self) -> None:
        """Tells the parent that the session stands."""
        os.write(self._pipe, b"!")


def become_child(url: str, duration_s: float | None) -> Attempt:
    """Returns in a new process only, and once in each. The old one waits, and ends as the last.

    Call it before any thread is started. Raises Exit or NotPublished in the old process.
    """
    return _Parent(url, duration_s).run()


class _Parent:
    """The parent, which starts one child after the other."""

    def __init__(self, url: str, duration_s: float | None) -> None:
        self._server = _server_address(url)
        self._ends_at = None if duration_s is None else time.monotonic() + duration_s
        self._duration_s = duration_s
        self._comeback = Comeback()
        self._child = 0
        self._stopped_by = 0
        self._ear = -1
        self._is_news = False
        "Whether the last child's session stood, so that its end has not been told yet."

    def run(self) -> Attempt:
        """Returns in each child; the parent leaves by an exception."""
        while True:
            attempt = self._fork()
            if attempt is not None:
                return attempt
            status = self._wait()
            if self._stopped_by or status not in (TRY_AGAIN, -signal.SIGALRM, -signal.SIGKILL):
                raise typer.Exit(status if status >= 0 else 128 - status)
            if not self._comeback.was_live or not self._server:
                if status == TRY_AGAIN:
                    raise typer.Exit(1)
                raise NotPublished(_ENDED)
            self._wait_for_server()

    def _fork(self) -> Attempt | None:
        """Starts a child. Returns its part in the child, None in the parent."""
        left_s = self._duration_s
        if self._ends_at is not None and self._comeback.was_live:
            left_s = max(0.0, self._ends_at - time.monotonic())
        self._ear, mouth = os.pipe()
        die_with_us = die_with_parent()
        child = os.fork()
        if child == 0:
            die_with_us()
            stop_signals.forget()
            os.close(self._ear)
            return Attempt(left_s, mouth)
        os.close(mouth)
        os.set_blocking(self._ear, False)
        self._child = child
        for number in _FORWARDED:
            signal.signal(number, self._forward)
        return None

    def _forward(self, number: int, frame: FrameType | None) -> None:
        self._stopped_by = number
        if self._child:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child, number)

    def _wait(self) -> int:
        """Waits for the child's exit status; ends a child whose session is with a server that is
        gone.
        """
        is_live, ask_at = False, 0.0
        self._is_news = False
        self._comeback.see(_ask(self._server))
        try:
            while True:
                found, status = os.waitpid(self._child, os.WNOHANG)
                if found:
                    self._child = 0
                    return os.waitstatus_to_exitcode(status)
                if not is_live and _has_spoken(self._ear):
                    is_live = self._is_news = True
                    self._comeback.begin()
                if is_live and time.monotonic() >= ask_at:
                    if self._comeback.is_orphaned(_ask(self._server)):
                        os.kill(self._child, signal.SIGKILL)
                    ask_at = time.monotonic() + _ASK_S
                time.sleep(_LOOK_S)
        finally:
            os.close(self._ear)

    def _wait_for_server(self) -> None:
        """Returns when another try makes sense. Raises Exit, or NotPublished if none does."""
        if self._is_news:
            print("sharpcast: it goes on when the server is back", file=sys.stderr)
        verdict = ComebackVerdict.WAIT
        while verdict is ComebackVerdict.WAIT:
            time.sleep(self._comeback.wait_s(random.random()))
            if self._stopped_by:
                raise typer.Exit(128 + self._stopped_by)
            if self._ends_at is not None and time.monotonic() >= self._ends_at:
                raise NotPublished(_ENDED)
            verdict = self._comeback.judge(_ask(self._server))
        if verdict is ComebackVerdict.GIVE_UP:
            raise NotPublished(_ENDED)


def _has_spoken(pipe: int) -> bool:
    try:
        return os.read(pipe, 1) != b""
    except BlockingIOError:
        return False


def _server_address(url: str) -> str:
    """Returns the address at which our server tells its run; "" if ``url`` is not one of ours."""
    parts = urlsplit(url)
    above, _, last = parts.path.rstrip("/").rpartition("/")
    if parts.scheme not in ("http", "https") or not above.endswith("/whip") or not last:
        return ""
    return f"{parts.scheme}://{parts.netloc}{above.removesuffix('/whip')}/api/v1/server"


def _ask(address: str) -> str:
    """Asks a server for the name of its run; "" where none answers."""
    if not address:
        return ""
    # Nothing secret is sent or believed, so a self-made certificate will do, as it does for FFmpeg.
    context = ssl._create_unverified_context() if address.startswith("https") else None
    try:
        with urllib.request.urlopen(address, timeout=_ANSWER_S, context=context) as answer:
            return str(json.loads(answer.read(_ANSWER_BYTES)).get("instance", ""))
    except (OSError, http.client.HTTPException, ValueError, AttributeError, RecursionError):
        return ""


@contextlib.contextmanager
def watching(patience_s: float = PATIENCE_S) -> Iterator[None]:
    """The block must end within this time, or the process does."""
    signal.setitimer(signal.ITIMER_REAL, patience_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
