"""Feedback packets of transport-wide congestion control: reader and writer.

draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1. A packet lists, for a run of
transport-wide sequence numbers, which of them arrived and when.
"""

from __future__ import annotations

import dataclasses
import itertools
import struct
from collections.abc import Iterator, Sequence

TICK_US = 250
"""Unit of arrival times: the receive deltas of section 3.1.5, in microseconds."""

REFERENCE_TICKS = 256
"""Ticks in a unit of the reference time: 64 ms (section 3.1)."""

MAX_STATUSES = 4096
"""Packets that one feedback may be about. A run of 8191 statuses takes two bytes, so whoever sends
feedback would decide how much there is to do; a thousand packets a second for four seconds fit."""

RTPFB = 205
"""Payload type of transport-layer feedback (RFC 4585 section 6.1)."""
FORMAT = 15
"""Feedback message type of this feedback (section 3.1)."""

_HEAD = struct.Struct("!BBHIIHHI")
"First byte, payload type, length, SSRCs, base, status count, reference time and feedback count."
_NOT_RECEIVED, _SMALL, _LARGE, _RESERVED = range(4)
_VECTOR = 0x8000
_TWO_BITS = 0x4000
_MAX_RUN = 0x1FFF
_SMALL_TICKS = range(256)
_LARGE_TICKS = range(-0x8000, 0x8000)


@dataclasses.dataclass(frozen=True, slots=True)
class TransportFeedback:
    """One feedback packet."""

    sender_ssrc: int
    media_ssrc: int
    base: int
    "Transport-wide sequence number (16 bits) of the first status."
    count: int
    "Number of this feedback (8 bits)."
    reference: int
    "Reference time in units of 64 ms, a signed number of 24 bits that wraps."
    arrivals: tuple[int | None, ...]
    "Ticks of 250 us from the reference time to each packet's arrival; None where it did not come."

    def encode(self) -> bytes:
        """Returns the RTCP packet. Raises ValueError where a delta exceeds 16 bits (8 s), or where
        statuses or fields are too many or too large.
        """
        if not 1 <= len(self.arrivals) <= MAX_STATUSES:
            raise ValueError("A feedback needs 1 to 4096 statuses.")
        symbols, deltas = _deltas(self.arrivals)
        chunks = list(_chunks(symbols))
        body = struct.pack(f"!{len(chunks)}H", *chunks) + deltas
        # RFC 3550 section 6.4.1: the last byte of the padding counts the padding.
        padding = -len(body) % 4
        if padding:
            body += bytes(padding - 1) + bytes((padding,))
        try:
            head = _HEAD.pack(
                (0xA0 if padding else 0x80) | FORMAT,
                RTPFB,
                (_HEAD.size + len(body)) // 4 - 1,
                self.sender_ssrc,
                self.media_ssrc,
                self.base,
                len(self.arrivals),
                (self.reference & 0xFFFFFF) << 8 | self.count,
            )
        except struct.error as error:
            raise ValueError(f"A field of the feedback is out of range: {error}.") from error
        return head + body


def is_transport_feedback(packet: bytes) -> bool:
    """True for an RTCP packet of this type, whatever it contains."""
    return len(packet) >= 2 and packet[1] == RTPFB and packet[0] & 0x1F == FORMAT


def parse_transport_feedback(packet: bytes) -> TransportFeedback:
    """Reads one RTCP packet, alone or at the beginning of a compound packet.

    Raises ValueError for any other packet, a truncated one, one with the reserved status or with
    more than ``MAX_STATUSES``.
    """
    if len(packet) < _HEAD.size:
        raise ValueError("The feedback is shorter than its header.")
    first, kind, length, sender, media, base, count, times = _HEAD.unpack_from(packet)
    if first >> 6 != 2 or not is_transport_feedback(packet):
        raise ValueError("The packet is no transport-wide feedback.")
    size = 4 * (length + 1)
    if not _HEAD.size <= size <= len(packet):
        raise ValueError("The feedback is longer than its packet.")
    if not 1 <= count <= MAX_STATUSES:
        raise ValueError(f"The feedback is about {count} packets: 1 to {MAX_STATUSES} may be.")
    symbols, at = _read_symbols(packet, size, count)
    reference = times >> 8
    return TransportFeedback(
        sender_ssrc=sender,
        media_ssrc=media,
        base=base,
        count=times & 0xFF,
        reference=reference - 0x1000000 if reference & 0x800000 else reference,
        arrivals=_read_arrivals(packet, at, size, symbols),
    )


def _deltas(arrivals: Sequence[int | None]) -> tuple[list[int], bytes]:
    """Returns the status symbol of each packet and the receive deltas (sections 3.1.1, 3.1.5)."""
    symbols: list[int] = []
    deltas = bytearray()
    last = 0
    for arrival in arrivals:
        if arrival is None:
            symbols.append(_NOT_RECEIVED)
            continue
        delta, last = arrival - last, arrival
        if delta in _SMALL_TICKS:
            symbols.append(_SMALL)
            deltas.append(delta)
        elif delta in _LARGE_TICKS:
            symbols.append(_LARGE)
            deltas += delta.to_bytes(2, "big", signed=True)
        else:
            raise ValueError("Two arrivals lie more than 8 s apart.")
    return symbols, bytes(deltas)


def _chunks(symbols: Sequence[int]) -> Iterator[int]:
    """Yields status chunks: at each place the kind that covers most (sections 3.1.3 and 3.1.4)."""
    at = 0
    while at < len(symbols):
        same = itertools.takewhile(symbols[at].__eq__, itertools.islice(symbols, at, None))
        run = min(_MAX_RUN, sum(1 for _ in same))
        one_bit = _LARGE not in symbols[at : at + 14]
        covered = min(14 if one_bit else 7, len(symbols) - at)
        if run >= covered:
            yield symbols[at] << 13 | run
            at += run
            continue
        bits, chunk = (1, _VECTOR) if one_bit else (2, _VECTOR | _TWO_BITS)
        for place in range(covered):
            chunk |= symbols[at + place] << 14 - bits * (place + 1)
        yield chunk
        at += covered


def _read_symbols(packet: bytes, size: int, count: int) -> tuple[list[int], int]:
    """Returns ``count`` status symbols and where the deltas begin."""
    symbols: list[int] = []
    at = _HEAD.size
    while len(symbols) < count:
        if at + 2 > size:
            raise ValueError("The feedback ends within its status chunks.")
        chunk = packet[at] << 8 | packet[at + 1]
        at += 2
        if not chunk & _VECTOR:
            # What a chunk holds beyond the count means nothing.
            symbols += [chunk >> 13] * min(chunk & _MAX_RUN, count - len(symbols))
        elif chunk & _TWO_BITS:
            symbols += [chunk >> shift & 3 for shift in range(12, -1, -2)]
        else:
            symbols += [chunk >> shift & 1 for shift in range(13, -1, -1)]
    return symbols[:count], at


def _read_arrivals(
    packet: bytes, at: int, size: int, symbols: Sequence[int]
) -> tuple[int | None, ...]:
    arrivals: list[int | None] = []
    last = 0
    for symbol in symbols:
        if symbol == _NOT_RECEIVED:
            arrivals.append(None)
            continue
        if symbol == _RESERVED:
            raise ValueError("The feedback has a reserved status.")
        end = at + symbol  # a small delta has one byte, a large one two
        if end > size:
            raise ValueError("The feedback ends within its deltas.")
        last += int.from_bytes(packet[at:end], "big", signed=symbol == _LARGE)
        arrivals.append(last)
        at = end
    return tuple(arrivals)
