"""The content of messages that carry team messages between gateway and device.

left_ms u16, length of a worker's name u8, the name, then the message as in ``wire/team.py``. To the
device the name is the sender's, to the gateway that of the worker it is for.
"""

from __future__ import annotations

import dataclasses
import struct

from wire import keys
from wire.errors import BadMessage
from wire.link.message import Message
from wire.team import MAX_LEFT_S, Task, TeamMessage, encode_team_message, parse_team_message

TEAM = 3
"""Kind of a message with a team message."""

_HEAD = struct.Struct(">HB")


@dataclasses.dataclass(frozen=True, slots=True)
class TeamLetter:
    """A team message with the other worker's name."""

    worker: str
    message: TeamMessage
    left_s: float
    """Time until it is late, in s; to a millisecond."""


def encode_letter(letter: TeamLetter) -> bytes:
    """Returns the content of a message of the link."""
    name = letter.worker.encode()
    left_ms = round(1000 * min(max(0.0, letter.left_s), MAX_LEFT_S))
    return _HEAD.pack(left_ms, len(name)) + name + encode_team_message(letter.message)


def carry_letter(letter: TeamLetter, serial: int) -> Message:
    """Returns the message of the link that carries a team message.

    A task is precious: it has one stripe of 150 bytes, and without it a region is not made, or made
    by another device too. A result has ten times the bytes, and what it brings for its parity is
    one region of one frame.
    """
    is_precious = isinstance(letter.message, Task)
    return Message(TEAM, 0, serial % 65536, encode_letter(letter), is_precious)


def parse_letter(data: bytes) -> TeamLetter:
    """Reads the content of a message. Raises BadMessage."""
    if len(data) < _HEAD.size:
        raise BadMessage(f"a team message of {len(data)} bytes has no head")
    left_ms, length = _HEAD.unpack_from(data)
    at = _HEAD.size + length
    try:
        name = data[_HEAD.size : at].decode("ascii")
    except UnicodeDecodeError as error:
        raise BadMessage(f"team message: {error}") from error
    if not keys.is_worker(name):
        raise BadMessage("team message: it names no worker")
    left_s = min(left_ms / 1000, MAX_LEFT_S)
    return TeamLetter(name, parse_team_message(data[at:]), left_s)
