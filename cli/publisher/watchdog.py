"""Ends a publisher that does not come back from FFmpeg, and says so.

After the server has closed its side, FFmpeg's muxer waits for one more DTLS message, for ever and
with the interpreter's lock held: no thread and no signal handler of Python runs any more. So the
publisher is a child that the kernel's alarm clock ends, and its parent finds the words.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType

import typer

from cli.errors import NotPublished
from wire.parent import dying_with_us

PATIENCE_S = 3.0
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def become_child() -> None:
    """Returns in a new process only. The old one waits for it, and ends as it does.

    Call it before any thread is started. Raises Exit or NotPublished in the old process.
    """
    die_with_us = dying_with_us()
    child = os.fork()
    if child == 0:
        die_with_us()
        return

    def forward(number: int, frame: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, number)

    for number in _FORWARDED:
        signal.signal(number, forward)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status == -signal.SIGALRM:
        raise NotPublished("The server ended the session, or does not answer any more.")
    raise typer.Exit(status if status >= 0 else 128 - status)


@contextlib.contextmanager
def watching(patience_s: float = PATIENCE_S) -> Iterator[None]:
    """The block must end within this time, or the process does."""
    signal.setitimer(signal.ITIMER_REAL, patience_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
