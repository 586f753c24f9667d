"""States of a viewer's adaptation to what its path carries.

::

    STEADY  --lower--> FALLING --changed--> STEADY
    STEADY  --higher--> RISING --changed--> TRIAL --proved--> STEADY
    TRIAL   --lower--> FALLING
    RISING  --lower--> FALLING     RISING --given up--> STEADY
    FALLING --lower--> FALLING     FALLING --given up--> STEADY
"""

from __future__ import annotations

import enum

from wire.state_machine import TransitionTable


class Adapting(enum.Enum):
    """The state of an adaptation."""

    STEADY = "steady"
    FALLING = "falling"
    "A smaller rendition is wanted and its key frame awaited."
    RISING = "rising"
    "A larger rendition is wanted and its key frame awaited."
    TRIAL = "trial"
    "A larger rendition is shown, and must prove that the path carries it."


class AdaptEvent(enum.Enum):
    """An event in the life of an adaptation."""

    LOWER = "lower"
    "The path does not carry what is shown, or what is awaited."
    HIGHER = "higher"
    "The path has carried more for long enough."
    CHANGED = "changed"
    "The wanted rendition is shown."
    PROVED = "proved"
    "The trial was long enough."
    GIVEN_UP = "given up"
    "The wanted rendition did not come."


ADAPTATION = TransitionTable(
    "Adaptations (viewers)",
    Adapting.STEADY,
    {
        Adapting.STEADY: {
            AdaptEvent.LOWER: Adapting.FALLING,
            AdaptEvent.HIGHER: Adapting.RISING,
        },
        Adapting.FALLING: {
            AdaptEvent.LOWER: Adapting.FALLING,
            AdaptEvent.CHANGED: Adapting.STEADY,
            AdaptEvent.GIVEN_UP: Adapting.STEADY,
        },
        Adapting.RISING: {
            AdaptEvent.LOWER: Adapting.FALLING,
            AdaptEvent.CHANGED: Adapting.TRIAL,
            AdaptEvent.GIVEN_UP: Adapting.STEADY,
        },
        Adapting.TRIAL: {
            AdaptEvent.LOWER: Adapting.FALLING,
            AdaptEvent.PROVED: Adapting.STEADY,
        },
    },
)
