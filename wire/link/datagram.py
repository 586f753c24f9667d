"""Datagrams of a link: stripes of messages, reports about arrivals, and control messages.

All numbers are big-endian. The first byte is the type, with the version in its high half.

- Stripe: type, packet u32, sent_us u32, message u32, needed u8, total u8, index u8, left_ms u16,
  then a block; all blocks of a message have one length, any ``needed`` of ``total`` restore it.
- Control: type, packet u32, sent_us u32, serial u32, last u8, then a piece of the content.
- Report: type, echo_us u32, held_us u32, control u32, base packet u32, reference_us u32, count u16,
  ``count`` arrivals u16, then requests until the end: message u32, count u8, ``count`` indexes u8.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import msgspec

from wire.errors import BadMessage

MAX_DATAGRAM_BYTES = 1163
"""1200 bytes of UDP payload pass every path of today (RFC 8085 section 3.2, RFC 9000 section 14);
DTLS 1.2 with AES-GCM takes 37 of them (13 record head, 8 explicit nonce, 16 tag; RFC 5288)."""

MAX_STRIPES = 255
MAX_ARRIVALS = 400
MAX_REQUESTS = 16
TICK_US = 250
"""Resolution of arrival times in reports: 65,534 ticks are 16 s."""

_VERSION = 0x10
_STRIPE, _REPORT, _CONTROL = _VERSION | 1, _VERSION | 2, _VERSION | 3
_STRIPE_HEAD = struct.Struct(">BIIIBBBH")
_CONTROL_HEAD = struct.Struct(">BIIIB")
_REPORT_HEAD = struct.Struct(">BIIIIIH")
_REQUEST_HEAD = struct.Struct(">IB")

MAX_BLOCK_BYTES = MAX_DATAGRAM_BYTES - _STRIPE_HEAD.size
MAX_PIECE_BYTES = MAX_DATAGRAM_BYTES - _CONTROL_HEAD.size


class Stripe(msgspec.Struct, frozen=True, gc=False):
    """A part of a message."""

    packet: int
    """Number of the datagram, modulo 2**32; every stripe and control piece has its own."""
    sent_us: int
    """The sender's clock, modulo 2**32."""
    message: int
    """Number of the message, modulo 2**32, without gaps."""
    needed: int
    total: int
    index: int
    """Below ``needed``: a block of the message itself; else parity."""
    left_ms: int
    """Time until the deadline when this was sent."""
    block: bytes


class ControlPiece(msgspec.Struct, frozen=True, gc=False):
    """A part of a control message; they are delivered in the order of their serials."""

    packet: int
    sent_us: int
    serial: int
    is_last: bool
    """True if the control message ends with this piece."""
    content: bytes


class Request(msgspec.Struct, frozen=True, gc=False):
    """Asks for stripes again."""

    message: int
    indexes: tuple[int, ...]
    """Empty: all; nothing of the message has arrived."""


class Report(msgspec.Struct, frozen=True, gc=False):
    """Report of the packets that arrived, with their times, and of stripes that are missing."""

    echo_us: int
    """``sent_us`` of the datagram that arrived last."""
    held_us: int
    """Time from its arrival to this report; ``echo_us`` and this give a round trip."""
    control: int
    """Serial of the control piece that is awaited."""
    base: int
    """Packet number of the first arrival below."""
    reference_us: int
    """The receiver's clock at the earliest arrival, modulo 2**32."""
    arrivals: tuple[int, ...]
    """One number for each packet from ``base`` on: 0, or 1 and its ticks after the reference."""
    requests: tuple[Request, ...]


Datagram = Stripe | ControlPiece | Report


def encode(datagram: Datagram) -> bytes:
    """Returns the bytes of a datagram, at most ``MAX_DATAGRAM_BYTES``."""
    match datagram:
        case Stripe():
            head = _STRIPE_HEAD.pack(
                _STRIPE,
                datagram.packet,
                datagram.sent_us,
                datagram.message,
                datagram.needed,
                datagram.total,
                datagram.index,
                datagram.left_ms,
            )
            return head + datagram.block
        case ControlPiece(packet, sent_us, serial, is_last, content):
            return _CONTROL_HEAD.pack(_CONTROL, packet, sent_us, serial, is_last) + content
        case Report():
            return _encode_report(datagram)


def _encode_report(report: Report) -> bytes:
    head = _REPORT_HEAD.pack(
        _REPORT,
        report.echo_us,
        report.held_us,
        report.control,
        report.base,
        report.reference_us,
        len(report.arrivals),
    )
    arrivals = struct.pack(f">{len(report.arrivals)}H", *report.arrivals)
    requests = b"".join(
        _REQUEST_HEAD.pack(each.message, len(each.indexes)) + bytes(each.indexes)
        for each in report.requests
    )
    return head + arrivals + requests


def parse(data: bytes) -> Datagram:
    """Reads a datagram. Raises BadMessage with a sentence."""
    if not data or len(data) > MAX_DATAGRAM_BYTES:
        raise BadMessage(f"a datagram has 1 to {MAX_DATAGRAM_BYTES} bytes, this one {len(data)}")
    try:
        parser = _PARSERS[data[0]]
    except KeyError:
        raise BadMessage(f"there is no datagram of type {data[0]:#04x}") from None
    try:
        return parser(data)
    except struct.error as error:
        raise BadMessage(f"a datagram ends too early: {error}") from error


def _parse_stripe(data: bytes) -> Stripe:
    _, packet, sent_us, message, needed, total, index, left_ms = _STRIPE_HEAD.unpack_from(data)
    block = data[_STRIPE_HEAD.size :]
    if not 1 <= needed <= total or index >= total or not block:
        raise BadMessage(f"a stripe {index} of {needed} + {total - needed} cannot be")
    return Stripe(packet, sent_us, message, needed, total, index, left_ms, block)


def _parse_control(data: bytes) -> ControlPiece:
    _, packet, sent_us, serial, is_last = _CONTROL_HEAD.unpack_from(data)
    return ControlPiece(packet, sent_us, serial, bool(is_last), data[_CONTROL_HEAD.size :])


def _parse_report(data: bytes) -> Report:
    _, echo_us, held_us, control, base, reference_us, count = _REPORT_HEAD.unpack_from(data)
    if count > MAX_ARRIVALS:
        raise BadMessage(f"a report has at most {MAX_ARRIVALS} arrivals, this one has {count}")
    at = _REPORT_HEAD.size
    arrivals = struct.unpack_from(f">{count}H", data, at)
    at += 2 * count
    requests: list[Request] = []
    while at < len(data):
        message, size = _REQUEST_HEAD.unpack_from(data, at)
        at += _REQUEST_HEAD.size
        indexes = data[at : at + size]
        if len(indexes) != size or len(requests) == MAX_REQUESTS:
            raise BadMessage("a report's requests are cut off or too many")
        requests.append(Request(message, tuple(indexes)))
        at += size
    return Report(echo_us, held_us, control, base, reference_us, arrivals, tuple(requests))


_PARSERS: dict[int, Callable[[bytes], Datagram]] = {
    _STRIPE: _parse_stripe,
    _REPORT: _parse_report,
    _CONTROL: _parse_control,
}
