"""Runs the faults against running processes and measures what the viewers saw."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

from benchmarks.faults import history
from benchmarks.faults.history import Seen
from benchmarks.faults.stack import Stack, find_faketime
from benchmarks.faults.table import FAULTS, Fault, Moments, publish_arguments
from benchmarks.faults.watcher import load
from benchmarks.waiting import until

BEFORE_S = 0.3
"""The history is judged from so long before a fault."""

_STEADY = 15
"""Frames in a row that must be enhanced before the next fault."""


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """The result of one fault: of each figure the worst among its streams."""

    fault: Fault
    streams: int
    freeze_s: float
    again_s: float | None
    lost: int
    twice: int
    out_of_order: int
    note: str = ""

    @property
    def is_met(self) -> bool:
        """True if it is as wanted."""
        freeze = self.fault.freeze_s is None or self.freeze_s <= self.fault.freeze_s
        wanted = self.fault.again_s
        again = wanted is None or (self.again_s is not None and self.again_s <= wanted)
        return freeze and again and not self.twice and not self.out_of_order


def height_of(streams: int) -> int:
    """Returns the number of lines of an enhanced picture."""
    size = publish_arguments(streams)[1]
    return 2 * int(size.partition("x")[2])


class Viewers:
    """The published streams of one stack, with a viewer for each."""

    def __init__(self, stack: Stack, streams: int, sized_for: int) -> None:
        self.names = [f"cam{index}" for index in range(streams)]
        self._height = height_of(sized_for)
        for name in self.names:
            stack.publish(name, *publish_arguments(sized_for))
        until("the streams", lambda: all(map(stack.server.is_live, self.names)), 30.0)
        self._files = {name: stack.watch(name) for name in self.names}

    def frames(self) -> dict[str, list[Seen]]:
        """Returns the frames that each stream's viewer has seen, the oldest first."""
        return {name: load(path) for name, path in self._files.items()}

    def until_steady(self, timeout_s: float = 30.0) -> None:
        """Waits until every viewer has been shown enhanced pictures for a while."""
        until("enhanced pictures", self._is_steady, timeout_s)
        time.sleep(0.5)

    def _is_steady(self) -> bool:
        time.sleep(0.2)
        now = time.monotonic()
        for frames in self.frames().values():
            last = frames[-_STEADY:]
            if len(last) < _STEADY or now - last[-1].at_s > 0.5:
                return False
            if any(frame.height != self._height for frame in last):
                return False
            if last[-1].at_s - last[0].at_s > 3.0:
                return False
        return True


@contextlib.contextmanager
def running(
    streams: int, *, workers: int, clock: bool = False, sized_for: int = 0
) -> Iterator[tuple[Stack, Viewers]]:
    """Runs a stack with its viewers, from when all of them are shown enhanced pictures.

    With 0 workers the app and one worker are started apart. ``sized_for``: the pictures are as
    small as with so many streams.
    """
    with tempfile.TemporaryDirectory(prefix="sharpcast-faults-") as name:
        folder = Path(name)
        path = folder / "clock" if clock else None
        if path is not None:
            path.write_text("+0s")
        with contextlib.closing(Stack(folder, clock=path)) as stack:
            stack.start_redis()
            stack.start_app(with_worker=workers > 0)
            if workers != 1:
                stack.start_worker("second")
            count = max(1, workers)
            until("workers", lambda: stack.server.get("/readyz")["workers"] >= count, 60.0)
            viewers = Viewers(stack, streams, sized_for or streams)
            viewers.until_steady(60.0)
            yield stack, viewers


def measure(streams: int, faults: Iterable[Fault] = FAULTS) -> Iterator[Result]:
    """Measures one fault after the other; those that need the same processes share them."""
    # Faults that need the same processes stand together, so that a stack is started once for all of
    # them.
    ordered = sorted(faults, key=lambda fault: (fault.clock, fault.workers != 1, fault.workers))
    groups = itertools.groupby(ordered, key=lambda fault: (fault.clock, fault.workers))
    for (clock, workers), group in groups:
        if clock and find_faketime() is None:
            continue
        waiting = list(group)
        try:
            with running(streams, workers=workers, clock=clock) as (stack, viewers):
                while waiting:
                    yield _try(stack, viewers, waiting.pop(0), streams)
        except TimeoutError as error:
            for fault in waiting:
                yield _not_tried(fault, streams, error)


def _try(stack: Stack, viewers: Viewers, fault: Fault, streams: int) -> Result:
    try:
        if fault.workers == 2:
            stack.keep_workers()
        for name in viewers.names:
            stack.pardon(name)
        viewers.until_steady()
    except TimeoutError as error:
        return _not_tried(fault, streams, error)
    try:
        moments = fault.inflict(stack, viewers.names)
    except (TimeoutError, OSError, psutil.NoSuchProcess, KeyError) as error:
        return _not_tried(fault, streams, error)
    end_s = moments.over_s + fault.settle_s
    # 0.3 s more than is judged, so that frames of the last moment have been written.
    time.sleep(max(0.0, end_s - time.monotonic()) + 0.3)
    results = [
        judge(frames, fault, streams, moments, end_s) for frames in viewers.frames().values()
    ]
    # One stream that never came back makes the whole result so; a maximum would pass over it.
    missed = [r.again_s for r in results if r.again_s is None]
    return Result(
        fault,
        streams,
        max(result.freeze_s for result in results),
        None if missed else max(result.again_s or 0.0 for result in results),
        sum(result.lost for result in results),
        sum(result.twice for result in results),
        sum(result.out_of_order for result in results),
    )


def _not_tried(fault: Fault, streams: int, error: Exception) -> Result:
    return Result(fault, streams, float("inf"), None, 0, 0, 0, f"not tried: {error}")


def judge(frames: list[Seen], fault: Fault, streams: int, moments: Moments, end_s: float) -> Result:
    """Returns the result of one viewer."""
    begin_s = moments.began_s - BEFORE_S
    within = [frame for frame in frames if begin_s <= frame.at_s <= end_s]
    if not fault.is_one_session:
        parts = []
    elif fault.keeps_numbers:
        parts = [within]
    else:
        # A player holds the last frame back until one more packet comes, so it may be seen late.
        parts = history.split_anew(within, begin_s=moments.began_s)
    checkeds = [history.check(part, is_over=False) for part in parts]
    return Result(
        fault,
        streams,
        history.longest_freeze_s(frames, begin_s=begin_s, end_s=end_s),
        history.enhanced_again_s(frames, begin_s=moments.over_s, height=height_of(streams)),
        sum(checked.lost for checked in checkeds),
        sum(checked.twice for checked in checkeds),
        sum(checked.out_of_order for checked in checkeds),
    )
