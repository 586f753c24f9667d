"""Small messages that arrive in order and for certain, beside the ones with deadlines.

Pieces are numbered and sent again until a report acknowledges them: a window with one timer, as in
any selective-repeat protocol without congestion control, since control is a few bytes a second.
"""

from __future__ import annotations

import collections
import dataclasses
import itertools

from wire.link.datagram import MAX_PIECE_BYTES, ControlPiece

MAX_CONTROL_BYTES = 64 * 1024
"""The largest control message, such as the list of a job's settings; nets are not sent so."""

WINDOW = 64
"""Pieces on their way at a time."""

MAX_WAITING = 1024
"""Pieces that wait for the window; more are refused, the other side does not answer."""

MIN_RETRY_S = 0.05
MAX_RETRY_S = 1.0


@dataclasses.dataclass(slots=True)
class _Piece:
    serial: int
    is_last: bool
    content: bytes
    retry_at: float = 0.0
    tries: int = 0


class ControlSender:
    """The sending side. ``now`` in seconds, never going back."""

    def __init__(self) -> None:
        self._pieces: collections.deque[_Piece] = collections.deque()
        self._serial = 0
        self._acknowledged = 0
        self.repeated = 0
        """Pieces that were sent again."""

    @property
    def serial(self) -> int:
        """Serial of the piece that is queued next."""
        return self._serial

    @property
    def waiting(self) -> int:
        """Pieces that are not acknowledged."""
        return len(self._pieces)

    def add(self, content: bytes) -> bool:
        """Queues a control message; False if too many wait. Raises ValueError if it is too long."""
        if len(content) > MAX_CONTROL_BYTES:
            raise ValueError(f"a control message has at most {MAX_CONTROL_BYTES} bytes")
        cuts = range(0, max(1, len(content)), MAX_PIECE_BYTES)
        if len(self._pieces) + len(cuts) > MAX_WAITING:
            return False
        for at in cuts:
            piece = content[at : at + MAX_PIECE_BYTES]
            self._pieces.append(_Piece(self._serial, at == cuts[-1], piece))
            self._serial += 1
        return True

    def acknowledge(self, awaited: int) -> None:
        """Takes the serial (modulo 2**32) that the other side awaits."""
        ahead = (awaited - self._acknowledged) % (1 << 32)
        # An old report awaits an earlier one, and no report awaits what was never sent.
        if ahead > self._serial - self._acknowledged:
            return
        self._acknowledged += ahead
        while self._pieces and self._pieces[0].serial < self._acknowledged:
            self._pieces.popleft()

    def next_piece(self, *, rtt_s: float, now: float) -> tuple[int, bool, bytes] | None:
        """Returns (serial, is last, content) of a piece to send now, or None."""
        if not self._pieces:
            return None
        for piece in itertools.islice(self._pieces, WINDOW):
            if piece.retry_at > now:
                continue
            self.repeated += piece.tries > 0
            # A report follows within 25 ms; each further try waits twice as long.
            wait_s = max(MIN_RETRY_S, 1.5 * rtt_s + 0.03) * (1 << min(piece.tries, 6))
            piece.retry_at = now + min(MAX_RETRY_S, wait_s)
            piece.tries += 1
            return piece.serial % (1 << 32), piece.is_last, piece.content
        return None

    def next_deadline(self) -> float | None:
        """Returns when a piece is due next; None if nothing waits."""
        if not self._pieces:
            return None
        return min(each.retry_at for each in itertools.islice(self._pieces, WINDOW))


class ControlReceiver:
    """The receiving side: joins pieces in their order."""

    def __init__(self) -> None:
        self.awaited = 0
        """Serial of the next piece, without end."""
        self._early: dict[int, ControlPiece] = {}
        self._begun = bytearray()
        self.refused = 0
        """Control messages that were longer than may be."""
        self._skips = False

    def read(self, piece: ControlPiece) -> list[bytes]:
        """Takes a piece and returns the control messages that it completes, in order."""
        ahead = (piece.serial - self.awaited) % (1 << 32)
        if ahead >= WINDOW:  # it was read before, or the sender ignores its window
            return []
        self._early.setdefault(self.awaited + ahead, piece)
        whole = []
        while (following := self._early.pop(self.awaited, None)) is not None:
            self.awaited += 1
            self._begun += following.content
            if len(self._begun) > MAX_CONTROL_BYTES:
                self._begun.clear()
                self._skips = True
            if not following.is_last:
                continue
            if self._skips:
                self.refused += 1
            else:
                whole.append(bytes(self._begun))
            self._begun.clear()
            self._skips = False
        return whole
