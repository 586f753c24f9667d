"""The position of a reader in a Redis Stream; it notices when the stream began anew.

Entry ids are the server's time. A server that lost its data and has its clock set back gives
smaller ids than a reader has seen, and ``XREAD`` would wait for hours. So a reader that was told
nothing, or an error, compares its position with the newest entry before it reads on.
"""

from __future__ import annotations

from wire.connection import Redis, command

START = "0-0"


def as_pair(entry_id: str) -> tuple[int, int]:
    """Returns an entry id as numbers, which compare as the server compares ids."""
    ms, _, sequence = entry_id.partition("-")
    return int(ms), int(sequence or 0)


def just_before(entry_id: str) -> str:
    """Returns the greatest id smaller than the given one (``XREAD`` is exclusive)."""
    ms, sequence = as_pair(entry_id)
    if sequence:
        return f"{ms}-{sequence - 1}"
    # 2^64 - 1 is the greatest number that the second part of an id can have.
    return f"{ms - 1}-18446744073709551615"


class Position:
    """A place in one stream; ``at`` is the id of the last entry seen."""

    def __init__(self, client: Redis, key: str) -> None:
        self._client = client
        self._key = key
        self._is_sure = False
        self.at = START
        self.restarts = 0
        "Count of new beginnings of the stream, after which what is read may have been read before."

    async def newest(self) -> str | None:
        """Returns the id of the newest entry, None if there is none."""
        rows = await command(self._client, "XREVRANGE", self._key, "+", "-", "COUNT", 1)
        return rows[0][0].decode() if rows else None

    async def to_end(self) -> None:
        """Moves the position behind the newest entry."""
        self.at = await self.newest() or START
        self._is_sure = True

    async def read(self, *, block_ms: int, count: int) -> list[tuple[bytes, list[bytes]]]:
        """Returns the entries behind the position, oldest first, and moves it behind them; returns
        none after ``block_ms``.
        """
        if not self._is_sure:
            newest = await self.newest()
            if newest is None or as_pair(newest) < as_pair(self.at):
                self.restarts += self.at != START
                self.at = START  # all that comes is new, and of what is there at least the last
        # Unsure until the answer is there: where an error or a cancellation leaves this method, the
        # next read compares positions first.
        self._is_sure = False
        answer = await command(
            self._client, "XREAD", "COUNT", count, "BLOCK", block_ms, "STREAMS", self._key, self.at
        )
        if not answer:
            return []
        self._is_sure = True
        rows: list[tuple[bytes, list[bytes]]] = answer[0][1]
        self.at = rows[-1][0].decode()
        return rows
