"""Protects packets that leave together.

``pylibsrtp`` makes three Python calls and an object for each packet; viewers get tens of thousands
a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pylibsrtp

MAX_PACKET_BYTES = 1500 - 16 - 128
"""Longest packet that can be protected, the same as ``pylibsrtp.Session`` takes: a buffer of 1,500
less the longest tag and key identifier of libsrtp."""

_library = cast(Any, pylibsrtp)


class SrtpOutlet:
    """The sending side of a peer's SRTP; ``session`` has its keys."""

    def __init__(self, session: pylibsrtp.Session) -> None:
        self._session = session
        # libsrtp protects in place, in the buffer that the session has for that.
        parts = cast(Any, session)
        self._handle = parts._srtp[0]
        self._memory, self._view = parts._cdata, parts._buffer
        self._length = _library.ffi.new("int *")

    def protect_all(self, packets: Sequence[bytes]) -> list[bytes]:
        """Returns RTP packets as SRTP. Raises pylibsrtp.Error, ValueError for one too long."""
        protect = _library.lib.srtp_protect
        handle, memory, view, length = self._handle, self._memory, self._view, self._length
        found: list[bytes] = []
        for packet in packets:
            size = len(packet)
            if size > MAX_PACKET_BYTES:
                raise ValueError("the packet is too long")
            view[0:size] = packet
            length[0] = size
            if status := protect(handle, memory, length):
                raise pylibsrtp.Error(_library.ERRORS[status])
            found.append(view[0 : length[0]])
        return found

    def protect_control(self, data: bytes) -> bytes:
        """Returns a compound RTCP packet as SRTCP. Raises pylibsrtp.Error, ValueError."""
        return self._session.protect_rtcp(data)
