"""The most streams at 30 fps whose frames come in time: frames are due, and late ones count."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Sequence

import numpy as np

from workers.engines.benchmark import blank, sample_feeds
from workers.engines.engine import CompiledNet
from workers.errors import DeviceFailed

FPS = 30
TRIAL_S = 1.0
"""Length of one trial: thirty frames of each stream."""

MAX_LATE = 0.01
"""Fraction of frames that may miss their deadline, one frame time after they are due."""

MAX_STREAMS = 64
MAX_TRIALS = 7


class StreamSearch:
    """Finds the largest number of streams that passes: it doubles, then halves the interval."""

    def __init__(self, *, max_streams: int = MAX_STREAMS, max_trials: int = MAX_TRIALS) -> None:
        self._max_streams = max_streams
        self._left = max_trials
        self._failed = max_streams + 1
        self.best = 0
        "Greatest number that passed so far; 0 if none did."

    def next_count(self) -> int | None:
        """Returns the number to try next; None at the end."""
        if self._left <= 0 or self._failed - self.best <= 1:
            return None
        if self._failed > self._max_streams:
            return min(2 * self.best or 1, self._max_streams)
        return (self.best + self._failed) // 2

    def add(self, count: int, *, passed: bool) -> None:
        """Records the outcome of a trial."""
        self._left -= 1
        if passed:
            self.best = max(self.best, count)
        else:
            self._failed = min(self._failed, count)


@dataclasses.dataclass(frozen=True, slots=True)
class Trial:
    """Latencies of all frames of one trial."""

    streams: int
    p50_ms: float
    p95_ms: float
    "Time from when a frame is due to its picture."
    late: float
    "Fraction of frames that came after their deadline."

    @property
    def passed(self) -> bool:
        """True if the streams are sustained."""
        return self.late <= MAX_LATE


def judge(streams: int, latencies_s: Sequence[float]) -> Trial:
    """Sums up the latencies of a trial; one without any frame has failed."""
    if not latencies_s:
        return Trial(streams, float("inf"), float("inf"), 1.0)
    sorted_ms = np.sort(latencies_s) * 1000.0
    p50, p95 = np.percentile(sorted_ms, (50, 95))
    return Trial(streams, float(p50), float(p95), float(np.mean(sorted_ms > 1000.0 / FPS)))


def try_streams(net: CompiledNet, streams: int, seconds: float = TRIAL_S) -> Trial:
    """Runs streams at 30 fps, each on a thread of its own. Raises DeviceFailed."""
    sessions = [net.session() for _ in range(streams)]
    feeds, frames = sample_feeds(net.info), round(seconds * FPS)
    found: list[list[float]] = [[] for _ in sessions]
    errors: list[DeviceFailed] = []
    begin = time.perf_counter() + 0.05

    def run(index: int) -> None:
        result = blank(net.info.output)
        for number in range(frames):
            # Streams begin one after the other within a frame time, as independent ones would.
            due = begin + (number + index / streams) / FPS
            time.sleep(max(0.0, due - time.perf_counter()))
            try:
                sessions[index].run(feeds, result)
            except DeviceFailed as error:
                errors.append(error)
                return
            found[index].append(time.perf_counter() - due)
            if found[index][-1] > 0.5:
                # Half a second behind it cannot catch up: the rest would only take time.
                return

    threads = [threading.Thread(target=run, args=(index,)) for index in range(streams)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    # Frames that a stream gave up count as late.
    given_up = [1.0] * (streams * frames - sum(map(len, found)))
    return judge(streams, [*(each for many in found for each in many), *given_up])
