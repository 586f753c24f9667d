"""Frames of a live stream: made at a steady rate, and judged by when they are whole."""

from __future__ import annotations

import asyncio
import os
import resource
import struct
import time
from collections.abc import AsyncIterator, Iterator

import msgspec

FPS = 30

DEADLINE_S = 0.3
"""The longest playout delay of a stream: a frame that is whole later is of no use."""

WARM_S = 2.0
"""Frames of the first seconds are not judged: rates and windows are being found."""

PIECE_BYTES = 1150
"""Content of a datagram where a way does not cut frames by itself."""

DRAIN_S = 3.0
"""Time after the last frame for which late ones are waited for."""

SIZES = {"3.9 Mbit/s": 14 * PIECE_BYTES, "1.9 Mbit/s": 7 * PIECE_BYTES}
"""Bytes of a frame, by the rate of 30 a second: 14 and 7 datagrams."""

_HEAD = struct.Struct(">IQ")
_PIECE_HEAD = struct.Struct(">IHH")


class Sent(msgspec.Struct):
    """Report of the sending end."""

    frames: int
    """All of the feed, also those that the way was too slow to take."""
    cpu_s: float
    """Processor time since the first frame."""
    seconds: float
    """Time since the first frame."""


class Arrived(msgspec.Struct):
    """Report of the receiving end."""

    ages_ms: list[float]
    """Ages of the judged frames that are whole, in the order of their arrival."""
    cpu_s: float
    """Processor time since the first arrival."""


class Feed:
    """Makes the frames. Both ends are on one machine, so its clock tells the age."""

    def __init__(self, size: int, seconds: float, *, drain_s: float = DRAIN_S) -> None:
        self.drain_s = drain_s
        self._report = Sent(0, 0.0, 0.0)
        self.count = int((WARM_S + seconds) * FPS)
        # Coded pictures cannot be compressed further, which some ways would try.
        self._filler = os.urandom(size)
        self._began = 0.0
        self._cpu_s = 0.0

    async def frames(self) -> AsyncIterator[bytes]:
        """Yields each frame at its time, or as soon as it is asked for where that is later."""
        self._began, self._cpu_s = time.monotonic(), cpu_s()
        end = self._began + self.count / FPS + self.drain_s
        for serial in range(self.count):
            due = self._began + serial / FPS
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if time.monotonic() > end:  # a way that is slower than its frames gets no more of them
                break
            # The age counts from when the frame was there, not from when the way took it.
            yield encode(serial, due, self._filler)
        self._report = Sent(self.count, cpu_s() - self._cpu_s, time.monotonic() - self._began)

    async def drain(self) -> None:
        """Waits, so that a way can send what it still holds before it is closed."""
        await asyncio.sleep(
            max(0.0, self._began + self.count / FPS + self.drain_s - time.monotonic())
        )

    def report(self) -> Sent:
        """Returns what was made until the last frame was taken."""
        return self._report


class Collector:
    """Takes frames as they become whole."""

    def __init__(self) -> None:
        self._ages: dict[int, float] = {}
        self._cpu_s: float | None = None

    def take(self, frame: bytes) -> None:
        """Takes a whole frame; one that was there already counts once."""
        if self._cpu_s is None:
            self._cpu_s = cpu_s()
        serial, made_at = parse(frame)
        if serial >= WARM_S * FPS:
            self._ages.setdefault(serial, 1000 * (time.monotonic() - made_at))

    def report(self) -> Arrived:
        """Returns what arrived."""
        used = 0.0 if self._cpu_s is None else cpu_s() - self._cpu_s
        return Arrived(list(self._ages.values()), used)


class Joiner:
    """Puts frames together from pieces, for ways that carry datagrams."""

    MAX_OPEN = 600
    """Frames that wait for pieces: twenty seconds."""

    def __init__(self) -> None:
        self._open: dict[int, dict[int, bytes]] = {}

    def take(self, piece: bytes) -> bytes | None:
        """Takes a piece; returns the frame if it is whole by it."""
        number, index, count = _PIECE_HEAD.unpack_from(piece)
        pieces = self._open.setdefault(number, {})
        pieces[index] = piece[_PIECE_HEAD.size :]
        if len(self._open) > self.MAX_OPEN:
            del self._open[next(iter(self._open))]
        if len(pieces) < count:
            return None
        del self._open[number]
        return b"".join(pieces[each] for each in range(count))


def cut(frame: bytes) -> Iterator[bytes]:
    """Yields the pieces of a frame, each at most ``PIECE_BYTES`` and a head."""
    number, _ = parse(frame)
    starts = range(0, len(frame), PIECE_BYTES)
    for index, at in enumerate(starts):
        yield (
            _PIECE_HEAD.pack(number % (1 << 32), index, len(starts)) + frame[at : at + PIECE_BYTES]
        )


def encode(serial: int, made_at: float, content: bytes) -> bytes:
    """Returns a frame with its number and time at the begin of the content."""
    return _HEAD.pack(serial, int(made_at * 1e9)) + content[_HEAD.size :]


def parse(frame: bytes) -> tuple[int, float]:
    """Returns the number of a frame, and when it was made."""
    serial, made_ns = _HEAD.unpack_from(frame)
    return serial, made_ns / 1e9


def cpu_s() -> float:
    """The processor time of this process so far, all threads together."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
