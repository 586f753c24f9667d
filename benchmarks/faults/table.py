"""The faults that are measured, each with its targets."""

from __future__ import annotations

import dataclasses
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.faults.stack import Stack, stopped
from benchmarks.waiting import until


@dataclasses.dataclass(frozen=True, slots=True)
class Moments:
    """The begin of a fault, and the moment from which recovery is counted; monotonic seconds."""

    began_s: float
    over_s: float


Break = Callable[[Stack, list[str]], Moments]
"""Breaks something, puts it right again, and says when."""


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """One row of the table."""

    name: str
    inflict: Break
    freeze_s: float | None
    "The longest freeze that is wanted; None: it is given by the fault."
    again_s: float | None
    "Seconds after it within which the enhanced pictures are wanted back."
    workers: int = 1
    settle_s: float = 4.0
    "Seconds for which the viewers are observed after it."
    keeps_numbers: bool = True
    "False where the publisher begins anew: its numbers do, too."
    is_one_session: bool = True
    "False where the viewer must join again: a join begins with what was shown before."
    clock: bool = False
    "It needs a wall clock that can be set."


def _now() -> Moments:
    at = time.monotonic()
    return Moments(at, at)


def kill_worker(stack: Stack, streams: list[str]) -> Moments:
    """Kills the worker that enhances the first stream."""
    victim = stack.worker_of(streams[0])
    moments = _now()
    victim.kill()
    return moments


def stop_worker(stack: Stack, streams: list[str]) -> Moments:
    """Stops that worker for 5 s (SIGSTOP, then SIGCONT)."""
    victim = stack.worker_of(streams[0])
    moments = _now()
    with stopped(victim):
        time.sleep(5.0)
    return moments


def restart_redis(stack: Stack, streams: list[str]) -> Moments:
    """Kills Redis, and starts an empty one at once."""
    began = time.monotonic()
    stack.redis.kill()
    stack.start_redis()
    return Moments(began, time.monotonic())


def take_redis_away(stack: Stack, streams: list[str]) -> Moments:
    """Kills Redis, and starts an empty one after 10 s."""
    began = time.monotonic()
    stack.redis.kill()
    time.sleep(10.0)
    stack.start_redis()
    return Moments(began, time.monotonic())


def fill_memory(stack: Stack, streams: list[str]) -> Moments:
    """Lets Redis take no more for 5 s, as if its memory were full."""
    began = time.monotonic()
    stack.redis.tell("CONFIG", "SET", "maxmemory", "1")
    time.sleep(5.0)
    stack.redis.tell("CONFIG", "SET", "maxmemory", "0")
    return Moments(began, time.monotonic())


def fill_disk(stack: Stack, streams: list[str]) -> Moments:
    """Lets Redis refuse writes for 5 s, because it is to save and cannot."""
    # A snapshot that cannot be written makes the server refuse writes; no disk needs to be full for
    # it.
    redis, began = stack.redis, time.monotonic()
    shutil.rmtree(redis.folder)
    redis.tell("CONFIG", "SET", "save", "1 1")
    redis.tell("CONFIG", "SET", "stop-writes-on-bgsave-error", "yes")
    redis.tell("BGSAVE")
    until("a refused write", lambda: "MISCONF" in redis.tell("SET", "probe", "1"), 30.0)
    time.sleep(5.0)
    redis.folder.mkdir()
    redis.tell("CONFIG", "SET", "dir", str(redis.folder))  # it stood in a folder that is no more
    redis.tell("BGSAVE")
    until("a write", lambda: "OK" in redis.tell("SET", "probe", "1"), 30.0)
    moments = Moments(began, time.monotonic())
    redis.tell("CONFIG", "SET", "save", "")
    return moments


def kill_app(stack: Stack, streams: list[str]) -> Moments:
    """Kills ``sharpcast serve``, and starts another one at once."""
    assert stack.up is not None
    moments = _now()
    stack.kill_group(stack.up)
    stack.start_app(with_worker=False)
    return moments


def replace_publisher(stack: Stack, streams: list[str]) -> Moments:
    """Kills the publishers, and starts others of the same names after 3 s."""
    began = time.monotonic()
    for stream in streams:
        stack.kill_group(stack.publishers[stream])
    time.sleep(3.0)
    for stream in streams:
        stack.publish(stream, *publish_arguments(len(streams)))
    logs = [stack.folder / f"publish-{stream}.log" for stream in streams]
    until("publishers", lambda: all("publishing" in _text(log) for log in logs), 30.0)
    return Moments(began, time.monotonic())


def step_clock(seconds: int) -> Break:
    """Makes a fault in which the wall clock of app and worker jumps from where it is."""

    def step(stack: Stack, streams: list[str]) -> Moments:
        file = stack.folder / "clock"
        ahead = int(file.read_text().removesuffix("s")) + seconds
        moments = _now()
        file.write_text(f"{ahead:+d}s")
        return moments

    return step


def publish_arguments(streams: int) -> tuple[str, ...]:
    """Returns a publisher's arguments; several streams are smaller, for small machines."""
    if streams == 1:
        return ("--size", "480x270", "--fps", "30", "--kbps", "800")
    return ("--size", "320x180", "--fps", "15", "--kbps", "300")


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""


FAULTS = (
    Fault("kill -9 the only worker (`sharpcast up` restarts it)", kill_worker, 0.5, 2.0),
    Fault("kill -9 one of two workers", kill_worker, 0.3, 1.0, workers=2),
    Fault("SIGSTOP a worker for 5 s, then SIGCONT", stop_worker, 0.5, 1.0, workers=2, settle_s=8),
    Fault("Redis restarted empty", restart_redis, 0.5, 2.0),
    Fault("Redis away for 10 s", take_redis_away, 0.5, 2.0),
    Fault("Redis memory full for 5 s", fill_memory, 0.5, 2.0),
    Fault("Redis disk full for 5 s", fill_disk, 0.5, 2.0),
    Fault(
        "publisher away for 3 s, back under the same name",
        replace_publisher,
        None,
        1.0,
        keeps_numbers=False,
    ),
    Fault(
        "app killed, started again at once",
        kill_app,
        3.0,
        4.0,
        settle_s=8,
        workers=0,
        is_one_session=False,
    ),
    Fault("wall clocks 60 s forward", step_clock(60), 0.2, None, clock=True),
    Fault("wall clocks 60 s back", step_clock(-60), 0.2, None, clock=True),
)
