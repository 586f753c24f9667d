"""The lead's knowledge of one helper: its speed, its path, its open tasks, and trust in it.

A helper works on its tasks one after another. Its service time for a task is an overhead for each
region and a time for each sample; the path adds the rest of the turn-around. All of it is learnt
from results. Pure: times are arguments, in seconds of the lead's monotonic clock.
"""

from __future__ import annotations

import collections
import dataclasses

from workers.team.service_time import ServiceTime

__all__ = ["KEPT_S", "MAX_BACKLOG_S", "DeviceModel", "Finished", "Offer", "OpenTask"]

MAX_BACKLOG_S = 0.05
"""Work that may wait at a helper, in s: one and a half frames of 30 a second. With one that
waits it never idles while the next is on its way, and more would only make results older."""

PATH_WINDOW = 64
"""Turn-arounds from which the path is estimated: two seconds of a stream with 30 frames."""

PATH_QUANTILE = 0.95

FIRST_PATH_S = 0.08
"""Turn-around without compute that is expected before the first result: a continent's."""

LATE_S = 0.1
"""Lateness of a result that would cost all trust; half of it is taken at most, as TCP halves. One
in twenty is a little late by the choice of the playout delay, and costs next to nothing."""

MIN_FACTOR = 0.5
"""Factor on trust for the worst, and for a task without a result where no later one had any."""

FAILED_FACTOR = 0.75
"""Factor on trust for a task that failed: a frame that was not there in time, mostly."""

RECOVERY_PER_S = 0.3
"""Growth of trust: two to three seconds from a quarter to all."""

FIRST_TRUST = 0.5
"""Trust in a helper that has just joined; it has all of it in two seconds."""

MIN_TRUST = 0.04
"""Trust with which a helper is still given a little now and then, so that recovery is noticed."""

MIN_OVERDUE_S = 0.004
"""Time after the expected arrival of a result at which its helper gets nothing more for now; the
95th percentile of the path is in the expectation already."""

OVERDUE_DEVIATIONS = 1.5
"""Time added to that, in mean deviations of the helper's own times: one in nine of a normal
distribution is longer, and it is a few milliseconds on a steady device."""

MAX_SILENCE_S = 3.0
"""A helper of which nothing was heard for so long is gone: three of its ``Ready``."""

OVERRUNS, OVERRUN_WEIGHT, MAX_OVERRUN_S = 3.0, 0.05, 0.05
"""Time added to that, in mean times by which results came after their expectation; the weight of a
result in that mean, and what counts of it at most. Frames that are late at the helper make it."""

LOSS_WEIGHT = 0.02
"""Weight of a task in the part of tasks that others overtake: that of the last fifty or so."""

MIN_LOSS = 0.005
"""The part from which on a path loses messages: one overtaken task counts for two seconds."""

RELEARN_S = 3.0
"""Time without a result after which the device's own measurement counts as at the start."""

KEPT_S = 2.0
"""Time for which a task is remembered after its deadline, so that a late result still teaches."""


@dataclasses.dataclass(frozen=True, slots=True)
class Offer:
    """The conditions under which a device would take regions of a frame that is given out now."""

    name: str
    "Name of the helper; empty for the lead itself."
    start_s: float
    "Time from now until it could begin."
    return_s: float
    "Time from the end of its work until the result is here."
    ms_per_region: float
    ms_per_megasample: float
    "Time for a million samples of the decoded picture, halo included."
    max_work_ms: float = float("inf")
    "Work that it should get at most of this frame."
    takes_one: bool = False
    "True: one region is welcome, however long it takes, since little waits there."

    def work_ms(self, regions: int, samples: int) -> float:
        """Returns the expected time of work on so many regions with so many samples in all."""
        return regions * self.ms_per_region + samples * self.ms_per_megasample / 1e6


@dataclasses.dataclass(slots=True)
class OpenTask:
    """A task that was sent and has no result yet."""

    number: int
    regions: int
    samples: int
    sent: float
    deadline: float
    work_s: float
    "Expected service time."
    expected: float
    "Time at which the result is expected, by the path's 95th percentile."
    is_passed: bool = False
    "A later task had its result first, so this one's was lost, or its repeat is on its way."
    is_missed: bool = False
    "Its deadline has passed."


@dataclasses.dataclass(frozen=True, slots=True)
class Finished:
    """A result as its task sees it."""

    task: OpenTask
    turn_around_s: float
    late_s: float
    "Time after the deadline; negative where it was in time."


