"""Reading bits, most significant first."""

from __future__ import annotations


class BitReader:
    """Reads numbers of some bits each; raises IndexError behind the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def bit(self) -> int:
        """The next bit."""
        byte = self._data[self._at >> 3]
        value = byte >> (7 - (self._at & 7)) & 1
        self._at += 1
        return value

    def bits(self, count: int) -> int:
        """The next ``count`` bits as an unsigned number."""
        value = 0
        for _ in range(count):
            value = value << 1 | self.bit()
        return value

    def ue(self) -> int:
        """An unsigned Exp-Golomb code (H.264 section 9.1). Raises ValueError over 31 zeros."""
        zeros = 0
        while not self.bit():
            zeros += 1
            if zeros > 31:
                raise ValueError("an Exp-Golomb code is too long")
        return (1 << zeros) - 1 + self.bits(zeros)

    def se(self) -> int:
        """A signed Exp-Golomb code (H.264 section 9.1.1)."""
        code = self.ue()
        return (code + 1) // 2 if code & 1 else -(code // 2)
