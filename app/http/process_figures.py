"""The figures of this process, and with them those of its siblings behind the same port."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Collection, Coroutine, Hashable
from typing import Any

from app.bounded_threads import BoundedThreads
from app.errors import RedisAway
from app.http import schemas, serializers
from app.http.counter_samples import Sample, encode_samples, of_shared, parse_samples
from app.http.metrics import Metrics
from app.http.metrics_form import FORMS, Form
from app.http.metrics_text import without_streams
from app.http.snapshot import Seen, Snapshot
from app.siblings import Siblings
from wire.errors import BadMessage

MAX_WAITING = 16
"""Texts that are made or wait; of one copy of Redis each is made once, so few ever do."""

MAX_KEPT = 8
"""Texts that are kept of one copy: both forms and the counters, also of who may see more."""


class ProcessFigures:
    """Gathers what a scrape and the API show, from all processes of this server.

    Prometheus asks one port, and any process may answer. Were it only its own figures, counters
    would leap between those of one process and another, and every rate would be wrong.
    """

    def __init__(self, metrics: Metrics, snapshot: Snapshot, siblings: Siblings) -> None:
        self._metrics = metrics
        self._snapshot = snapshot
        self._siblings = siblings
        self._threads = BoundedThreads(1, "figures", most=MAX_WAITING)
        self._of: Seen | None = None
        self._made: dict[Hashable, asyncio.Task[bytes]] = {}
        "Texts of the copy ``_of``, by what they are and what is hidden."

    @property
    def refused(self) -> dict[str, int]:
        """Requests that were refused, by the limit; for /metrics."""
        return {"figures": self._threads.refused}

    async def exposition(self, form: Form, hidden: Collection[str] = ()) -> bytes:
        """Returns the text of ``/metrics`` without the streams that are ``hidden``. Raises Busy."""
        seen = await self._seen()
        make = functools.partial(self._exposition, seen, form, hidden)
        return await self._once(seen, (form.name, frozenset(hidden)), make)

    async def counters(self, seen: Seen, hidden: Collection[str] = ()) -> bytes:
        """Returns the JSON of all registered counters, without samples of streams that are
        ``hidden``. Raises Busy.
        """
        make = functools.partial(self._counters, seen, hidden)
        return await self._once(seen, ("counters", frozenset(hidden)), make)

    async def _once(
        self, seen: Seen, key: Hashable, make: Callable[[], Coroutine[Any, Any, bytes]]
    ) -> bytes:
        """Returns what was made of a copy of Redis before, or makes it for all who ask."""
        if seen is not self._of:
            self._of, self._made = seen, {}
        task = self._made.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(make(), name="figures")
            if len(self._made) < MAX_KEPT:
                self._made[key] = task
        return await asyncio.shield(task)

    async def _exposition(self, seen: Seen, form: Form, hidden: Collection[str]) -> bytes:
        others = None
        if self._siblings.are_there:
            texts = await self._siblings.ask(form.name)
            others = {number: text.decode("utf-8", "replace") for number, text in texts.items()}
        collected = self._metrics.collect(seen)

        def made() -> bytes:
            text = self._metrics.exposition(collected, others, form=form)
            # Of a text for whoever may see all, nothing is read again.
            return without_streams(text.decode(), hidden).encode() if hidden else text

        # The text of a thousand streams takes a quarter of a second, and packets wait for the loop.
        return await self._threads.do(object(), made)

    async def _counters(self, seen: Seen, hidden: Collection[str]) -> bytes:
        own, others = list(self._metrics.own_samples()), None
        if self._siblings.are_there:
            others = await self._siblings.ask("counters")

        def made() -> bytes:
            found = self._listed(seen, own, others)
            for counter in found.counters if hidden else ():
                counter.samples = [
                    each for each in counter.samples if each.labels.get("stream") not in hidden
                ]
            return found.model_dump_json(by_alias=True).encode()

        return await self._threads.do(object(), made)

    def _listed(
        self, seen: Seen, own: list[Sample], others: dict[int, bytes] | None
    ) -> schemas.CounterList:
        if others is None:
            return serializers.counter_views([*own, *of_shared(seen)])
        found = {number: _samples(data) for number, data in others.items()}
        found[self._siblings.number] = own
        return serializers.counter_views(of_shared(seen), dict(sorted(found.items())))

    async def run(self) -> None:
        """Answers the siblings until cancelled."""
        texts = {form.name: functools.partial(self._own_text, form) for form in FORMS}
        await self._siblings.run({**texts, "counters": self._own_counters})

    async def _own_text(self, form: Form) -> bytes:
        collected = self._metrics.collect(await self._seen())
        return (await asyncio.to_thread(self._metrics.own_text, collected, form=form)).encode()

    async def _own_counters(self) -> bytes:
        return encode_samples(self._metrics.own_samples())

    async def _seen(self) -> Seen:
        try:
            return await self._snapshot.get()
        except RedisAway:
            # The figures of this process are worth a scrape without Redis too: they show what is
            # wrong.
            return Seen()


def _samples(data: bytes) -> list[Sample]:
    try:
        return parse_samples(data)
    except BadMessage:
        return []  # a sibling that was cut off while it answered
