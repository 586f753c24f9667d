"""One step of a pipeline on its own thread."""

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
    """What a thread does with each item; called from that thread alone."""

    def step(self, item: In) -> Iterable[Out]:
        """What becomes of one item: nothing, one or several."""
        ...

    def flush(self) -> Iterable[Out]:
        """What is still inside after the last item."""
        ...


class PipelineThread(Generic[A, B]):
    """Takes items from a channel, hands what a step makes of them on, until the channel ends.

    ``emit`` says False when nobody takes any more. An error of the step goes to ``fail`` and
    ends the thread; the owner then closes the channels.
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
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def join(self, timeout_s: float) -> bool:
        """Waits for the thread's end; never on the loop. False if it did not end in time."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            if self._serve() and not self._source.is_closed:
                self._hand_on(self._step.flush())
        except WorkerError as error:
            self._fail(error)
        except Exception as error:
            # The thread's border: nobody above it would hear of the error.
            log.exception("%s failed", self._thread.name, extra={"action": "stage_failed"})
            self._fail(error)
        finally:
            self._finish()

    def _serve(self) -> bool:
        """False if whoever takes the output is gone."""
        while (item := self._source.get()) is not None:
            if not self._hand_on(self._step.step(item)):
                return False
        return True

    def _hand_on(self, items: Iterable[B]) -> bool:
        return all(self._emit(item) for item in items)


class Joinable(Protocol):
    """A thread, or something around one."""

    def join(self, timeout_s: float) -> bool:
        """Waits for its end. False if it did not end in time."""
        ...


def join_all(threads: Iterable[Joinable], timeout_s: float) -> bool:
    """Waits for several together, not for each that long. False if one did not end in time."""
    deadline = time.monotonic() + timeout_s
    return all(one.join(max(0.0, deadline - time.monotonic())) for one in threads)
