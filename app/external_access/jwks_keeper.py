"""Keeps the issuer's keys current: the I/O around ``KeyCache``."""

from __future__ import annotations

import asyncio
import collections
import logging
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from app.errors import IssuerAway
from app.external_access.bounded_http import FAILURES, UnusableAnswer, fetch, make_client
from app.external_access.key_cache import KeyCache, Lookup
from app.external_access.key_set import MAX_BYTES, KeySet, parse_key_set

log = logging.getLogger(__name__)

FETCH_S = 5.0
"""Seconds in which the key server answers in full; nothing but new keys waits for it."""

PATIENCE_S = 2.0
"""Seconds for which a request waits for a key that is not known yet."""

MAX_WAITING = 64
"""Requests that wait for a key at a time; more are told at once to come again."""

_AWAY = "The server with the issuer's keys does not answer at the moment; try again."


class JwksKeeper:
    """Fetches the keys of one issuer. ``run`` is its one task."""

    def __init__(self, source: str, cache: KeyCache | None = None) -> None:
        """``source`` is the address of a JWKS or the path of a file."""
        self.cache = cache or KeyCache()
        self.fetches: collections.Counter[str] = collections.Counter()
        """Fetches by result: ``ok``, ``unreachable``, ``unusable``."""
        self._source = source
        self._wanted = asyncio.Event()
        self._ended = asyncio.Event()
        self._waiting = 0

    async def run(self) -> None:
        """Fetches at the start, as keys get old, and for keys that are not known; until cancelled.

        A key server that is slow or away holds nobody but those who wait for a new key.
        """
        async with make_client(FETCH_S, connections=1) as client:
            while True:
                self._wanted.clear()
                wait_s = self.cache.wait_s(now=time.monotonic())
                if wait_s:
                    try:
                        async with asyncio.timeout(wait_s):
                            await self._wanted.wait()
                    except TimeoutError:
                        pass  # the keys are old enough
                    continue
                await self._fetch(client)

    async def keys_named(self, key_id: str) -> KeySet:
        """Returns the keys of this id, none if the issuer has none; waits for one that is new.

        Raises IssuerAway where the issuer does not tell in time.
        """
        found = self.cache.named(key_id, now=time.monotonic())
        if found.keys:
            return found
        if self.cache.miss(now=time.monotonic()) is Lookup.AWAITED:
            await self._wait()
            found = self.cache.named(key_id, now=time.monotonic())
        if not found.keys and self.cache.is_failing:
            raise IssuerAway(_AWAY)
        return found

    async def _wait(self) -> None:
        if self._waiting >= MAX_WAITING:
            raise IssuerAway(_AWAY)
        self._waiting += 1
        self._wanted.set()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._ended.wait()
        except TimeoutError as error:
            raise IssuerAway(_AWAY) from error
        finally:
            self._waiting -= 1

    async def _fetch(self, client: httpx.AsyncClient) -> None:
        self.cache.begin(now=time.monotonic())
        try:
            async with asyncio.timeout(FETCH_S):
                data = await read_keys(self._source, client)
            self.cache.succeed(parse_key_set(data), now=time.monotonic())
            self.fetches["ok"] += 1
        except FAILURES as error:
            self._fail("unreachable", str(error) or type(error).__name__)
        except (UnusableAnswer, ValueError) as error:
            self._fail("unusable", str(error))
        finally:
            # Whoever waits now waits for the fetch that has ended; later ones for the next.
            self._ended.set()
            self._ended = asyncio.Event()

    def _fail(self, result: str, why: str) -> None:
        self.cache.fail()
        self.fetches[result] += 1
        # An address may hold a secret of its own, so only its host is written down.
        place = urlsplit(self._source).hostname or self._source
        log.warning("keys of JWTs (%s): %s", place, why, extra={"action": "keys_not_fetched"})


async def read_keys(source: str, client: httpx.AsyncClient) -> bytes:
    """Returns the text of a JWKS at an address or in a file.

    Raises one of ``FAILURES``, or UnusableAnswer.
    """
    if "://" not in source:
        return await asyncio.to_thread(_read_file, Path(source))
    status, body = await fetch(client, source, max_bytes=MAX_BYTES)
    if status != 200:
        raise UnusableAnswer(f"it answers {status}")
    return body


def _read_file(path: Path) -> bytes:
    with path.expanduser().open("rb") as file:
        return file.read(MAX_BYTES + 1)
