"""Jitter buffers: RTP packets in, access units, NACK and PLI out; no I/O, no clock.

A video unit leaves the moment its marker bit and everything before it is there (RFC 3550
section 5.1, RFC 6184 section 5.1); waiting for the next time stamp would cost a frame's time.
"""

from __future__ import annotations

import dataclasses
import itertools

from app.rtp.retransmission import NackGenerator
from media.codec import MAX_PAYLOAD
from media.fragment import PayloadStart
from media.serial import Unwrapper

CAPACITY = 1024
"""Packets held at most; beyond that the oldest gap is given up."""

MAX_AUDIO_BYTES = MAX_PAYLOAD
"""Size limit of one packet, that of every RTP payload: the longest Opus frame has 1,275
bytes (RFC 6716 section 3.4). Several frames in one packet may have more; with a viewer's extensions
that fits no packet, so it is not taken at all."""

MAX_GAP = 256
"""Packets that may be missing in a row; to ask for more takes longer than a key frame."""

MAX_MISORDER = 100
"""Sequence numbers that a late packet may lie back (RFC 3550 appendix A.1)."""

PROBATION = 3
"""Packets in a row that show that the sequence goes on elsewhere. One more than in RFC 3550
appendix A.1: two that were sent again after they were given up are no news."""


@dataclasses.dataclass(frozen=True, slots=True)
class Packet:
    """One media packet without its payload descriptor."""

    sequence: int
    "RTP sequence number, 16 bits."
    timestamp: int
    "RTP time stamp, 32 bits."
    marker: bool
    data: bytes
    "Codec bytes; empty for padding."
    arrival_us: int
    head: PayloadStart = PayloadStart.UNKNOWN


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
    head: PayloadStart = PayloadStart.UNKNOWN
    "Payload start of its first packet."
    cuts: tuple[int, ...] = ()
    "Offsets in ``data`` at which further coded frames begin: those of higher spatial layers."


@dataclasses.dataclass(slots=True)
class JitterBufferOutput:
    """Units that are complete, and requests to send, as one call of the assembler returns them."""

    units: list[CodedUnit] = dataclasses.field(default_factory=list)
    nacks: list[int] = dataclasses.field(default_factory=list)
    "RTP sequence numbers to ask for again, 16 bits."
    pli: bool = False
    "Ask for a key frame: something is lost for good."


