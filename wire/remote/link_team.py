"""The team mailbox of a worker at another site, over the link."""

from __future__ import annotations

import asyncio
import collections
import time

from wire.errors import BadMessage, ServerAway
from wire.remote.gateway_calls import GatewayCalls
from wire.remote.link_stream import wait_for
from wire.remote.parity_meter import ParityMeter
from wire.remote.team_units import TeamLetter, carry_letter, parse_letter
from wire.remote.uplink_parts import UplinkParts
from wire.team import MAX_MESSAGES, Received, TeamMessage


class LinkTeam:
    """Sends to other workers and reads the inbox. Follows ``wire.site.SiteTeam``."""

    def __init__(self, gateway: GatewayCalls, parts: UplinkParts) -> None:
        self._gateway = gateway
        self._uplink_parts = parts
        self._serial = 0
        self._waiting: collections.deque[tuple[TeamLetter, float]] = collections.deque(
            maxlen=MAX_MESSAGES
        )
        self._came = asyncio.Event()
        self.late = 0
        "Messages, sent or received, that were past their deadline and dropped."
        self.bad_messages = 0
        "Messages that could not be read."
        self._parity = ParityMeter()

    @property
    def parity(self) -> float:
        """Bytes of parity for each byte that the link sent lately, results most of them."""
        uplink = self._gateway.uplink
        if uplink is None:
            return 0.0
        return self._parity.observe(*uplink.sent_bytes, now=time.monotonic())

    async def send(self, to: str, message: TeamMessage, left_s: float) -> None:
        """Sends a message to the worker ``to``, due within ``left_s``. Raises ServerAway."""
        uplink = self._gateway.uplink
        if uplink is None:
            raise ServerAway("there is no link to the gateway")
        # What the way takes is left to nobody behind it.
        letter = TeamLetter(to, message, left_s - uplink.rtt_s / 2)
        if letter.left_s <= 0.0:
            self.late += 1
            return
        carried = carry_letter(letter, self._serial)
        self._serial += 1
        if uplink.send(carried, left_s):
            self._uplink_parts.note_team(len(carried.content), now=time.monotonic())
        else:
            self.late += 1

    async def read(self, block_ms: int) -> list[Received]:
        """Returns the messages since the last read; empty after ``block_ms`` without any."""
        await wait_for(self._came, block_ms / 1000)
        found = []
        while self._waiting:
            letter, deadline = self._waiting.popleft()
            left_s = deadline - time.monotonic()
            if left_s <= 0.0:
                self.late += 1
                continue
            found.append(Received(letter.worker, letter.message, left_s))
        return found

    def put(self, content: bytes, *, one_way_s: float) -> None:
        """Takes a message of the link; the oldest goes where too many wait."""
        try:
            letter = parse_letter(content)
        except BadMessage:
            self.bad_messages += 1
            return
        self._waiting.append((letter, time.monotonic() + letter.left_s - one_way_s))
        self._came.set()
