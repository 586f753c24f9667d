"""Bodies of requests: how long, how slowly, and how much of them in all."""

from __future__ import annotations

import dataclasses

from app.errors import BodyTooLarge, BodyTooSlow, Full

BODY_S = 10.0
"""All of a body must be there by then, however it trickles."""

MAX_BODY_BYTES = 16 * 1024
"""Of a JSON body; no route needs a kibibyte."""

MAX_HELD_BYTES = 16 * 1024 * 1024
"""Of all bodies that are being read at a moment: 128 of the largest offers."""


class HeldBytes:
    """What all bodies under way take of memory."""

    def __init__(self, most: int = MAX_HELD_BYTES) -> None:
        self._most = most
        self.held = 0

    def add(self, count: int) -> None:
        """Raises Full where all of them together become too large."""
        if self.held + count > self._most:
            raise Full("The server reads as many requests as it can hold.")
        self.held += count

    def drop(self, count: int) -> None:
        """The bytes were handed on or thrown away."""
        self.held -= count


@dataclasses.dataclass(slots=True)
class BodyReader:
    """Puts one body together within its limits."""

    limit: int
    "In bytes."
    deadline: float
    held: HeldBytes
    data: bytearray = dataclasses.field(default_factory=bytearray)

    def expect(self, content_length: str) -> None:
        """Looks at a Content-Length before anything is read. Raises BodyTooLarge."""
        is_number = content_length.isascii() and content_length.isdigit()
        # No number of more digits than this is within a limit.
        if is_number and (len(content_length) > 12 or int(content_length) > self.limit):
            self._refuse()

    def feed(self, part: bytes, *, now: float) -> None:
        """Takes a part. Raises BodyTooLarge, BodyTooSlow or Full."""
        if now > self.deadline:
            raise BodyTooSlow
        if len(self.data) + len(part) > self.limit:
            self._refuse()
        self.held.add(len(part))
        self.data += part

    def release(self) -> None:
        """Gives back what the body held."""
        self.held.drop(len(self.data))
        self.data = bytearray()

    def _refuse(self) -> None:
        raise BodyTooLarge(f"A request to this address may carry {self.limit // 1024} KiB at most.")
