"""Stream keys, view permissions and choices of recording in a file, where Redis forgets them.

The server that ``sharpcast up`` starts keeps nothing on disk. The file has what Redis has: hashes,
no secrets of publishers; and the secret that signs view tokens, so only its owner may read it.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import msgspec

from wire.connection import REDIS_DOWN, Redis
from wire.errors import DamagedKey
from wire.private_file import read_private_json, write_private
from wire.stream_keys import AccessRegistry, AccessTables

log = logging.getLogger(__name__)

SAVE_S = 0.5
"""Interval at which the file is compared with Redis; what was changed just before a power failure
is lost, also a revocation."""

_DECODER = msgspec.json.Decoder(AccessTables)


class KeyFile:
    """The file of one installation."""

    def __init__(self, path: Path) -> None:
        self._path = path.expanduser()
        self._saved = AccessTables()

    async def load(self, client: Redis) -> None:
        """Brings back what the file has, unless Redis has keys already."""
        found = await asyncio.to_thread(read_private_json, self._path, _DECODER)
        if found is not None and found.signing:
            await AccessRegistry(client).restore(found)

    async def run(self, client: Redis) -> None:
        """Writes the file whenever something changed, until cancelled; then once more."""
        try:
            while True:
                await asyncio.sleep(SAVE_S)
                await self.save(client)
        finally:
            await self.save(client)

    async def save(self, client: Redis) -> None:
        """Writes the file if something changed. What cannot be read or written waits."""
        try:
            found = await AccessRegistry(client).read(self._saved.version)
        except (*REDIS_DOWN, DamagedKey) as error:
            log.debug("keys are not kept now: %s", error, extra={"action": "redis_down"})
            return
        # Version 0: Redis lost them, and an app node is about to write them again.
        if found is None or not found.version:
            return
        try:
            await asyncio.to_thread(write_private, self._path, msgspec.json.encode(found))
        except OSError as error:
            log.warning("%s: %s", self._path, error.strerror, extra={"action": "not_kept"})
        # Also after a failure: the same words twice a second would help nobody.
        self._saved = found
