"""A signal to a process acts in that process, whoever inherited its sockets."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import threading
from collections.abc import Callable

import pytest

from wire import stop_signals
from wire.stop_signals import heard

BOTH = (signal.SIGTERM, signal.SIGUSR1)


def forked(fork: Callable[[], int], work: Callable[[], None]) -> int:
    """The exit status of a child that does the work, negative for the signal that ended it."""
    child = fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(7)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def end_oneself() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    for _ in range(1000):  # Python's handlers run between two instructions.
        pass


def kernel_fork() -> int:
    """A fork that Python does not see, as a library's would be."""
    return int(ctypes.PyDLL(None).fork())


async def test_each_signal_calls_the_action_once() -> None:
    got = asyncio.Event()
    with heard(BOTH, got.set):
        for number in BOTH:
            os.kill(os.getpid(), number)
            await asyncio.wait_for(got.wait(), 2)
            got.clear()
        await asyncio.sleep(0)
        assert not got.is_set()


async def test_a_signal_that_another_thread_takes_wakes_the_loop() -> None:
    got = asyncio.Event()
    with heard(BOTH, got.set):

        def take() -> None:
            signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

        thread = threading.Timer(0.05, take)
        thread.start()
        await asyncio.wait_for(got.wait(), 2)
        thread.join()


@pytest.mark.parametrize("fork", [os.fork, kernel_fork])
async def test_a_signal_to_a_child_does_not_reach_the_parent(fork: Callable[[], int]) -> None:
    got = asyncio.Event()
    with heard(BOTH, got.set):
        assert forked(fork, end_oneself) == -signal.SIGTERM
        await asyncio.sleep(0.05)
        assert not got.is_set()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(got.wait(), 2)


async def test_a_child_has_neither_handlers_nor_the_wake_up_socket() -> None:
    def look() -> None:
        handlers = {signal.getsignal(number) for number in BOTH}
        if handlers == {signal.SIG_DFL} and signal.set_wakeup_fd(-1) == -1:
            os._exit(0)

    with heard(BOTH, lambda: None):
        assert forked(os.fork, look) == 0


async def test_ignored_signals_stay_ignored_in_a_child() -> None:
    before = signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    try:
        with heard(BOTH, lambda: None):
            status = forked(
                os.fork, lambda: os._exit(signal.getsignal(signal.SIGUSR2) == signal.SIG_IGN)
            )
        assert status == 1
    finally:
        signal.signal(signal.SIGUSR2, before)


async def test_afterwards_all_is_as_before() -> None:
    socket_before = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(socket_before)
    handlers = [signal.getsignal(number) for number in BOTH]
    with heard(BOTH, lambda: None):
        assert [signal.getsignal(number) for number in BOTH] != handlers
    assert [signal.getsignal(number) for number in BOTH] == handlers
    assert signal.set_wakeup_fd(socket_before) == socket_before


async def test_in_another_thread_the_block_just_runs() -> None:
    async def run() -> str:
        with heard(BOTH, lambda: None):
            return threading.current_thread().name

    name = await asyncio.to_thread(lambda: asyncio.run(run()))
    assert name != threading.main_thread().name


async def test_more_wake_ups_than_the_socket_holds_do_no_harm() -> None:
    got = 0

    def count() -> None:
        nonlocal got
        got += 1

    with heard((signal.SIGUSR1,), count):
        for _ in range(20_000):
            os.kill(os.getpid(), signal.SIGUSR1)
        await asyncio.sleep(0.05)
    assert got > 0


def test_forgetting_keeps_ctrl_c_an_interrupt() -> None:
    def look() -> None:
        # A shell starts what it runs in the background with this signal ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        stop_signals.forget()
        os._exit(signal.getsignal(signal.SIGINT) is signal.default_int_handler)

    assert forked(os.fork, look) == 1


def test_a_second_signal_ends_at_once_but_not_in_the_same_moment() -> None:
    now, ended = [10.0], list[int]()
    stop = asyncio.Event()
    request = stop_signals.StopRequest(stop, clock=lambda: now[0], end=ended.append)
    request.repeat_to_end()
    assert stop.is_set()
    now[0] = 10.4  # the terminal and the parent both send it
    request.repeat_to_end()
    assert ended == []
    now[0] = 10.6
    request.repeat_to_end()
    assert ended == [130]


def test_a_signal_after_a_stop_of_another_cause_ends_at_once() -> None:
    ended = list[int]()
    stop = asyncio.Event()
    stop.set()
    stop_signals.StopRequest(stop, clock=lambda: 99.0, end=ended.append).repeat_to_end()
    assert ended == [130]
