"""States of a publisher's connection: from the offer until nothing is taken any more."""

from __future__ import annotations

import enum

from wire.state_machine import TransitionTable


class PublisherState(enum.Enum):
    """State of one publisher's connection."""

    OPEN = "open"
    "It connects, or gives signs of life."
    SILENT = "silent"
    "It stood and gives no sign of life; it may again."
    ENDED = "ended"


class PublisherEvent(enum.Enum):
    """An event in the life of a publisher's connection."""

    FALL_SILENT = "fall silent"
    "No sign of life came for the time-out."
    RESUME = "resume"
    "A sign of life came again."
    END = "end"
    "The connection failed or never stood, or the owner closes it."


# Only a connection that stood becomes silent; one that never connected ends.
PUBLISHER = TransitionTable(
    "Publishers' connections",
    PublisherState.OPEN,
    {
        PublisherState.OPEN: {
            PublisherEvent.FALL_SILENT: PublisherState.SILENT,
            PublisherEvent.END: PublisherState.ENDED,
        },
        PublisherState.SILENT: {
            PublisherEvent.RESUME: PublisherState.OPEN,
            PublisherEvent.END: PublisherState.ENDED,
        },
    },
)
