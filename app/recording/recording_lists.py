"""Lists of recordings for all who ask: one scan of the folder serves for half a second."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable
from functools import partial

from app.bounded_threads import BoundedThreads
from app.recording.catalogue import MAX_LISTED, Catalogue, FolderScan, ListedFile

MAX_AGE_S = 0.5
"""Age in seconds up to which a scan serves, as a copy of Redis' records does."""

MAX_WAITING = 32
"""Lists that are made or wait; the same for many counts once."""

MAX_TEXTS = 16
"""Texts that are kept of one scan."""

MAX_TEXT_BYTES = 1024 * 1024
"""Size of a text that is kept: a thousand recordings have half of it."""


@dataclasses.dataclass(frozen=True, slots=True)
class ListPart:
    """The part of the list that is asked for."""

    stream: str = ""
    "Empty: of all streams."
    before_us: int = 0
    "Only those that began before this time; 0: any."
    limit: int = MAX_LISTED - 1


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """The recordings of one part."""

    files: list[ListedFile]
    "The newest first."
    has_more: bool
    "Older ones follow."
    free_bytes: int | None
    "Free bytes of the disk; None while there is no folder."


Render = Callable[[Page], bytes]


@dataclasses.dataclass(slots=True)
class _Seen:
    """One scan, with the texts that were made of it."""

    scan: FolderScan
    texts: dict[tuple[ListPart, frozenset[str]], bytes] = dataclasses.field(default_factory=dict)


class RecordingLists:
    """Scans and lists on one thread, so that neither writers nor packets wait for readers."""

    def __init__(self, catalogue: Catalogue, *, max_age_s: float = MAX_AGE_S) -> None:
        self._catalogue = catalogue
        self._max_age_s = max_age_s
        self._threads = BoundedThreads(1, "recording-lists", most=MAX_WAITING)
        self._lock = asyncio.Lock()
        self._seen: _Seen | None = None
        "None after a scan that failed."
        self._begun_at = float("-inf")

    @property
    def refused(self) -> int:
        """Lists that were refused since too many waited."""
        return self._threads.refused

    async def text(
        self, part: ListPart, render: Render, is_listed: Callable[[str], bool] = lambda _: True
    ) -> bytes:
        """Returns the text of a part, as ``render`` makes it on a thread; all callers give the
        same. ``is_listed`` says of which streams. Raises Busy.
        """
        seen = await self._get()
        hidden = frozenset(each for each in seen.scan.streams if not is_listed(each))
        key = (part, hidden)
        text = seen.texts.get(key)
        if text is None:
            work = partial(self._make, seen.scan, part, hidden, render)
            text = await self._threads.do((id(seen), *key), work)
            if len(seen.texts) < MAX_TEXTS and len(text) <= MAX_TEXT_BYTES:
                seen.texts[key] = text
        return text

    def forget(self) -> None:
        """Makes the next list scan anew, since this node removed or ended a recording."""
        self._begun_at = float("-inf")

    def close(self) -> None:
        """Begins no other scan."""
        self._threads.close()

    async def _get(self) -> _Seen:
        asked_at = time.monotonic()
        async with self._lock:
            now = time.monotonic()
            # A scan that began after this caller asked is new enough for it, whatever its age.
            is_new = self._begun_at >= asked_at or now - self._begun_at <= self._max_age_s
            if self._seen is None or not is_new:
                self._begun_at, self._seen = now, None
                # Each has a key of its own: one that began before `forget` is not to be shared.
                self._seen = _Seen(await self._threads.do(object(), self._catalogue.scan))
            return self._seen

    def _make(
        self, scan: FolderScan, part: ListPart, hidden: frozenset[str], render: Render
    ) -> bytes:
        # One more than is shown tells whether others follow.
        most = min(part.limit, MAX_LISTED - 1)
        found = self._catalogue.pick(
            scan,
            stream=part.stream,
            before_us=part.before_us,
            limit=most + 1,
            is_listed=lambda stream: stream not in hidden,
        )
        return render(Page(found[:most], len(found) > most, scan.free_bytes))
