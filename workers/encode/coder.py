"""The encoding thread of one codec of a stream, with its step and its queue."""

from __future__ import annotations

from collections.abc import Callable

from workers.encode.step import EncodeStep, Made
from workers.media.frame_task import FrameTask
from workers.media.route import Route
from workers.runtime.bounded_queue import BoundedQueue
from workers.runtime.pipeline_thread import PipelineThread

MAX_WAITING_FRAMES = 2
"""Frames that may wait for an encoder: one more than it works on, so that it never idles, and no
more, since each one waits for a whole picture to be coded."""


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
        self._frames: BoundedQueue[FrameTask] = BoundedQueue(MAX_WAITING_FRAMES)
        self._stage = PipelineThread(
            f"encode {name} {step.codec.name.lower()}",
            step,
            self._frames,
            emit,
            finish=lambda: None,
            fail=fail,
        )

    @property
    def cpu_s(self) -> float:
        """Processor time that its thread has used, in seconds."""
        return self._stage.cpu_s

    def offer(self, frame: FrameTask) -> bool:
        """Puts a frame in, by the rule above. False once closed."""
        # A copied unit is never left out: units that refer to it follow, and it takes no time.
        is_picture = frame.route is not Route.COPY
        if is_picture and not self.step.counts and len(self._frames) >= MAX_WAITING_FRAMES:
            self.step.leave_out("busy", counted=False)
            return True
        return self._frames.put(frame)

    def start(self) -> None:
        """Starts the thread."""
        self._stage.start()

    def finish(self) -> None:
        """Ends the input; frames inside are still encoded."""
        self._frames.finish()

    def close(self) -> None:
        """Ends the thread at once."""
        self._frames.close()

    def join(self, timeout_s: float) -> bool:
        """Waits for the thread's end; never on the loop. False if it did not end in time."""
        return self._stage.join(timeout_s)
