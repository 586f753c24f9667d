"""Time of a call by batch and number of streams, and the memory that each stream takes."""

from __future__ import annotations

import dataclasses
import threading
import time

from workers.engines.benchmark import blank, sample_feeds
from workers.engines.engine import CompiledNet
from workers.errors import DeviceFailed

SECONDS = 0.3
"""Length of the measurement for one batch and number of streams."""


@dataclasses.dataclass(frozen=True, slots=True)
class Throughput:
    """Calls of some streams that ran side by side as fast as they could."""

    streams: int
    batch: int
    frames_per_s: float
    "Frames of all streams together."
    ms_call: float
    "Mean time of one call, with the copies to the device and back."


def measure(net: CompiledNet, streams: int, seconds: float = SECONDS) -> Throughput:
    """Measures a net with so many streams, each on a thread of its own. Raises DeviceFailed."""
    sessions = [net.session() for _ in range(streams)]
    feeds = sample_feeds(net.info)
    calls, errors = [0] * streams, list[DeviceFailed]()
    # The first call of a session allocates and must not count.
    for session in sessions:
        session.run(feeds, blank(net.info.output))
    begun = time.perf_counter()

    def run(index: int) -> None:
        result = blank(net.info.output)
        while not calls[index] or time.perf_counter() - begun < seconds:
            try:
                sessions[index].run(feeds, result)
            except DeviceFailed as error:
                errors.append(error)
                return
            calls[index] += 1

    threads = [threading.Thread(target=run, args=(index,)) for index in range(streams)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took_s = time.perf_counter() - begun
    if errors:
        raise errors[0]
    made = sum(calls)
    return Throughput(
        streams, net.info.batch, net.info.batch * made / took_s, 1000.0 * streams * took_s / made
    )
