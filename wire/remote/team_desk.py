"""Team messages of one device at its gateway: its inbox goes over the link, its letters come in."""

from __future__ import annotations

import asyncio
import collections
import time

from wire.connection import REDIS_DOWN, RETRY_S, Redis
from wire.errors import BadMessage
from wire.remote.device_jobs import DeviceJobs
from wire.remote.outlet import Outlet
from wire.remote.team_rights import TeamRights
from wire.remote.team_units import TeamLetter, carry_letter, parse_letter
from wire.team import TeamMailbox

MAX_LETTERS = 64
"""Letters of a device that wait for Redis; the oldest go beyond, since they are late first."""

_BLOCK_MS = 1000


class TeamDesk:
    """Forwards the team messages of one device, within its rights."""

    def __init__(self, client: Redis, device: str, outlet: Outlet, jobs: DeviceJobs) -> None:
        self._inbox = TeamMailbox(client, device)
        self._post = TeamMailbox(client, device)
        self._outlet = outlet
        self.rights = TeamRights(jobs)
        self._serial = 0
        self._letters: collections.deque[tuple[TeamLetter, float]] = collections.deque(
            maxlen=MAX_LETTERS
        )
        self._came = asyncio.Event()

    def take(self, content: bytes) -> bool:
        """Takes a letter of the device; False if it is none, or none that it may send."""
        try:
            letter = parse_letter(content)
        except BadMessage:
            return False
        now = time.monotonic()
        if not self.rights.may_send(letter.worker, letter.message, now=now):
            return False
        self._letters.append((letter, now + letter.left_s))
        self._came.set()
        return True

    async def forward(self) -> None:
        """Carries messages both ways until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read(), name="team inbox")
            group.create_task(self._write(), name="team letters")

    async def _read(self) -> None:
        while True:
            try:
                found = await self._inbox.read(_BLOCK_MS)
            except REDIS_DOWN:
                await asyncio.sleep(RETRY_S)
                continue
            for each in found:
                self.rights.received(each.sender, each.message, now=time.monotonic())
                letter = TeamLetter(each.sender, each.message, each.left_s)
                self._outlet.send(carry_letter(letter, self._serial), each.left_s)
                self._serial += 1

    async def _write(self) -> None:
        while True:
            while self._letters:
                letter, deadline = self._letters.popleft()
                try:
                    left_s = deadline - time.monotonic()
                    await self._post.send(letter.worker, letter.message, left_s)
                except REDIS_DOWN:
                    await asyncio.sleep(RETRY_S)
            self._came.clear()
            await self._came.wait()
