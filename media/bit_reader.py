"""Reading bits, most significant first, with a bound on the work."""

from __future__ import annotations

MAX_BYTES = 1024
"""Bytes that a reader looks at; the rest counts as cut off. Heads are far shorter."""

MAX_READS = 2048
"""Numbers that one reader gives at most. A parameter set with all scaling lists has 800."""


class BitReader:
    """Reads numbers of some bits each.

    Raises IndexError behind the end, ValueError after ``MAX_READS`` numbers.
    """

    def __init__(self, data: bytes) -> None:
        # Finding the next 1 in text takes one call however far it is.
        # A 1 in front keeps the leading zeros. It is cut off again with the prefix of ``bin``.
        self._text = bin(int.from_bytes(b"\1" + data[:MAX_BYTES], "big"))[3:]
        self._at = 0
        self._reads = 0

    def bit(self) -> int:
        """Returns the next bit."""
        return self.bits(1)

    def bits(self, count: int) -> int:
        """Returns the next ``count`` bits as an unsigned number."""
        self._reads += 1
        if self._reads > MAX_READS:
            raise ValueError("there are too many numbers to read")
        end = self._at + count
        if end > len(self._text):
            raise IndexError("the data are cut off")
        value = int(self._text[self._at : end] or "0", 2)
        self._at = end
        return value

    def ue(self) -> int:
        """Reads an unsigned Exp-Golomb code (H.264 section 9.1); ValueError over 31 zeros."""
        one = self._text.find("1", self._at, self._at + 32)
        if one < 0:
            if len(self._text) - self._at < 32:
                raise IndexError("the data are cut off")
            raise ValueError("an Exp-Golomb code is too long")
        zeros = one - self._at
        self._at = one + 1
        return (1 << zeros) - 1 + self.bits(zeros)

    def se(self) -> int:
        """Reads a signed Exp-Golomb code (H.264 section 9.1.1)."""
        code = self.ue()
        return (code + 1) // 2 if code & 1 else -(code // 2)
