"""States of a viewer's switch between the preferred rendition and the source.

::

    PREFERRED --stall--> FALLBACK --close--> RETURNING --beyond--> PREFERRED
    PREFERRED --again--> RETURNING --stall--> FALLBACK --beyond--> PREFERRED
"""

from __future__ import annotations

import enum

from wire.state_machine import TransitionTable


class Showing(enum.Enum):
    """The rendition that the viewer is shown."""

    PREFERRED = "preferred"
    FALLBACK = "fallback"
    "The source stands in."
    RETURNING = "returning"
    "The preferred rendition is close; nothing is shown until it is beyond what was shown."


class SwitchEvent(enum.Enum):
    """An event in the life of a switch."""

    STALL = "stall"
    "The source goes on and the preferred rendition does not follow."
    AGAIN = "again"
    "The preferred rendition begins anew with pictures that were shown."
    CLOSE = "close"
    "The preferred rendition follows the source again, and is behind what was shown."
    BEYOND = "beyond"
    "The preferred rendition is beyond what was shown."


SWITCH = TransitionTable(
    "Rendition switches (viewers)",
    Showing.PREFERRED,
    {
        Showing.PREFERRED: {
            SwitchEvent.STALL: Showing.FALLBACK,
            SwitchEvent.AGAIN: Showing.RETURNING,
        },
        Showing.FALLBACK: {
            SwitchEvent.CLOSE: Showing.RETURNING,
            SwitchEvent.BEYOND: Showing.PREFERRED,
        },
        Showing.RETURNING: {
            SwitchEvent.STALL: Showing.FALLBACK,
            SwitchEvent.BEYOND: Showing.PREFERRED,
        },
    },
)
