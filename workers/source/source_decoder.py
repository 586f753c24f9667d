"""The decoder of a stream's source, on a thread of its own: one for all its renditions here."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from workers.decode.step import DecodeStep
from workers.media.frame_task import FrameTask
from workers.media.picture import Picture
from workers.media.route import Route
from workers.media.source_frame import SourceFrame
from workers.runtime.bounded_queue import BoundedQueue
from workers.runtime.pipeline_thread import PipelineThread

MAX_WAITING_UNITS = 64
"""Units that may wait for the decoder; a take-over brings a burst."""


class SourceDecoder:
    """Takes source frames, and hands each taker its copy or its picture.

    ``need_key`` is called for units that are refused for want of a key frame, ``failed`` with an
    error of ours that ended the thread; both from the thread.
    """

    def __init__(
        self, name: str, *, need_key: Callable[[str], None], failed: Callable[[Exception], None]
    ) -> None:
        self._decode = DecodeStep(_dropped, need_key=need_key)
        self._failed = failed
        self._intake: BoundedQueue[SourceFrame] = BoundedQueue(MAX_WAITING_UNITS)
        self._thread = PipelineThread(
            f"decode {name}",
            self,
            self._intake,
            self._hand_out,
            finish=lambda: None,
            fail=self._fail,
        )
        self.decoded = 0
        "Pictures that came out of the decoder."
        self._shown_to: Callable[[Picture], None] | None = None

    @property
    def fault(self) -> str:
        """A sentence that says why no picture of the stream is decoded; empty if they are."""
        return self._decode.fault

    @property
    def remark(self) -> str:
        """A sentence that says why no pictures come from the decoder at the moment, or what is odd
        about them; empty if there is nothing to say.
        """
        return self._decode.remark

    @property
    def cpu_s(self) -> float:
        """Processor time that its thread has used, in seconds."""
        return self._thread.cpu_s

    @property
    def has_space(self) -> bool:
        """True if ``offer`` would not wait."""
        return self._intake.is_closed or len(self._intake) < MAX_WAITING_UNITS

    def offer(self, frame: SourceFrame) -> bool:
        """Takes a frame; waits if ``MAX_WAITING_UNITS`` are waiting already. False once closed."""
        return self._intake.put(frame)

    def show_next(self, taker: Callable[[Picture], None]) -> None:
        """Hands the next decoded picture to ``taker`` too, once, on the thread: it must not
        wait.
        """
        self._shown_to = taker

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def close(self) -> None:
        """Ends the thread at once; what is inside is lost. Harmless when repeated."""
        self._intake.close()

    def join(self, timeout_s: float) -> bool:
        """Waits for the thread; never on the loop. False if it did not end in time."""
        return self._thread.join(timeout_s)

    def step(self, item: SourceFrame) -> Iterator[SourceFrame]:
        """Yields the frames whose pictures are complete now; copies are handed out at once."""
        # Copies go first: they need no picture, and decoding may take milliseconds or fail.
        for taker in item.takers:
            if taker.route is Route.COPY:
                taker.sink.offer(item.task(Route.COPY))
        for frame in self._decode.step(item):
            if isinstance(frame, SourceFrame) and frame.picture is not None:
                yield frame

    def flush(self) -> Iterator[SourceFrame]:
        """Yields nothing: a live stream that ends is not waited for."""
        yield from ()

    def _hand_out(self, frame: SourceFrame) -> bool:
        """Hands a picture to the renditions that need it. The session goes on when one is gone."""
        self.decoded += 1
        taker_once, self._shown_to = self._shown_to, None
        if taker_once is not None and frame.picture is not None:
            taker_once(frame.picture)
        is_shared = False
        for taker in frame.takers:
            route = taker.decoded_route
            if route is None:
                continue
            task = frame.task(route, is_replay=taker.is_replay)
            if route is Route.RECODE and is_shared and task.picture is not None:
                # An encoder writes times and types into a frame.
                task.picture = task.picture.copy()
            # This waits while the rendition's queue is full, and with it the decoder and all other
            # renditions; where there are some the queues are longer (``set_decoder_shared``).
            is_shared = True
            taker.sink.offer(task)
        return True

    def _fail(self, error: Exception) -> None:
        # Closed first, so that the reader does not wait for space in a queue that nobody empties.
        self.close()
        self._failed(error)


def _dropped(frame: FrameTask, reason: str) -> None:
    """Tells each sink that waited for a picture that a unit became none."""
    if isinstance(frame, SourceFrame):
        for taker in frame.takers:
            route = taker.decoded_route
            if route is not None:
                taker.sink.drop(dataclasses.replace(frame, route=route), reason)
