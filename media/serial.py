"""Serial numbers that wrap: RTP sequence numbers (16 bits) and time stamps (32 bits).

RFC 1982 arithmetic, RFC 3550 appendix A.1.
"""

from __future__ import annotations


class Unwrapper:
    """Turns wrapping numbers of ``bits`` bits into ones that grow without end.

    A number is taken to lie within half the range of the last one, in either direction.
    """

    def __init__(self, bits: int) -> None:
        self._range = 1 << bits
        self._half = self._range // 2
        self._last: int | None = None

    def unwrap(self, value: int) -> int:
        """Returns the unwrapped number; remembers it as the reference if it is the greatest."""
        last = self._last
        if last is None:
            self._last = value
            return value
        # As in ``peek``; datagrams by the hundred pass here each second.
        half = self._half
        distance = (value - last + half) % self._range - half
        if distance > 0:
            self._last = last + distance
        return last + distance

    def peek(self, value: int) -> int:
        """Returns the unwrapped number without remembering it."""
        if self._last is None:
            return value
        half = self._half
        # A number that is exactly half the range away lies behind; RFC 1982 section 3.2 leaves it
        # undefined.
        distance = (value - self._last + half) % self._range - half
        return self._last + distance
