"""The tail readers of this app: one for each rendition that somebody here needs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from app.errors import RedisAway
from app.streams.ingest_session import IngestSession
from app.streams.publishers import Spawn
from app.streams.rendition_reader import RenditionReader
from wire import keys
from wire.connection import Redis
from wire.streams import StreamRecord

_OVER_S = 1.5
"""A record may be missing this long: after Redis lost it, its app makes it again."""

_LOOK_S = 0.5
"""How often a tail is looked after."""

_LINGER_S = 3.0
"""A tail nobody listens to is kept this long: the next viewer then joins at once."""


class RenditionReaders:
    """Begins a tail when it is first needed, and ends it when nobody has needed it for a while, or
    its stream is over.

    ``record`` reads a stream's record or raises RedisAway, ``publication`` gives the one that this
    app holds, ``is_read`` tells whether a viewer needs a tail, ``ended`` is told stream and session
    of viewers who wait in vain, ``observe`` gets a rendition and the latency of a unit in s.
    """

    def __init__(
        self,
        client: Redis,
        *,
        spawn: Spawn,
        record: Callable[[str], Awaitable[StreamRecord | None]],
        publication: Callable[[str], IngestSession | None],
        is_read: Callable[[RenditionReader], bool],
        ended: Callable[[str, int], Awaitable[None]],
        observe: Callable[[str, float], None],
    ) -> None:
        self._client = client
        self._spawn = spawn
        self._record = record
        self._publication = publication
        self._is_read = is_read
        self._ended = ended
        self._observe = observe
        self._tails: dict[tuple[str, str, int], RenditionReader] = {}
        "By stream, rendition and session: a new publisher's viewers must not see the old one's."

    def get(self, record: StreamRecord, rendition: str) -> RenditionReader:
        """The tail of a rendition; it runs from now on."""
        stream = record.id
        key = (stream, rendition, record.session)
        if key not in self._tails:
            own = self._publication(stream)
            is_fed = rendition == keys.SOURCE and own is not None and own.session == record.session
            tail = RenditionReader(
                self._client,
                stream,
                rendition,
                session=record.session,
                publication=own if is_fed else None,
            )
            tail.observe = lambda seconds: self._observe(rendition, seconds)
            self._tails[key] = tail
            self._spawn(self._run(tail), f"tail {stream} {rendition}")
        return self._tails[key]

    def newest(self, stream: str, rendition: str) -> RenditionReader | None:
        """The tail of the newest session, while there is one."""
        found = [t for t in self._tails.values() if (t.stream, t.rendition) == (stream, rendition)]
        return max(found, key=lambda tail: tail.session, default=None)

    def all(self) -> list[RenditionReader]:
        """All that run."""
        return list(self._tails.values())

    async def _run(self, tail: RenditionReader) -> None:
        name = f"run {tail.stream} {tail.rendition} {tail.session}"
        work = asyncio.get_running_loop().create_task(tail.run(), name=name)
        try:
            if await self._is_over_at_last(tail, work):
                await self._ended(tail.stream, tail.session)
            if work.done():
                work.result()  # it never ends by itself: show what it died of
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def _is_over_at_last(self, tail: RenditionReader, work: asyncio.Task[None]) -> bool:
        """Waits until the tail is not needed any more; True if its viewers wait in vain."""
        idle = over = 0.0
        try:
            while idle < _LINGER_S and over < _OVER_S and not work.done():
                await asyncio.wait([work], timeout=_LOOK_S)
                needed = self._is_read(tail)
                idle = 0.0 if needed else idle + _LOOK_S
                step = await self._over_s(tail) if needed else 0.0
                over = over + step if step else 0.0
        finally:
            # Who joins from now on gets another one.
            del self._tails[tail.stream, tail.rendition, tail.session]
        return work.done() or over > 0

    async def _over_s(self, tail: RenditionReader) -> float:
        """How much longer the stream is known to be over; at once where it has a new session."""
        own = self._publication(tail.stream)
        if own is not None and own.session == tail.session:
            return 0.0
        try:
            record = await self._record(tail.stream)
        except RedisAway:
            return 0.0
        if record is None:
            return _LOOK_S
        return _OVER_S if record.session != tail.session else 0.0
