"""Random faults, several at a time, against running processes; only the history is judged."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable

import psutil

from benchmarks.faults import history
from benchmarks.faults.history import HistoryCheck
from benchmarks.faults.measure import running
from benchmarks.faults.stack import Stack
from benchmarks.waiting import until


def run(count: int, *, seed: int) -> tuple[int, list[str]]:
    """Runs random schedules; returns their number, and a line for each that went wrong."""
    random_ = random.Random(seed)
    wrong: list[str] = []
    # Small pictures: on two cores both workers and the viewer must keep up while nothing is broken.
    with running(1, workers=2, sized_for=4) as (stack, viewers):
        for number in range(count):
            began_s = time.monotonic()
            names = [_one(stack, viewers.names[0], random_) for _ in range(random_.randint(1, 3))]
            try:
                stack.pardon(viewers.names[0])
                viewers.until_steady(20.0)
            except TimeoutError:
                wrong.append(f"schedule {number} ({', '.join(names)}): not enhanced again")
            stack.keep_workers()
            frames = viewers.frames()[viewers.names[0]]
            result = history.check(
                (frame for frame in frames if frame.at_s >= began_s - 0.5), is_over=False
            )
            if not result.is_sound:
                wrong.append(f"schedule {number} ({', '.join(names)}): {_say(result)}")
    return count, wrong


def _one(stack: Stack, stream: str, random_: random.Random) -> str:
    name = random_.choice(sorted(_FAULTS))
    _FAULTS[name](stack, stream, random_)
    time.sleep(random_.uniform(0.0, 1.5))
    return name


def _kill_worker(stack: Stack, stream: str, random_: random.Random) -> None:
    victim = _lead(stack, stream)
    if victim is not None:
        victim.kill()


def _stop_worker(stack: Stack, stream: str, random_: random.Random) -> None:
    victim = _lead(stack, stream)
    if victim is not None:
        os.kill(victim.pid, signal.SIGSTOP)
        time.sleep(random_.uniform(0.1, 2.5))
        os.kill(victim.pid, signal.SIGCONT)


def _restart_redis(stack: Stack, stream: str, random_: random.Random) -> None:
    stack.redis.kill()
    # Half of the restarts are at once: then clients meet the new server before they noticed the end
    # of the old one.
    time.sleep(random_.choice((0.0, random_.uniform(0.0, 3.0))))
    stack.start_redis()


def _hang_redis(stack: Stack, stream: str, random_: random.Random) -> None:
    if stack.redis.process is not None:
        stack.redis.process.send_signal(signal.SIGSTOP)
        time.sleep(random_.uniform(0.1, 3.0))
        stack.redis.process.send_signal(signal.SIGCONT)


def _fill_memory(stack: Stack, stream: str, random_: random.Random) -> None:
    stack.redis.tell("CONFIG", "SET", "maxmemory", "1")
    time.sleep(random_.uniform(0.1, 3.0))
    stack.redis.tell("CONFIG", "SET", "maxmemory", "0")


_FAULTS: dict[str, Callable[[Stack, str, random.Random], None]] = {
    "kill worker": _kill_worker,
    "stop worker": _stop_worker,
    "restart Redis": _restart_redis,
    "hang Redis": _hang_redis,
    "fill memory": _fill_memory,
}


def _lead(stack: Stack, stream: str) -> psutil.Process | None:
    def find() -> psutil.Process | None:
        with contextlib.suppress(KeyError, psutil.NoSuchProcess):
            return stack.worker_of(stream)
        return None

    with contextlib.suppress(TimeoutError):
        return until("a lead", find, 3.0)
    return None


def _say(result: HistoryCheck) -> str:
    return (
        f"{result.twice} twice, {result.out_of_order} out of order, {result.stale} stale, "
        f"of {result.shown} shown"
    )
