"""Lua scripts by their digest; a server that lost its script cache gets the text again."""

from __future__ import annotations

import hashlib
from typing import Any

import redis.exceptions

from wire.connection import Redis, command


class Script:
    """One script; ``run`` is atomic on the server."""

    def __init__(self, text: str) -> None:
        self._text = text
        # SHA-1 is how Redis names a script and protects nothing here; without the flag a Python
        # that is restricted to approved algorithms would refuse it.
        self._digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    async def run(self, client: Redis, keys: list[str], args: list[Any]) -> Any:
        """Runs it on the keys of these names; the answer is what the script returns."""
        keys = [client.prefix + name for name in keys]
        try:
            return await command(client, "EVALSHA", self._digest, len(keys), *keys, *args)
        except redis.exceptions.NoScriptError:
            # The script did not run, so sending it again changes nothing twice.
            return await command(client, "EVAL", self._text, len(keys), *keys, *args)
