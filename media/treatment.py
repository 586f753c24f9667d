"""The treatment of a picture: a net's work, or none, with the reason."""

from __future__ import annotations

import enum

MAX_NET_NAME = 40
"""Maximum number of characters of a net's name in a unit; names are ASCII."""

_FIRST_PLAIN = 16


class Treatment(enum.IntEnum):
    """The treatment of one picture. Numbers go over the wire and are never used again.

    Below 16 a net made the picture, or a part of it. From 16 on it is the original, resized or
    copied, and the value says why.
    """

    UNSAID = 0
    "Nobody said it: the publisher's own units, and sound."
    FULL = 1
    TEMPORAL = 2
    SMALL = 3
    TEAM = 4
    RESTORE = 5
    NO_TIME = 16
    "No worker had time for a net on it."
    STARTING = 17
    "The net is being made ready."
    OFF = 18
    "The operator switched enhancement off."
    OWNER = 19
    "The broadcaster wants the original to be shown."
    TOO_LARGE = 20
    "The net cannot work on a picture of this size."
    PLAIN = 21
    "The rendition has no net: it is for viewers on weak links."
    FAULT = 22
    "The net cannot be had, or the source cannot be decoded."

    @property
    def is_enhanced(self) -> bool:
        """True where a net made the picture, or a part of it."""
        return 0 < self < _FIRST_PLAIN


BY_LEVEL = {each.name.lower(): each for each in Treatment if each.is_enhanced}
"""Treatments by the name of their quality level."""
