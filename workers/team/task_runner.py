"""The thread on which a worker does the tasks of all leads that it helps, one after the other."""

from __future__ import annotations

import dataclasses
import functools
import logging
import threading
import time
from collections.abc import Callable

from workers.engines.engine_lock import EngineLock
from workers.errors import WorkerError
from workers.media.picture import Plane
from workers.team.recent_pictures import Presence
from workers.team.region_maker import RegionMaker
from workers.team.task_queue import HelperTask, TaskQueue, TaskRefusal, TeamKey

__all__ = ["FinishedTask", "TaskRunner"]

log = logging.getLogger(__name__)

_TRIALS = 3
"""Runs by which a net is measured before its team's first task."""


@dataclasses.dataclass(frozen=True, slots=True)
class FinishedTask:
    """The end of a task."""

    task: HelperTask
    coded: tuple[bytes, ...] = ()
    "The coded regions in the task's order; none for a refused task."
    refusal: TaskRefusal | None = None
    engine_s: float = 0.0
    "Elapsed time of the net."
    busy_s: float = 0.0
    "Elapsed time of all of it, waiting for the engine not included."
    begun: float = 0.0
    "Time at which work on it began; 0 for a task that was refused before."


class TaskRunner:
    """Takes tasks from the loop and calls ``finished`` with each, from its thread.

    The engine goes to the worker's own renditions first: the nets of the makers wait for it last
    (``EngineLock``). A task that is late meanwhile is given up between two regions.
    """

    def __init__(
        self,
        name: str,
        lock: EngineLock,
        *,
        finished: Callable[[FinishedTask], None],
        ready: Callable[[TeamKey], None],
    ) -> None:
        self._lock = lock
        self._finished = finished
        self._ready = ready
        self._queue = TaskQueue()
        self._makers: dict[TeamKey, RegionMaker] = {}
        self._untried: list[TeamKey] = []
        "Teams whose nets are to be measured."
        self._changed = threading.Condition()
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name=f"helper {name}", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def close(self) -> None:
        """Ends the thread after the task that it does; those that wait are refused. Harmless when
        repeated.
        """
        with self._changed:
            self._is_closed = True
            self._changed.notify()

    def join(self, timeout_s: float) -> bool:
        """Waits for the thread's end; never on the loop. False if it did not end in time."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def add(self, team: TeamKey, maker: RegionMaker) -> None:
        """Takes tasks of a team from now on. Its net is measured first, then ``ready`` is called
        with the team.
        """
        with self._changed:
            self._makers[team] = maker
            self._untried.append(team)
            self._changed.notify()

    def remove(self, team: TeamKey) -> None:
        """Takes no more tasks of a team; those that wait are refused."""
        with self._changed:
            self._makers.pop(team, None)
            self._untried = [each for each in self._untried if each != team]
            for task in self._queue.remove(team):
                self._refuse(task, TaskRefusal.LEFT)

    def put(self, task: HelperTask) -> None:
        """Takes a task; one of those that wait may be refused for it."""
        with self._changed:
            if self._is_closed or task.team not in self._makers:
                self._refuse(task, TaskRefusal.UNPREPARED)
                return
            dropped = self._queue.put(task)
            if dropped is not None:
                self._refuse(dropped, TaskRefusal.FULL)
            self._changed.notify()

    def wake(self) -> None:
        """Notes that a frame came or was lost; cheap while no task waits."""
        # Without the lock: a task that is put at this moment is decided on after it was put.
        if len(self._queue):
            with self._changed:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                work = self._next()
                if work is None:
                    return
            try:
                work()
            except WorkerError as error:
                log.warning("a task failed: %s", error, extra={"action": "task_failed"})
            except Exception:
                # The border of the thread: the tasks of other teams go on.
                log.exception("a task failed", extra={"action": "task_failed"})

    def _next(self) -> Callable[[], None] | None:
        """Waits for work and returns it; None once closed. Holds the lock but while it waits."""
        while not self._is_closed:
            if self._untried:
                return functools.partial(self._try_out, self._untried.pop())
            now = time.monotonic()
            choice = self._queue.take(now=now, presence=self._presence, expected_s=self._expected_s)
            for task, refusal in choice.refused:
                if refusal is TaskRefusal.LATE:
                    self._makers[task.team].pace.refused()
                self._refuse(task, refusal)
            if choice.task is not None:
                return functools.partial(self._do, choice.task)
            self._changed.wait(None if choice.wake_at is None else max(0.0, choice.wake_at - now))
        for team in self._makers:
            for task in self._queue.remove(team):
                self._refuse(task, TaskRefusal.LEFT)
        return None

    def _presence(self, task: HelperTask) -> Presence:
        return self._makers[task.team].pictures.presence(task.sequence)

    def _expected_s(self, task: HelperTask) -> float:
        maker = self._makers[task.team]
        return maker.pace.expected_s(task.samples)

    def _try_out(self, team: TeamKey) -> None:
        maker = self._makers.get(team)
        luma = None if maker is None else maker.pictures.newest()
        try:
            if maker is not None and luma is not None:
                self._measure(maker, luma)
        finally:
            # After a failure too: the pace is not known then, and the first tasks will tell.
            self._ready(team)

    def _measure(self, maker: RegionMaker, luma: Plane) -> None:
        # The first run prepares the net for the size, which no later one does.
        maker.try_out(luma)
        for _ in range(_TRIALS):
            begun = time.monotonic()
            with self._lock.timed() as spent:
                samples = maker.try_out(luma)
            whole_s = time.monotonic() - begun
            maker.pace.learn(samples, whole_s=whole_s, engine_s=spent.worked_s)

    def _do(self, task: HelperTask) -> None:
        maker = self._makers.get(task.team)
        if maker is None:
            self._refuse(task, TaskRefusal.LEFT)
            return
        finished = FinishedTask(task, refusal=TaskRefusal.FAILED)
        try:
            finished = self._made(task, maker)
        finally:
            self._finished(finished)

    def _made(self, task: HelperTask, maker: RegionMaker) -> FinishedTask:
        luma = maker.pictures.luma(task.sequence)
        if luma is None:
            return FinishedTask(task, refusal=TaskRefusal.GONE)
        if not maker.fits(task.regions, luma):
            return FinishedTask(task, refusal=TaskRefusal.BAD)
        begun = time.monotonic()
        with self._lock.timed() as spent:
            coded = maker.make(
                luma,
                task.regions,
                task.quality,
                may_go_on=lambda: time.monotonic() < task.deadline,
            )
        whole_s = time.monotonic() - begun
        # What the worker's own nets take of the engine makes tasks late as well, so waiting for it
        # belongs to what the next one is expected to take. A task that was given up would have
        # taken longer still.
        maker.pace.learn(task.samples, whole_s=whole_s, engine_s=spent.worked_s)
        return FinishedTask(
            task,
            tuple(coded or ()),
            refusal=TaskRefusal.LATE if coded is None else None,
            engine_s=spent.worked_s,
            busy_s=whole_s - spent.waited_s,
            begun=begun,
        )

    def _refuse(self, task: HelperTask, refusal: TaskRefusal) -> None:
        self._finished(FinishedTask(task, refusal=refusal))
