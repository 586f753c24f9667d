"""Signals that end a process, heard by its event loop, and by no other process's loop.

``loop.add_signal_handler`` tells signals by a byte in a socket, and a forked child inherits the
socket: a SIGTERM to the child then reads like one to the parent. Here the byte only wakes the loop;
what acts is Python's own handler, which runs in the process that got the signal.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import FrameType

_WAKE_BYTES = 4096


@contextlib.contextmanager
def heard(numbers: Sequence[signal.Signals], action: Callable[[], object]) -> Iterator[None]:
    """Makes each of the signals call ``action`` on the running loop while the block runs.

    Afterwards the handlers are as before. Signals can be had in the main thread only; in another
    one the block just runs, and its owner cancels it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _protect_children()
    loop, owner = asyncio.get_running_loop(), os.getpid()

    def handle(number: int, frame: FrameType | None) -> None:
        if os.getpid() == owner:
            loop.call_soon_threadsafe(action)
        else:  # A child of a fork that Python knows nothing of.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    with _waking(loop):
        before = {number: signal.signal(number, handle) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                # None: it was set by something other than Python, which nothing can bring back.
                signal.signal(number, signal.SIG_DFL if handler is None else handler)


@contextlib.contextmanager
def _waking(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Wakes the loop by a byte at each signal, which the kernel may give to any thread."""
    reader, writer = socket.socketpair()
    with reader, writer:
        reader.setblocking(False)
        writer.setblocking(False)
        loop.add_reader(reader, _drain, reader)
        # A full socket has bytes enough to wake the loop, so a byte that does not fit is no loss.
        before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            loop.remove_reader(reader)


def _drain(reader: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError, InterruptedError):
        reader.recv(_WAKE_BYTES)


class StopRequest:
    """Counts signals to stop: the first asks for an orderly stop, a second one ends at once.

    Terminals and those who start processes may send the first one twice, so the second counts
    after ``AGAIN_S`` only. Children of ours end with us.
    """

    AGAIN_S = 0.5

    def __init__(
        self,
        stop: asyncio.Event,
        *,
        clock: Callable[[], float] = time.monotonic,
        end: Callable[[int], object] = os._exit,
    ) -> None:
        self._stop = stop
        self._clock = clock
        self._end = end
        self._asked_at = 0.0

    def repeat_to_end(self) -> None:
        """Acts on one signal: asks for a stop, or ends the process."""
        if not self._stop.is_set():
            self._stop.set()
            self._asked_at = self._clock()
        elif self._clock() - self._asked_at >= self.AGAIN_S:
            # The status that shells give a process which a signal ended.
            self._end(128 + signal.SIGINT)


_protected = False


def _protect_children() -> None:
    """Takes our handlers and wake-up socket from all children forked from now on."""
    global _protected
    if not _protected:
        _protected = True
        os.register_at_fork(after_in_child=forget)


def forget() -> None:
    """Resets signals to what they do in a new process, for a child that must not act for us."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            is_interrupt = number == signal.SIGINT
            signal.signal(number, signal.default_int_handler if is_interrupt else signal.SIG_DFL)
