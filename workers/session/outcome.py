"""Outcome of a lead: the reason of its end."""

from __future__ import annotations

import enum


class SessionOutcome(enum.Enum):
    """Reason why a lead is over."""

    ENDED = "the stream ended"
    LOST = "another worker has it"
    RELEASED = "given back"
    FAILED = "failed"


class SessionEnded(Exception):
    """The lead is over; raised in one of its tasks, it ends all of them."""

    def __init__(self, ending: SessionOutcome, why: str) -> None:
        super().__init__(why)
        self.ending = ending
