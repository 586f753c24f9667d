"""From RTP packets to access units: order, loss, NACK and PLI, without I/O or clocks.

A video unit leaves the moment its marker bit and everything before it is there (RFC 3550
section 5.1, RFC 6184 section 5.1); waiting for the next time stamp would cost a frame's time.
"""

from __future__ import annotations

import dataclasses
import itertools

from app.rtc.fragment import Head
from app.rtc.serial import Unwrapper

CAPACITY = 1024
"""Packets held at most; beyond that the oldest gap is given up."""

GIVE_UP_S = 0.25
"""How long a missing packet is waited for before a key frame is asked for instead."""

MIN_NACK_S = 0.02
MAX_NACKS = 64
"""Sequence numbers named in one NACK at most."""


@dataclasses.dataclass(frozen=True, slots=True)
class Packet:
    """One media packet, depayloaded."""

    sequence: int
    "RTP sequence number, 16 bits."
    timestamp: int
    "RTP time stamp, 32 bits."
    marker: bool
    data: bytes
    "Codec bytes; empty for padding."
    arrival_us: int
    head: Head = Head.UNKNOWN


@dataclasses.dataclass(frozen=True, slots=True)
class CodedUnit:
    """One complete access unit."""

    pts: int
    "RTP time stamp, unwrapped."
    data: bytes
    first_arrival_us: int
    last_arrival_us: int
    discontinuity: bool
    "Units before it were lost."
    head: Head = Head.UNKNOWN
    "What its first packet begins with."
    cuts: tuple[int, ...] = ()
    "Where in ``data`` further coded frames begin: those of VP9's higher spatial layers."


@dataclasses.dataclass(slots=True)
class Output:
    """What one call of the assembler asks its adapter to do."""

    units: list[CodedUnit] = dataclasses.field(default_factory=list)
    nacks: list[int] = dataclasses.field(default_factory=list)
    "RTP sequence numbers to ask for again, 16 bits."
    pli: bool = False
    "Ask for a key frame: something is lost for good."


class VideoAssembler:
    """Reorders packets and cuts them into units; bounded by ``CAPACITY``."""

    def __init__(self) -> None:
        self._sequences = Unwrapper(16)
        self._timestamps = Unwrapper(32)
        self._packets: dict[int, Packet] = {}
        self._next: int | None = None
        self._highest = -1
        self._missing: dict[int, tuple[float, float]] = {}
        self._discontinuity = False
        self.rtt_s = 0.05
        self.lost = 0
        self.late = 0

    def add(self, packet: Packet, *, now: float) -> Output:
        """Takes one packet, returns what follows from it."""
        out = Output()
        sequence = self._sequences.unwrap(packet.sequence)
        if self._next is None:
            self._next = sequence
            self._highest = sequence - 1
        if sequence < self._next or sequence in self._packets:
            self.late += 1
            return out
        if sequence - self._next >= CAPACITY:
            self._skip_to(sequence, out)
        self._note_gap(sequence, now)
        self._packets[sequence] = packet
        self._missing.pop(sequence, None)
        self._take_units(out)
        self._take_nacks(out, now)
        return out

    def on_time(self, *, now: float) -> Output:
        """Called at ``next_deadline``: repeats NACKs, gives up what is overdue."""
        out = Output()
        overdue = [s for s, (since, _) in self._missing.items() if now - since >= GIVE_UP_S]
        if overdue:
            self._give_up(max(overdue), out)
        self._take_nacks(out, now)
        return out

    def next_deadline(self) -> float | None:
        """When ``on_time`` wants to be called, None while nothing is missing."""
        if not self._missing:
            return None
        return min(min(since + GIVE_UP_S, again) for since, again in self._missing.values())

    def _note_gap(self, sequence: int, now: float) -> None:
        for missing in range(self._highest + 1, sequence):
            self._missing[missing] = (now, now)
        self._highest = max(self._highest, sequence)

    def _take_nacks(self, out: Output, now: float) -> None:
        again = now + max(MIN_NACK_S, self.rtt_s)
        for sequence, (since, due) in sorted(self._missing.items()):
            if due <= now and len(out.nacks) < MAX_NACKS:
                out.nacks.append(sequence & 0xFFFF)
                self._missing[sequence] = (since, again)

    def _take_units(self, out: Output) -> None:
        """Moves every complete unit at the front into ``out``."""
        start = end = self._next or 0
        timestamp: int | None = None
        while (packet := self._packets.get(end)) is not None:
            if timestamp is not None and packet.timestamp != timestamp:
                # RFC 6184 allows a lost marker's frame to end where the next one begins.
                self._emit(start, end, out)
                start, timestamp = end, None
                continue
            end += 1
            if packet.data:
                timestamp = packet.timestamp
            if packet.marker or (timestamp is None and not packet.data):
                self._emit(start, end, out)
                start, timestamp = end, None

    def _emit(self, start: int, end: int, out: Output) -> None:
        packets = [self._packets.pop(sequence) for sequence in range(start, end)]
        self._next = end
        full = [packet for packet in packets if packet.data]
        if not full:
            return
        arrivals = [packet.arrival_us for packet in packets]
        ends = itertools.accumulate(len(packet.data) for packet in full)
        out.units.append(
            CodedUnit(
                pts=self._timestamps.unwrap(full[0].timestamp),
                data=b"".join(packet.data for packet in full),
                first_arrival_us=min(arrivals),
                last_arrival_us=max(arrivals),
                discontinuity=self._discontinuity,
                head=full[0].head,
                cuts=tuple(
                    at
                    for at, packet in zip(ends, full[1:], strict=False)
                    if packet.head in (Head.FRAME, Head.KEY)
                ),
            )
        )
        self._discontinuity = False

    def _give_up(self, sequence: int, out: Output) -> None:
        """Drops everything up to the first unit that begins behind ``sequence``."""
        start = sequence + 1
        while start <= self._highest:
            before = self._packets.get(start - 1)
            if before is not None and before.marker:
                break
            start += 1
        self._skip_to(start, out)
        self._take_units(out)

    def _skip_to(self, start: int, out: Output) -> None:
        for old in [s for s in self._packets if s < start]:
            del self._packets[old]
        gone = [s for s in self._missing if s < start]
        self.lost += len(gone)
        for old in gone:
            del self._missing[old]
        self._next = start
        self._highest = max(self._highest, start - 1)
        self._discontinuity = True
        out.pli = True


class AudioAssembler:
    """Every packet is a unit; what comes behind its successor is dropped and counted."""

    def __init__(self) -> None:
        self._timestamps = Unwrapper(32)
        self._newest: int | None = None
        self.late = 0

    def add(self, packet: Packet) -> CodedUnit | None:
        """The unit, or None for padding and for what came too late."""
        pts = self._timestamps.unwrap(packet.timestamp)
        if not packet.data:
            return None
        if self._newest is not None and pts <= self._newest:
            self.late += 1
            return None
        self._newest = pts
        return CodedUnit(pts, packet.data, packet.arrival_us, packet.arrival_us, False)
