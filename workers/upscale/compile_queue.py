"""A queue of nets to compile: fair over streams, with one request of a kind for each.

Compiling takes from a tenth of a second to minutes, and a stream may change its size in every
picture. Its newest request takes the place of the one before it, and streams take turns.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

STAND_S = 2.0
"""A size that followed another one sooner than this gets a net once it stood for as long."""

Item = TypeVar("Item")
Made = TypeVar("Made")


class SizeStand:
    """Rule for one stream: a size must stand for a while to be worth a net. Times in seconds."""

    def __init__(self) -> None:
        self._size: tuple[int, int] | None = None
        self._since = 0.0
        self._must_stand = False
        self._begun_at = -STAND_S
        "Time at which a size was last found worth it anew."
        self._is_begun = False

    def is_worth_it(self, size: tuple[int, int], *, now: float) -> bool:
        """True for the first size, for one after a size that stood, and for one that stands."""
        if size != self._size:
            has_stood = self._size is None or now - self._since >= STAND_S
            # The size before may have been begun just now, though it stood for long.
            self._must_stand = not has_stood or now - self._begun_at < STAND_S
            self._size, self._since, self._is_begun = size, now, False
        if self._must_stand and now - self._since < STAND_S:
            return False
        if not self._is_begun:
            self._is_begun, self._begun_at = True, now
        return True


class FairQueue(Generic[Item]):
    """Queue of items by owner and kind: it holds the newest of each kind, and owners take turns."""

    def __init__(self) -> None:
        self._owners: OrderedDict[str, OrderedDict[str, Item]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._owners.values()))

    def push(self, owner: str, kind: str, item: Item) -> Item | None:
        """Puts an item in; returns the item whose place it took, None if there was none."""
        items = self._owners.setdefault(owner, OrderedDict())
        before = items.get(kind)
        items[kind] = item
        return before

    def pop(self) -> Item | None:
        """Takes the next item out, None if there is none; its owner comes last from now on."""
        if not self._owners:
            return None
        owner, items = self._owners.popitem(last=False)
        _, item = items.popitem(last=False)
        if items:
            self._owners[owner] = items
        return item


class CompileQueue:
    """One thread that compiles what is asked of it, in the order of ``FairQueue``."""

    def __init__(self) -> None:
        self._queue: FairQueue[tuple[Future[object], Callable[[], object]]] = FairQueue()
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="net-compiler")
        "Has one turn to come for each item in the queue; which one is chosen when it comes."

    def submit(self, owner: str, kind: str, make: Callable[[], Made]) -> Future[Made]:
        """Returns a future of the result of ``make``. It is cancelled if the same owner asks for
        another of the kind before it was begun.
        """
        future: Future[Made] = Future()
        with self._lock:
            # A stream that asks a thousand times has one turn of the thread for each kind, which
            # its newest request takes.
            before = self._queue.push(owner, kind, (future, make))  # type: ignore[arg-type]
        if before is None:
            self._thread.submit(self._make_next)
        else:
            before[0].cancel()
        return future

    def close(self) -> None:
        """Ends after what is being compiled; what waits is cancelled."""
        with self._lock:
            while (waiting := self._queue.pop()) is not None:
                waiting[0].cancel()
        # What is being compiled cannot be interrupted: it is native code, and ends by itself.
        self._thread.shutdown(wait=True)

    def _make_next(self) -> None:
        with self._lock:
            # Which item gets the turn is decided only now, when the thread is free.
            found = self._queue.pop()
        if found is None:
            return  # closed meanwhile
        future, make = found
        # The cache cancels a future that it forgot (``MAX_NETS``) without telling the queue.
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(make())
        except BaseException as error:
            future.set_exception(error)  # Of any kind: whoever asked waits for it.
            raise
