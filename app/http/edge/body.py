"""Limits on request bodies: size, time, and memory for all of them together."""

from __future__ import annotations

import dataclasses

from app.errors import BodyTooLarge, BodyTooSlow, Full

BODY_S = 10.0
"""Maximum time in seconds for receiving a whole body."""

MAX_BODY_BYTES = 16 * 1024
"""Maximum size of a JSON body; no route needs more than 1 KiB."""

MAX_HELD_BYTES = 16 * 1024 * 1024
"""Maximum size of all bodies that are read at the same time: 128 of the largest offers."""


class HeldBytes:
    """Counts the bytes of all bodies that are being read."""

    def __init__(self, most: int = MAX_HELD_BYTES) -> None:
        self._most = most
        self.held = 0

    def add(self, count: int) -> None:
        """Adds to the count. Raises Full if the sum exceeds ``MAX_HELD_BYTES``."""
        if self.held + count > self._most:
            raise Full("The server reads as many requests as it can hold.")
        self.held += count

    def drop(self, count: int) -> None:
        """Subtracts bytes that were handed on or dropped."""
        self.held -= count


@dataclasses.dataclass(slots=True)
class BodyReader:
    """Assembles one body within its limits."""

    limit: int
    "Maximum size in bytes."
    deadline: float
    held: HeldBytes
    data: bytearray = dataclasses.field(default_factory=bytearray)

    def expect(self, content_length: str) -> None:
        """Checks Content-Length before the body is read. Raises BodyTooLarge."""
        # `isdigit` is true for digits of all scripts and for superscripts, and `int` refuses the
        # latter.
        is_number = content_length.isascii() and content_length.isdigit()
        # No number of more digits than this is within a limit.
        if is_number and (len(content_length) > 12 or int(content_length) > self.limit):
            self._refuse()

    def feed(self, part: bytes, *, now: float) -> None:
        """Appends a part of the body. Raises BodyTooLarge, BodyTooSlow or Full."""
        if now > self.deadline:
            raise BodyTooSlow
        if len(self.data) + len(part) > self.limit:
            self._refuse()
        # The sum is raised before the part is kept: if it is full, nothing has to be taken back.
        self.held.add(len(part))
        self.data += part

    def release(self) -> None:
        """Returns the body's bytes to the common count."""
        self.held.drop(len(self.data))
        self.data = bytearray()

    def _refuse(self) -> None:
        raise BodyTooLarge(f"A request to this address may carry {self.limit // 1024} KiB at most.")
