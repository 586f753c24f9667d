"""The search for the master of a service, which the Sentinels tell."""

from __future__ import annotations

import asyncio
from typing import Any

import redis.exceptions
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel
from redis.backoff import NoBackoff

from wire.address import Address
from wire.errors import ServerAway, ServerRefuses
from wire.redis_errors import REDIS_URL

ANSWER_S = 1.0
"""A Sentinel that does not answer for this long is passed over for the next."""

_FRESH_S = 0.1
"""The master's address holds this long: many connections are opened at once after a fail-over."""


class Master:
    """Asks the Sentinels for the master of one service."""

    def __init__(self, address: Address) -> None:
        kwargs: dict[str, Any] = {
            **address.connection(),
            "username": address.sentinel_login.user,
            "password": address.sentinel_login.password,
            # Sentinels have no other database; the address's number is for the master.
            "db": 0,
            "protocol": 2,
            "socket_timeout": ANSWER_S,
            "socket_connect_timeout": ANSWER_S,
            # No attempts of the library's own: the next Sentinel is asked, and the caller tries
            # again.
            "retry": Retry(NoBackoff(), 0),
        }
        if address.is_tls:
            kwargs["ssl"] = True
        self._service = address.service
        self._sentinel: Any = Sentinel(address.hosts, sentinel_kwargs=kwargs)  # type: ignore[no-untyped-call]
        self._asking: asyncio.Task[tuple[str, int]] | None = None
        self._asked_at = 0.0

    async def find(self) -> tuple[str, int]:
        """Returns host and port of the master. Raises ServerAway or ServerRefuses."""
        loop = asyncio.get_running_loop()
        is_old = loop.time() - self._asked_at > _FRESH_S
        if self._asking is None or (self._asking.done() and is_old):
            self._asked_at = loop.time()
            # In a task of its own: the library's time limits are ``asyncio.wait_for``, which on
            # Python 3.11 may swallow the cancellation of whoever waits here (gh-86296).
            self._asking = loop.create_task(self._ask(), name="ask the Sentinels")
            # Takes the exception also where all who waited were cancelled; asyncio would log it
            # otherwise.
            self._asking.add_done_callback(lambda task: task.cancelled() or task.exception())
        # Whoever is cancelled while waiting must not take the answer from the others.
        return await asyncio.shield(self._asking)

    async def _ask(self) -> tuple[str, int]:
        try:
            host, port = await self._sentinel.discover_master(self._service)
        except MasterNotFoundError as error:
            # Its words name what each Sentinel said, which is of use to an operator only in part.
            if "Authentication" in str(error) or "NOAUTH" in str(error):
                raise ServerRefuses(
                    f"{REDIS_URL}: the Sentinels refuse the login; give theirs with "
                    "?sentinel_user= and sentinel_password=."
                ) from error
            raise ServerAway(f"no Sentinel knows a master named {self._service}") from error
        except redis.exceptions.RedisError as error:
            raise ServerAway(f"no Sentinel answers: {type(error).__name__}") from error
        return str(host), int(port)

    async def aclose(self) -> None:
        """Closes the connections to the Sentinels."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
            self._asking = None
        for sentinel in self._sentinel.sentinels:
            await sentinel.aclose()
