"""The life of a device's connection to the gateway."""

from __future__ import annotations

import enum

from wire.state_machine import TransitionTable


class DeviceState(enum.Enum):
    """State of a connection whose DTLS handshake is over."""

    WAITING = "waiting"
    """The device has not said hello."""
    CHECKING = "checking"
    """Its token, name and key are looked at."""
    JOINED = "joined"
    """It works."""
    REFUSED = "refused"
    """It was told why it may not work; the connection lasts until it has heard that."""
    ENDED = "ended"


class DeviceEvent(enum.Enum):
    """Events that move it."""

    HELLO = "hello"
    WELCOME = "welcome"
    REFUSE = "refuse"
    TIME_OUT = "time_out"
    """No hello came, or what came was none."""
    REPLACE = "replace"
    """The device joined again, here or at another gateway."""
    REMOVE = "remove"
    """An operator removed the device."""
    LEAVE = "leave"
    """The device closed the connection, or was not heard any more."""
    STOP = "stop"
    """The gateway stops."""


_ENDS = {
    DeviceEvent.LEAVE: DeviceState.ENDED,
    DeviceEvent.STOP: DeviceState.ENDED,
}

DEVICE = TransitionTable(
    "Connections of devices to the gateway",
    DeviceState.WAITING,
    {
        DeviceState.WAITING: {
            DeviceEvent.HELLO: DeviceState.CHECKING,
            DeviceEvent.TIME_OUT: DeviceState.ENDED,
            **_ENDS,
        },
        DeviceState.CHECKING: {
            DeviceEvent.WELCOME: DeviceState.JOINED,
            DeviceEvent.REFUSE: DeviceState.REFUSED,
            DeviceEvent.REPLACE: DeviceState.ENDED,
            **_ENDS,
        },
        DeviceState.JOINED: {
            DeviceEvent.REPLACE: DeviceState.ENDED,
            DeviceEvent.REMOVE: DeviceState.REFUSED,
            **_ENDS,
        },
        DeviceState.REFUSED: {DeviceEvent.TIME_OUT: DeviceState.ENDED, **_ENDS},
    },
)
