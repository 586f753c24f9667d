"""The life of a device's link to its gateway."""

from __future__ import annotations

import enum

from wire.state_machine import TransitionTable


class DeviceLinkState(enum.Enum):
    """State of the link."""

    AWAY = "away"
    """There is none; the next try comes after a pause."""
    CONNECTING = "connecting"
    """The name is resolved and the encryption agreed upon."""
    JOINING = "joining"
    """Device and gateway prove who they are."""
    RESUMING = "resuming"
    """The device asks which of its jobs it still has."""
    UP = "up"
    """It works."""


class DeviceLinkEvent(enum.Enum):
    """Events that move it."""

    TRY = "try"
    OPEN = "open"
    """The encrypted connection stands."""
    WELCOME = "welcome"
    RESUME = "resume"
    LOSE = "lose"
    """The connection is gone, did not come about, or the gateway refused the device."""


_LOST = {DeviceLinkEvent.LOSE: DeviceLinkState.AWAY}

DEVICE_LINK = TransitionTable(
    "Links of devices to their gateway",
    DeviceLinkState.AWAY,
    {
        DeviceLinkState.AWAY: {DeviceLinkEvent.TRY: DeviceLinkState.CONNECTING, **_LOST},
        DeviceLinkState.CONNECTING: {DeviceLinkEvent.OPEN: DeviceLinkState.JOINING, **_LOST},
        DeviceLinkState.JOINING: {DeviceLinkEvent.WELCOME: DeviceLinkState.RESUMING, **_LOST},
        DeviceLinkState.RESUMING: {DeviceLinkEvent.RESUME: DeviceLinkState.UP, **_LOST},
        DeviceLinkState.UP: _LOST,
    },
)
