"""The feeder's notes while it sends: one line per event, read by other processes."""

from __future__ import annotations

import dataclasses
from pathlib import Path


@dataclasses.dataclass(frozen=True, slots=True)
class FeedLog:
    """Events of one feeder; times are nanoseconds of the wall clock."""

    sent: dict[int, int]
    "Time at which the last packet of a frame left, by the frame's RTP time."
    asked: list[int]
    "Times at which a key frame was asked for."


def frame_line(ticks: int, at_ns: int) -> str:
    """Writes that the last packet of a frame left."""
    return f"F {ticks} {at_ns}\n"


def request_line(at_ns: int) -> str:
    """Writes that a key frame was asked for."""
    return f"K {at_ns}\n"


def read_log(path: Path) -> FeedLog:
    """Reads a log that may still grow; a line that is not complete is left out."""
    log = FeedLog({}, [])
    for line in path.read_text().splitlines(keepends=True):
        words = line.split()
        if not line.endswith("\n"):
            break
        if words[0] == "F":
            log.sent[int(words[1])] = int(words[2])
        else:
            log.asked.append(int(words[1]))
    return log