class DeviceModel:
    """One helper. The order of results is that of its tasks, except for lost ones."""

    def __init__(self, name: str, *, ms_per_megasample: float, now: float) -> None:
        """``ms_per_megasample`` is a first value, such as the lead's own speed."""
        self.name = name
        self.service = ServiceTime(ms_per_megasample)
        self._path: collections.deque[float] = collections.deque(maxlen=PATH_WINDOW)
        self._path_s = FIRST_PATH_S
        self._tasks: dict[int, OpenTask] = {}
        self._trust, self._trusted_at = FIRST_TRUST, now
        self._cut_at = now
        self._heard, self._is_silent = now, False
        self._loss = self._overrun_s = 0.0
        self._is_free_at = self._result_at = now
        self.parity = 0.0
        "Bytes of parity that its link adds to each byte of its results."

    @property
    def path_s(self) -> float:
        """The 95th percentile of turn-arounds without the helper's own time and its queue; the time
        until it has the frame is part of them.
        """
        return self._path_s

    def trust(self, *, now: float) -> float:
        """Returns the part of its time that is given out, 0 to 1."""
        return min(1.0, self._trust + RECOVERY_PER_S * (now - self._trusted_at))

    def is_gone(self, *, now: float) -> bool:
        """True if nothing was heard for too long."""
        return now - self._heard > MAX_SILENCE_S

    def numbers(self) -> list[int]:
        """Returns the numbers of the tasks without a result, oldest first."""
        return list(self._tasks)

    def ready(self, ms_per_megasample: float, free: float, *, now: float) -> None:
        """Notes a ``Ready``: its own measurement counts until there are results."""
        self._hear(now)
        for task in self._tasks.values():
            # It lives, so what it never answered was lost rather than its life.
            task.is_passed = task.is_passed or task.is_missed
        if ms_per_megasample <= 0.0:
            return
        # A device that is half busy takes twice as long; results will tell it exactly.
        ms_per_megasample /= max(free, MIN_TRUST)
        if now - self._result_at > RELEARN_S:
            # What was learnt under other conditions may be why it was given nothing since.
            self.service = ServiceTime(ms_per_megasample)
            if self._path_s > FIRST_PATH_S:
                # One that was too long for the longest delay would be given nothing ever again.
                self._path.clear()
                self._path_s = FIRST_PATH_S
                self._result_at = now
        self.service.expect(ms_per_megasample)

    def offer(self, *, now: float) -> Offer:
        """Returns the conditions under which it takes more now."""
        trust = self.trust(now=now)
        there = now + self._path_s / 2
        waiting_s = max(0.0, self._is_free_at - there)
        left_s = max(0.0, MAX_BACKLOG_S - waiting_s)
        if self.is_overdue(now=now):
            left_s = 0.0
        return Offer(
            self.name,
            start_s=self._path_s / 2 + waiting_s,
            return_s=self._path_s / 2,
            ms_per_region=self.service.ms_per_region / trust,
            ms_per_megasample=self.service.ms_per_megasample / trust,
            max_work_ms=1000.0 * left_s,
            # Otherwise a region that takes long would only be begun a path's time after the last.
            takes_one=left_s >= MAX_BACKLOG_S / 2,
        )

    def sent(
        self, number: int, regions: int, samples: int, *, deadline: float, now: float
    ) -> OpenTask:
        """Notes a task with so many regions and samples, halos included."""
        work_s = self.service.ms(regions, samples) / 1000.0
        there = max(now + self._path_s / 2, self._is_free_at)
        self._is_free_at = there + work_s / self.trust(now=now)
        expected = there + work_s + self._path_s / 2
        task = OpenTask(number, regions, samples, now, deadline, work_s, expected)
        self._tasks[number] = task
        return task

    def result(
        self, number: int, *, whole_ms: float, waited_ms: float, now: float
    ) -> Finished | None:
        """Learns from a result; None for a task that is not known (any more)."""
        self._hear(now)
        task = self._tasks.pop(number, None)
        if task is None:
            return None
        turn_around_s = now - task.sent
        path_s = max(0.0, turn_around_s - whole_ms / 1000.0)
        # What it waited for the frame itself, and not for the task before, is part of the way too:
        # it will be the same for the next one.
        queued_s = max(0.0, self._result_at - task.sent - path_s)
        self._learn_path(path_s + max(0.0, waited_ms / 1000.0 - queued_s))
        self._result_at = now
        if not task.is_passed:
            overrun_s = min(max(0.0, now - task.expected), MAX_OVERRUN_S)
            self._overrun_s += OVERRUN_WEIGHT * (overrun_s - self._overrun_s)
        self.service.add(task.regions, task.samples, max(0.0, whole_ms - waited_ms))
        late_s = now - task.deadline
        # An overtaken one was lost on its way and asked for again: a slower pace would not help.
        if late_s > 0.0 and not task.is_passed:
            self._cut(max(MIN_FACTOR, 1.0 - late_s / LATE_S), task, now)
        self._pass_by(task)
        self._reckon(now)
        return Finished(task, turn_around_s, late_s)

    def failed(self, number: int, *, now: float) -> OpenTask | None:
        """Notes that a task will have no result; None for one that is not known."""
        self._hear(now)
        task = self._tasks.pop(number, None)
        if task is not None:
            self._cut(FAILED_FACTOR, task, now)
            self._reckon(now)
        return task

    def on_time(self, *, now: float) -> None:
        """Notes the deadlines that passed."""
        for task in list(self._tasks.values()):
            task.is_missed = now >= task.deadline
            # Where later tasks had results, this one's was lost on its way: the path lost it, and a
            # slower pace would not bring it back (as ``wire/link/rate_control.py``).
            if now >= task.deadline + LATE_S / 2 and not task.is_passed:
                self._cut(MIN_FACTOR, task, now)
            if now >= task.deadline + KEPT_S:
                del self._tasks[task.number]
                self._is_silent = self._is_silent or not task.is_passed

    def is_overdue(self, *, now: float) -> bool:
        """True if a result should have been here by now: nothing more is to be sent for a while."""
        return self._is_silent or self._stuck(now) is not None

    def late_tasks(self, *, now: float) -> list[int]:
        """Returns the numbers of the tasks whose deadlines are still to come, but whose results are
        hardly to be expected before them.
        """
        stuck, held_up = self._stuck(now), 0.0
        found = []
        for task in self._tasks.values():
            expected = task.expected
            if stuck is not None and task.number >= stuck.number:
                # What is overdue will take as long again (the tail of such times is heavy), and the
                # tasks behind it are as slow.
                overdue_s = now - stuck.expected
                slowness = 1.0 + 2.0 * overdue_s / max(stuck.work_s, 1e-3)
                held_up += slowness * task.work_s if task is not stuck else 0.0
                expected = now + overdue_s + held_up
            # To wait and see with the one that is overdue itself would leave no time for another.
            is_hopeless = task.is_passed or task is stuck or self._is_silent
            is_late = is_hopeless or expected > task.deadline
            if is_late and not task.is_missed and now < task.deadline:
                found.append(task.number)
        return found

    def _stuck(self, now: float) -> OpenTask | None:
        """Returns the task on which the helper seems to be held up."""
        queue = self._queue()
        # On a path that loses messages a single missing result says nothing: the next one has to
        # be missing too.
        if self._loss > MIN_LOSS and len(queue) > 1:
            del queue[0]
        grace_s = MIN_OVERDUE_S + OVERDUE_DEVIATIONS * self.service.deviation_ms / 1000.0
        grace_s += OVERRUNS * self._overrun_s
        return queue[0] if queue and now > queue[0].expected + grace_s else None

    def _hear(self, now: float) -> None:
        self._heard, self._is_silent = now, False

    def _queue(self) -> list[OpenTask]:
        """Returns the tasks that it has yet to answer, oldest first."""
        return [task for task in self._tasks.values() if not task.is_passed]

    def _learn_path(self, path_s: float) -> None:
        self._path.append(path_s)
        # A few values say little about the tail, so the first guess stays among them for a while.
        padding = [FIRST_PATH_S] if len(self._path) < PATH_WINDOW // 4 else []
        ordered = sorted([*self._path, *padding])
        self._path_s = ordered[int(PATH_QUANTILE * (len(ordered) - 1))]

    def _pass_by(self, done: OpenTask) -> None:
        self._loss -= LOSS_WEIGHT * self._loss
        for task in self._queue():
            if task.number < done.number:
                task.is_passed = True
                self._loss += LOSS_WEIGHT * (1.0 - self._loss)

    def _cut(self, factor: float, task: OpenTask, now: float) -> None:
        # Tasks on their way at the last cut were sent without its knowledge: one cause, one cut.
        if task.sent < self._cut_at:
            return
        self._trust = max(MIN_TRUST, factor * self.trust(now=now))
        self._trusted_at = self._cut_at = now

    def _reckon(self, now: float) -> None:
        """Works out anew when it will be free: after all that waits there, one after another."""
        trust = self.trust(now=now)
        free_at = now - self._path_s / 2
        for task in self._tasks.values():
            if task.is_passed:
                continue
            work_s = self.service.ms(task.regions, task.samples) / 1000.0
            begins = max(free_at, task.sent + self._path_s / 2)
            task.work_s = work_s
            task.expected = begins + work_s + self._path_s / 2
            free_at = begins + work_s / trust
        self._is_free_at = free_at
