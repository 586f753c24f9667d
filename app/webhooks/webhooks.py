"""Tells receivers what happens: a task, a queue and a connection for each of them."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import datetime
import json
import logging
import secrets
import time
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx

from app.webhooks.delivery_queue import DeliveryQueue, HookEvent
from app.webhooks.signature import key_of, signed_headers
from app.webhooks.visits import Visit
from wire.supervisor import keep_going

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0
"""Seconds of a whole attempt, from the connection to the answer's headers: a receiver that works
longer should take the event first."""

_GONE = (400, 404, 405, 410, 413, 422)
"""Answers that another attempt does not change."""


@dataclasses.dataclass(frozen=True, slots=True)
class WebhookOptions:
    """Settings of webhooks."""

    addresses: tuple[str, ...] = ()
    secret: str = dataclasses.field(default="", repr=False)


class Webhooks:
    """All receivers. ``run`` is its one task; without addresses it has nothing to do."""

    def __init__(self, options: WebhookOptions, *, node: str) -> None:
        self.sent: collections.Counter[str] = collections.Counter()
        "Events that receivers took, by the receiver's place in the setting."
        self.attempts_failed: collections.Counter[str] = collections.Counter()
        "Attempts that a receiver did not answer, or not well."
        self._key = key_of(options.secret)
        self._node = node
        self._queues = {address: DeliveryQueue() for address in options.addresses}
        self._news = {address: asyncio.Event() for address in options.addresses}
        self._labels = {address: str(n) for n, address in enumerate(options.addresses, 1)}

    @property
    def are_there(self) -> bool:
        """False where nobody is to be told anything."""
        return bool(self._queues)

    @property
    def dropped(self) -> dict[tuple[str, str], int]:
        """Events that receivers were never told, by receiver and reason."""
        return {
            (self._labels[address], reason): count
            for address, queue in self._queues.items()
            for reason, count in queue.dropped.items()
        }

    def tell(self, kind: str, *, visit: Visit | None = None, **data: Any) -> None:
        """Queues an event for all receivers; never waits. ``visit`` is that of a viewer's event."""
        if not self._queues:
            return
        at = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        whole = {"type": kind, "timestamp": at, "data": {**data, "node": self._node}}
        body = json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode()
        event = HookEvent(f"msg_{secrets.token_urlsafe(16)}", body, time.monotonic(), visit)
        for address, queue in self._queues.items():
            queue.push(event)
            self._news[address].set()

    async def run(self) -> None:
        """Sends until cancelled."""
        if not self._queues:
            await asyncio.Event().wait()
        async with _client() as client, asyncio.TaskGroup() as group:
            for address in self._queues:
                name = f"webhook {self._labels[address]}"
                work = partial(self._serve, client, address)
                group.create_task(keep_going(name, work, logger=log), name=name)

    async def finish(self, timeout_s: float) -> None:
        """Sends what waits to those who take it in time, behind ``run``; the rest is lost."""
        waiting = [address for address, queue in self._queues.items() if len(queue)]
        if not waiting:
            return
        try:
            async with asyncio.timeout(timeout_s), _client() as client:
                await asyncio.gather(*(self._send_all(client, address) for address in waiting))
        except TimeoutError:
            log.debug("a receiver was not told in time", extra={"action": "webhooks_lost"})

    async def _send_all(self, client: httpx.AsyncClient, address: str) -> None:
        while event := self._queues[address].next(now=time.monotonic()):
            await self._send(client, address, event)

    async def _serve(self, client: httpx.AsyncClient, address: str) -> None:
        queue, news = self._queues[address], self._news[address]
        while True:
            event = queue.next(now=time.monotonic())
            if event is not None:
                await self._send(client, address, event)
                continue
            news.clear()
            try:
                async with asyncio.timeout(queue.wait_s(now=time.monotonic())):
                    await news.wait()
            except TimeoutError:
                continue

    async def _send(self, client: httpx.AsyncClient, address: str, event: HookEvent) -> None:
        queue, label = self._queues[address], self._labels[address]
        headers = signed_headers(
            self._key, event_id=event.id, at_s=int(time.time()), body=event.body
        )
        headers["content-type"] = "application/json"
        try:
            # Limits of httpx are those of each read, and a receiver that drips would keep them all.
            # The body of the answer is not read: it is of no use, and may have any length.
            async with (
                asyncio.timeout(TIMEOUT_S),
                client.stream("POST", address, content=event.body, headers=headers) as got,
            ):
                status = got.status_code
            why = f"it answers {status}"
        except TimeoutError:
            status, why = 0, f"no answer within {TIMEOUT_S:.0f} s"
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            status, why = 0, str(error) or type(error).__name__
        if 200 <= status < 300:
            queue.succeeded(event)
            self.sent[label] += 1
            return
        self.attempts_failed[label] += 1
        # The address may hold a secret of its own, so only its host is written down.
        log.warning(
            "webhook %s (%s) failed: %s",
            label,
            urlsplit(address).hostname,
            why,
            extra={"action": "webhook_failed"},
        )
        if status in _GONE:
            queue.refused(event)
        else:
            queue.failed(now=time.monotonic())


def _client() -> httpx.AsyncClient:
    # A receiver that redirects could send the event, and its signature, anywhere. The time of an
    # attempt is limited as a whole, in ``_send``.
    return httpx.AsyncClient(timeout=None, follow_redirects=False, trust_env=False)