class VideoJitterBuffer:
    """Reorders packets and cuts them into units; bounded by ``CAPACITY``.

    Each packet is looked at twice, when it comes and when its unit leaves, however many wait.
    """

    def __init__(self) -> None:
        self._sequences = Unwrapper(16)
        self._timestamps = Unwrapper(32)
        self._packets: dict[int, Packet] = {}
        self._next: int | None = None
        "The first packet of the unit that leaves next."
        self._end = 0
        "The first packet behind those in order that were looked at."
        self._open: int | None = None
        "RTP time of the unit between the two, None without data."
        self._highest = -1
        self._discontinuity = False
        self._after_jump: list[Packet] = []
        "Packets in order, but far from where the sequence was."
        self.nacks = NackGenerator()
        self.lost = 0
        self.late = 0

    def add(self, packet: Packet, *, now: float, resent: bool = False) -> JitterBufferOutput:
        """Takes one packet, returns what follows from it; ``resent`` if we asked for it."""
        out = JitterBufferOutput()
        # Only peeked at: a stray number must not move the reference that others are unwrapped by.
        sequence = self._sequences.peek(packet.sequence)
        if self._next is not None and self._is_jump(sequence):
            # The answer to an old request is no sign that the sequence goes on elsewhere.
            if resent:
                self.late += 1
            else:
                self._add_after_jump(packet, out, now)
        else:
            self._add(packet, out, now)
        out.nacks.extend(n & 0xFFFF for n in self.nacks.take_nacks(now=now))
        return out

    def restart(self) -> None:
        """Begins with the next packet as with the first: another source follows."""
        self._packets.clear()
        self._after_jump.clear()
        self.lost += self.nacks.forget_all()
        self._sequences = Unwrapper(16)
        # Before the first packet nothing can have been lost.
        self._discontinuity = self._discontinuity or self._next is not None
        self._next = None

    def on_time(self, *, now: float) -> JitterBufferOutput:
        """Repeats NACKs and gives up what is overdue; called at ``next_deadline``."""
        out = JitterBufferOutput()
        # Giving up may tell that nothing is answered, and then more is overdue at once.
        while (overdue := self.nacks.overdue(now=now)) is not None:
            self._give_up(overdue, out)
        out.nacks.extend(n & 0xFFFF for n in self.nacks.take_nacks(now=now))
        return out

    def next_deadline(self) -> float | None:
        """Returns the time for the next call of ``on_time``, None while nothing is missing."""
        return self.nacks.next_deadline()

    def _is_jump(self, sequence: int) -> bool:
        """True if it is too far away to be a lost, late or repeated packet (RFC 3550 A.1)."""
        first = self._next or 0
        return sequence - self._highest > MAX_GAP or sequence < first - MAX_MISORDER

    def _add_after_jump(self, packet: Packet, out: JitterBufferOutput, now: float) -> None:
        """Goes on elsewhere once ``PROBATION`` packets in a row are there, without losing them."""
        last = self._after_jump[-1] if self._after_jump else None
        if last is None or packet.sequence != (last.sequence + 1) & 0xFFFF:
            self.late += len(self._after_jump)
            self._after_jump.clear()
        self._after_jump.append(packet)
        if len(self._after_jump) < PROBATION:
            return
        # These packets are kept, because a sender that begins anew begins with a key frame.
        confirmed = list(self._after_jump)
        self.restart()
        out.pli = True
        for each in confirmed:
            self._add(each, out, now)

    def _add(self, packet: Packet, out: JitterBufferOutput, now: float) -> None:
        sequence = self._sequences.unwrap(packet.sequence)
        if self._next is None:
            self._highest = sequence - 1
            self._begin_at(sequence)
        if sequence < (self._next or 0) or sequence in self._packets:
            self.late += 1
            self.nacks.on_late()
            return
        # The old sequence goes on, so the packets far from it were strays.
        self.late += len(self._after_jump)
        self._after_jump.clear()
        if sequence - (self._next or 0) >= CAPACITY:
            self._skip_to(sequence, out)
        if sequence > self._highest:
            self.nacks.add_missing(self._highest + 1, sequence, now=now)
            self._highest = sequence
        else:
            self.nacks.on_arrival(sequence, now=now)
        self._packets[sequence] = packet
        self._take_units(out)

    def _begin_at(self, sequence: int) -> None:
        self._next = self._end = sequence
        self._open = None

    def _take_units(self, out: JitterBufferOutput) -> None:
        """Moves every complete unit at the front into ``out``."""
        while (packet := self._packets.get(self._end)) is not None:
            if self._open is not None and packet.timestamp != self._open:
                # RFC 6184 allows a lost marker's frame to end where the next one begins.
                self._emit(out)
            self._end += 1
            if packet.data:
                self._open = packet.timestamp
            # Padding alone in front of a unit leaves at once. It would wait for a marker that it
            # never has.
            if packet.marker or (self._open is None and not packet.data):
                self._emit(out)

    def _emit(self, out: JitterBufferOutput) -> None:
        packets = [self._packets.pop(n) for n in range(self._next or 0, self._end)]
        self._begin_at(self._end)
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
                # Frames that begin within the unit are those of higher spatial layers, for they
                # share the time stamp and only the last one has the marker.
                cuts=tuple(
                    at
                    for at, packet in zip(ends, full[1:], strict=False)
                    if packet.head in (PayloadStart.FRAME, PayloadStart.KEY)
                ),
            )
        )
        self._discontinuity = False

    def _give_up(self, sequence: int, out: JitterBufferOutput) -> None:
        """Drops everything up to the first unit that begins behind ``sequence``."""
        start = sequence + 1
        while start <= self._highest:
            # Behind a loss only a marker shows where the next unit begins: the first packet of
            # another time may be the middle of its picture. Without a marker all that came is
            # dropped.
            before = self._packets.get(start - 1)
            if before is not None and before.marker:
                break
            start += 1
        self._skip_to(start, out)
        self._take_units(out)

    def _skip_to(self, start: int, out: JitterBufferOutput) -> None:
        for old in range(self._next or 0, min(start, self._highest + 1)):
            self._packets.pop(old, None)
        self.lost += self.nacks.forget_below(start)
        # What was skipped must not be asked for again when the next packet shows that it is
        # missing.
        self._highest = max(self._highest, start - 1)
        self._begin_at(start)
        self._discontinuity = True
        out.pli = True


MAX_LATE_AUDIO = 3000
"""A sequence number further back than this many is no late packet but a new count: a minute of
sound in packets of 20 ms. RFC 3550 appendix A.1 has 100 for that (MAX_MISORDER), and begins a new
count at two packets in a row; here one is enough."""


class AudioJitterBuffer:
    """Makes a unit of every packet; what comes behind its successor is dropped and counted.

    Order goes by sequence numbers, since a sender's clock may jump.
    """

    def __init__(self) -> None:
        self._timestamps = Unwrapper(32)
        self._sequences = Unwrapper(16)
        self._newest: int | None = None
        self.late = 0
        self.oversize = 0

    def restart(self) -> None:
        """Begins with the next packet as with the first: another source follows."""
        self._sequences = Unwrapper(16)
        self._newest = None

    def add(self, packet: Packet) -> CodedUnit | None:
        """Returns the unit, or None for padding and for what came too late."""
        sequence = self._sequences.unwrap(packet.sequence)
        pts = self._timestamps.unwrap(packet.timestamp)
        if not packet.data:
            return None
        if len(packet.data) > MAX_AUDIO_BYTES:
            self.oversize += 1
            return None
        behind = 0 if self._newest is None else self._newest - sequence
        if self._newest is not None and 0 <= behind <= MAX_LATE_AUDIO:
            self.late += 1
            return None
        # A new unwrapper takes the number as it is, so that later ones are compared with it and not
        # with the old count.
        if behind > MAX_LATE_AUDIO:
            self._sequences = Unwrapper(16)
            sequence = self._sequences.unwrap(packet.sequence)
        self._newest = sequence
        return CodedUnit(pts, packet.data, packet.arrival_us, packet.arrival_us, False)
