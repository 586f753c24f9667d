"""The figures of this process, and with them those of its siblings behind the same port."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Collection

from app.errors import RedisAway
from app.http import schemas, serializers
from app.http.counter_samples import Sample, encode_samples, of_shared, parse_samples
from app.http.metrics import Metrics
from app.http.metrics_form import FORMS, Form
from app.http.metrics_text import without_streams
from app.http.snapshot import Seen, Snapshot
from app.siblings import Siblings
from wire.errors import BadMessage


class ProcessFigures:
    """Gathers what a scrape and the API show, from all processes of this server.

    Prometheus asks one port, and any process may answer. Were it only its own figures, counters
    would leap between those of one process and another, and every rate would be wrong.
    """

    def __init__(self, metrics: Metrics, snapshot: Snapshot, siblings: Siblings) -> None:
        self._metrics = metrics
        self._snapshot = snapshot
        self._siblings = siblings

    async def exposition(self, form: Form, hidden: Collection[str] = ()) -> bytes:
        """Returns the text of ``/metrics`` without the streams that are ``hidden``."""
        seen, others = await self._seen(), None
        if self._siblings.are_there:
            texts = await self._siblings.ask(form.name)
            others = {number: text.decode("utf-8", "replace") for number, text in texts.items()}
        collected = self._metrics.collect(seen)

        def made() -> bytes:
            text = self._metrics.exposition(collected, others, form=form)
            # Of a text for whoever may see all, nothing is read again.
            return without_streams(text.decode(), hidden).encode() if hidden else text

        # The text of a thousand streams takes a quarter of a second, and packets wait for the loop.
        return await asyncio.to_thread(made)

    async def counters(self, seen: Seen, hidden: Collection[str] = ()) -> schemas.CounterList:
        """Returns all registered counters, without samples of streams that are ``hidden``."""
        found = await self._counters(seen)
        for counter in found.counters if hidden else ():
            counter.samples = [
                each for each in counter.samples if each.labels.get("stream") not in hidden
            ]
        return found

    async def _counters(self, seen: Seen) -> schemas.CounterList:
        own = list(self._metrics.own_samples())
        if not self._siblings.are_there:
            return serializers.counter_views([*own, *of_shared(seen)])
        found = {self._siblings.number: own}
        for number, data in (await self._siblings.ask("counters")).items():
            found[number] = _samples(data)
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
