"""Counts media packets in the kernel: a filter on a viewer's UDP socket drops nearly all of them.

Whoever has 300 viewers on the machine that it measures must not spend more on them than the server.
A dropped packet costs no wake-up, no copy and no call, and the socket's own counter counts it.
"""

from __future__ import annotations

import ctypes
import socket
import struct

SAMPLED = 16
"""One RTP packet of this many is let through, at random."""

# asm-generic/socket.h.
_SO_ATTACH_FILTER, _SO_TIMESTAMPNS, _SO_MEMINFO = 26, 35, 55
_MEMINFO_DROPS = 8
"""Index among the nine numbers of SO_MEMINFO (linux/sock_diag.h)."""

# linux/bpf_common.h and linux/filter.h: loads of a byte and of a word at an absolute place, a mask,
# jumps, and the end.
_LOAD_BYTE, _LOAD_WORD, _AND, _RETURN = 0x30, 0x20, 0x54, 0x06
_IF_EQUAL, _IF_GREATER, _IF_NOT_LESS = 0x15, 0x25, 0x35
_RANDOM = 0xFFFFF000 + 56
"""SKF_AD_OFF + SKF_AD_RANDOM: a number that the kernel draws for each packet."""
_PAYLOAD = 8
"""A filter of a UDP socket begins to count at the UDP header."""

# Jumps name how many instructions are passed over where true, and where false.
PROGRAM = (
    (_LOAD_BYTE, 0, 0, _PAYLOAD),
    # RFC 7983: 128 to 191 are RTP and RTCP; anything else is STUN or DTLS.
    (_IF_NOT_LESS, 0, 7, 128),
    (_IF_GREATER, 6, 0, 191),
    (_LOAD_BYTE, 0, 0, _PAYLOAD + 1),
    # RFC 5761 section 4: 192 to 223 in the second byte are RTCP.
    (_IF_NOT_LESS, 0, 1, 192),
    (_IF_GREATER, 0, 3, 223),
    (_LOAD_WORD, 0, 0, _RANDOM),
    (_AND, 0, 0, SAMPLED - 1),
    (_IF_EQUAL, 0, 1, 0),
    (_RETURN, 0, 0, 0xFFFF),
    (_RETURN, 0, 0, 0),
)


def attach(sock: socket.socket) -> None:
    """Puts the filter on a socket, and has the kernel stamp what it lets through."""
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in PROGRAM)
    kept = ctypes.create_string_buffer(code)
    program = struct.pack("HL", len(PROGRAM), ctypes.addressof(kept))
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
    sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)


def dropped(sock: socket.socket) -> int:
    """Returns how many packets the kernel has dropped at this socket."""
    numbers = struct.unpack("9I", sock.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 36))
    return int(numbers[_MEMINFO_DROPS])


def receive(sock: socket.socket) -> tuple[bytes, int, tuple[str, int]]:
    """Returns (packet, nanoseconds of its arrival, sender). Raises BlockingIOError."""
    data, extra, _, sender = sock.recvmsg(2048, 64)
    for _, kind, value in extra:
        if kind == _SO_TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("ll", value)
            return data, seconds * 1_000_000_000 + nanoseconds, sender
    return data, 0, sender
