"""This node's copy of stream keys, view permissions and choices of recording, and their changes.

Tokens are checked against the copy: a wrong one costs Redis nothing, and a right one is known while
Redis is away.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from app.access.patterns import is_pattern, matches
from app.access.secret import hash_of, make_secret
from app.errors import (
    AppError,
    BadRequest,
    EntriesHeld,
    KeyNotFound,
    KeysFull,
    RecordingChoicesFull,
    RedisAway,
    ViewsFull,
)
from wire.clock import now_us
from wire.connection import REDIS_DOWN, Redis
from wire.errors import DamagedKey
from wire.recording_board import RecordMode
from wire.stream_keys import (
    OPERATOR,
    AccessRegistry,
    AccessTables,
    KeyLimits,
    PutResult,
    Setter,
    StreamKey,
    View,
)

log = logging.getLogger(__name__)

REFRESH_S = 0.25
"""Interval at which the version in Redis is asked for: what another node changed holds here after
that time. One small command, which is answered without the tables while they are as they were."""

MAX_TRIES = 5
"""Attempts at a change that another node changed at the same time."""

GRACE_S = 3600
"""Seconds for which the secret before a rotation stays good, unless the operator says otherwise."""

MAX_GRACE_S = 30 * 24 * 3600
"""Longest such time: two secrets that are both good for ever are no rotation."""

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, slots=True)
class KeyRequest:
    """The settings of a new key, as an operator asks for them."""

    streams: str
    note: str = ""
    life_s: int = 0
    "0: it never expires."
    view: View = View.PUBLIC
    limits: KeyLimits = KeyLimits()


@dataclasses.dataclass(frozen=True, slots=True)
class ShownKey:
    """A key with a secret that was just made: the only place where it stands."""

    key: StreamKey
    secret: str = dataclasses.field(repr=False)


class KeyStore:
    """The copy of the tables. ``run`` is its one task."""

    def __init__(self, client: Redis, *, refresh_s: float = REFRESH_S) -> None:
        self._registry = AccessRegistry(client)
        self._refresh_s = refresh_s
        self.tables = AccessTables()
        """The newest copy; never changed in place."""

    async def load(self) -> None:
        """Reads the tables, at the start. Raises RedisAway."""
        try:
            await self._refresh()
        except (*REDIS_DOWN, DamagedKey) as error:
            raise RedisAway from error

    async def run(self) -> None:
        """Keeps the copy current until cancelled; Redis may come and go meanwhile."""
        while True:
            await asyncio.sleep(self._refresh_s)
            try:
                await self._refresh()
            except (*REDIS_DOWN, DamagedKey) as error:
                log.debug("keys are not read now: %s", error, extra={"action": "redis_down"})

    async def _refresh(self) -> None:
        found = await self._registry.read(self.tables.version)
        if found is not None and found.version == 0:
            # New, or it lost its data: the first node that notices writes what it knows. Keys that
            # were good stay good, and revoked ones stay revoked.
            own = self.tables
            if not own.signing:
                own = msgspec.structs.replace(own, signing=secrets.token_hex(32))
            await self._registry.restore(own)
            found = await self._registry.read()
        if found is not None:
            self.tables = found

    async def add(self, asked: KeyRequest) -> ShownKey:
        """Makes a key. Raises BadRequest, KeysFull, RedisAway."""
        if not is_pattern(asked.streams):
            raise BadRequest(
                "A key is for the name of a stream, or a pattern: 1 to 64 letters, digits, dots, "
                "dashes, underscores, * (any characters) and ? (one)."
            )
        made, now = make_secret(), now_us()
        key = StreamKey(
            id=made.id,
            streams=asked.streams,
            note=asked.note,
            hash=hash_of(made.text),
            created_us=now,
            expires_us=now + asked.life_s * 1_000_000 if asked.life_s else 0,
            view=asked.view,
            limits=asked.limits,
        )
        await self._put(key)
        return ShownKey(key, made.text)

    async def _put(self, key: StreamKey) -> None:
        for _ in range(MAX_TRIES):
            result = await self._guarded(self._registry.put(key))
            await self._guarded(self._refresh())
            if result is PutResult.FULL:
                raise KeysFull
            if result is PutResult.DONE:
                return
        raise RedisAway

    async def rotate(self, key_id: str, *, grace_s: int = GRACE_S) -> ShownKey:
        """Gives a key another secret; the one before stays good for ``grace_s``.

        A secret that was replaced earlier ends now: two are good at a time.
        Raises KeyNotFound, RedisAway.
        """
        for _ in range(MAX_TRIES):
            before = self.get(key_id)
            made = make_secret(key_id)
            key = msgspec.structs.replace(
                before,
                hash=hash_of(made.text),
                old_hash=before.hash,
                old_until_us=now_us() + grace_s * 1_000_000,
            )
            result = await self._guarded(self._registry.put(key, before=before))
            await self._guarded(self._refresh())
            if result is PutResult.DONE:
                return ShownKey(key, made.text)
        raise RedisAway("Others change this key at the same moment; try again.")

    async def revoke(self, key_id: str) -> StreamKey:
        """Removes a key and returns what it was. Raises KeyNotFound, RedisAway."""
        key = self.get(key_id)
        for _ in range(MAX_TRIES):
            is_done = await self._guarded(self._registry.remove(key_id))
            await self._guarded(self._refresh())
            if is_done:
                return key
            # It is gone, or Redis lost the tables, and the line above has brought them back.
            self.get(key_id)
        raise RedisAway

    def get(self, key_id: str) -> StreamKey:
        """Returns the key of this id. Raises KeyNotFound."""
        key = self.tables.keys.get(key_id)
        if key is None:
            raise KeyNotFound
        return key

    async def set_view(
        self, stream: str, view: View | None, *, by: Setter = OPERATOR, keeps_public: bool = False
    ) -> None:
        """Says who may watch a stream; None: nobody has said so.

        ``public``, which is the default, takes no entry, unless it keeps a publisher from setting
        another first permission: a key does, and others where ``keeps_public``.
        Raises ViewsFull, EntriesHeld, RedisAway.
        """
        if view is View.PUBLIC and not keeps_public and not self._has_private_key(stream):
            view = None

        async def write() -> PutResult:
            before = self.tables.views.get(stream)
            if view is None:
                return _removed(await self._registry.remove_view(stream))
            return await self._registry.set_view(stream, view, before=before, by=by)

        await self._change(write, lambda: self.tables.views.get(stream) is view, ViewsFull)

    def _has_private_key(self, stream: str) -> bool:
        found = self.tables.keys.values()
        return any(key.view is not View.PUBLIC and matches(key.streams, stream) for key in found)

    async def set_first_view(
        self, stream: str, view: View | None, *, by: Setter = OPERATOR
    ) -> None:
        """Says who may watch a stream for which nobody has said so.

        Raises ViewsFull, EntriesHeld, RedisAway.
        """
        if view is None or stream in self.tables.views or view is View.PUBLIC:
            return

        async def write() -> PutResult:
            # Only if Redis has none either: this copy may lack what another node just wrote.
            return await self._registry.set_view(stream, view, before=None, by=by)

        await self._change(write, lambda: stream in self.tables.views, ViewsFull)

    def recording_of(self, stream: str) -> RecordMode | None:
        """Returns what was chosen to be recorded of a stream; None: nobody chose."""
        return self.tables.recordings.get(stream)

    async def set_recording(
        self, stream: str, mode: RecordMode | None, *, by: Setter = OPERATOR
    ) -> None:
        """Chooses what is recorded of a stream, live or not; None: the server's default.

        The choice stays for the name. Raises RecordingChoicesFull, EntriesHeld, RedisAway.
        """

        async def write() -> PutResult:
            if mode is None:
                return _removed(await self._registry.remove_recording(stream))
            before = self.recording_of(stream)
            return await self._registry.set_recording(stream, mode, before=before, by=by)

        await self._change(write, lambda: self.recording_of(stream) == mode, RecordingChoicesFull)

    async def _change(
        self,
        write: Callable[[], Awaitable[PutResult]],
        is_done: Callable[[], bool],
        full: type[AppError],
    ) -> None:
        """Writes until the entry is as it shall be, on top of what other nodes wrote."""
        for _ in range(MAX_TRIES):
            result = await self._guarded(write())
            await self._guarded(self._refresh())
            if result is PutResult.FULL:
                raise full
            if result is PutResult.HELD:
                raise EntriesHeld
            # Also where nothing was removed: it is gone, or Redis had lost the tables, which are
            # back by now.
            if result is PutResult.DONE or is_done():
                return
        raise RedisAway("Others change this stream at the same moment; try again.")

    async def _guarded(self, work: Awaitable[T]) -> T:
        try:
            return await work
        except (*REDIS_DOWN, DamagedKey) as error:
            raise RedisAway from error


def _removed(is_removed: bool) -> PutResult:
    return PutResult.DONE if is_removed else PutResult.OTHER
