"""The encoding thread of one codec of a stream, with its step and its queue."""

from __future__ import annotations

from collections.abc import Callable

from workers.encode.step import EncodeStep, Made
from workers.media.frame_task import FrameTask
from workers.media.route import Route
from workers.runtime.bounded_queue import BoundedQueue
from workers.runtime.pipeline_thread import PipelineThread

WAITING = 2
"""Shots that may wait for an encoder."""


class Coder:
    """An encoder on a thread of its own, so that a slow codec does not hold up another one.

    A coder whose frames count makes the pipeline wait. Another one leaves pictures out while it
    is busy, which costs its viewers frames, and nobody else anything; copied units wait in either
    case.
    """

    def __init__(
        self,
        name: str,
        step: EncodeStep,
        emit: Callable[[Made], bool],
        *,
        fail: Callable[[Exception], None],
    ) -> None:
        self.step = step
        self._shots: BoundedQueue[FrameTask] = BoundedQueue(WAITING)
        self._stage = PipelineThread(
            f"encode {name} {step.codec.name.lower()}",
            step,
            self._shots,
            emit,
            finish=lambda: None,
            fail=fail,
        )

    def offer(self, shot: FrameTask) -> bool:
        """Puts a shot in, by the rule above. False once closed."""
        is_picture = shot.route is not Route.COPY
        if is_picture and not self.step.counts and len(self._shots) >= WAITING:
            self.step.leave_out("busy", counted=False)
            return True
        return self._shots.put(shot)

    def start(self) -> None:
        """Starts the thread."""
        self._stage.start()

    def finish(self) -> None:
        """No more shots come; those inside are still encoded."""
        self._shots.finish()

    def close(self) -> None:
        """Ends the thread at once."""
        self._shots.close()

    def join(self, timeout_s: float) -> bool:
        """Waits for the thread's end; never on the loop. False if it did not end in time."""
        return self._stage.join(timeout_s)
