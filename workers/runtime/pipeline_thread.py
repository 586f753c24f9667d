"""Thread that runs one step of a pipeline between two bounded queues."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar

from workers.errors import WorkerError
from workers.runtime.bounded_queue import BoundedQueue

log = logging.getLogger(__name__)

In = TypeVar("In", contravariant=True)
Out = TypeVar("Out", covariant=True)
A = TypeVar("A")
B = TypeVar("B")


class Step(Protocol[In, Out]):
    """Work of a pipeline thread; only that thread calls it."""

    def step(self, item: In) -> Iterable[Out]:
        """Processes one item; yields any number of results."""
        ...

    def flush(self) -> Iterable[Out]:
        """Yields the results that are still inside after the last item."""
        ...


class PipelineThread(Generic[A, B]):
    """Takes items from a queue, runs a step on each, and emits the results until the queue ends.

    ``emit`` returns False when nobody takes results any more. An error of the step goes to ``fail``
    and ends the thread; the owner then closes the queues.
    """

    def __init__(
        self,
        name: str,
        step: Step[A, B],
        source: BoundedQueue[A],
        emit: Callable[[B], bool],
        *,
        finish: Callable[[], None],
        fail: Callable[[Exception], None],
    ) -> None:
        self._step = step
        self._source = source
        self._emit = emit
        self._finish = finish
        self._fail = fail
        self.cpu_s = 0.0
        "Processor time that the thread has used, in seconds."
        # A daemon: a thread that is stuck in a codec or a net must not keep the process alive.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def join(self, timeout_s: float) -> bool:
        """Waits for the thread's end; returns False after the time-out. Never on the event loop."""
        # A thread that was never started raises when it is joined; its owner may close it before.
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            if self._process_all() and not self._source.is_closed:
                self._emit_all(self._step.flush())
        except WorkerError as error:
            self._fail(error)
        except Exception as error:
            # This is the border of the thread: no caller above it could see the error.
            log.exception("%s failed", self._thread.name, extra={"action": "stage_failed"})
            self._fail(error)
        finally:
            # After an error too: whoever takes the results would wait for the next one for ever.
            self._finish()

    def _process_all(self) -> bool:
        """Processes all items; returns False if nobody takes results any more."""
        while (item := self._source.get()) is not None:
            is_taken = self._emit_all(self._step.step(item))
            self.cpu_s = time.thread_time()
            if not is_taken:
                return False
        return True

    def _emit_all(self, items: Iterable[B]) -> bool:
        # ``all`` stops at the first result that nobody takes, and with it the step's generator, so
        # that no work is done for the rest.
        return all(self._emit(item) for item in items)


class Joinable(Protocol):
    """A thread, or an object that owns one."""

    def join(self, timeout_s: float) -> bool:
        """Waits for the end; returns False after the time-out."""
        ...


def join_all(threads: Iterable[Joinable], timeout_s: float) -> bool:
    """Waits for all threads within one time-out; returns False if one did not end."""
    deadline = time.monotonic() + timeout_s
    return all(one.join(max(0.0, deadline - time.monotonic())) for one in threads)
