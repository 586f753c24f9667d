"""How a lead ends."""

from __future__ import annotations

import enum


class SessionOutcome(enum.Enum):
    """Why a lead is over."""

    ENDED = "the stream ended"
    LOST = "another worker has it"
    RELEASED = "given back"
    FAILED = "failed"


class SessionEnded(Exception):
    """Raised in one of the lead's tasks, it ends all of them."""

    def __init__(self, ending: SessionOutcome, why: str) -> None:
        super().__init__(why)
        self.ending = ending
