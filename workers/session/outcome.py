"""Outcome of a lead: the reason of its end."""

from __future__ import annotations

import enum


class SessionOutcome(enum.Enum):
    """Reason why a lead is over."""

    ENDED = "the stream ended"
    "The job is finished: nobody is to lead the rendition any more."
    LOST = "another worker has it"
    "Its job is another worker's; this one writes nothing more."
    RELEASED = "given back"
    "The job is given back at once, for any worker to take."
    FAILED = "failed"
    "An error of ours, which counts as a strike; the job comes back when its lease expires."


class SessionEnded(Exception):
    """The lead is over; raised in one of its tasks, it ends all of them."""

    def __init__(self, ending: SessionOutcome, why: str) -> None:
        super().__init__(why)
        self.ending = ending
