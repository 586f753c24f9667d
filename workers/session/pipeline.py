"""The pipeline of one rendition: upscale and encode, each on its own thread, and one more for each
codec that a viewer may need beside the usual one.

``offer`` takes a decoded frame, units come out by ``PipelineCallbacks.made``. The queues between
the threads are short and wait; what became late while waiting is resized or dropped by the next
step, so that a queue never adds delay for more than a frame or two.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from media.codec import Codec
from media.treatment import Treatment
from wire import keys
from wire.jobs import Job
from wire.unit_spans import tell_coded, tell_picture
from workers.decode.step import count_drop
from workers.encode.coder import Coder
from workers.encode.registry import CODECS, WITH_PLAIN
from workers.encode.step import EncodeStep, Made, OutputConfig
from workers.media.frame_task import FrameTask
from workers.runtime.frame_counters import FrameCounters
from workers.runtime.pipeline_thread import PipelineThread, join_all
from workers.scheduling.handle import SchedulerHandle
from workers.session.uplink_bound import UplinkBound
from workers.upscale.delay_queue import DelayQueue
from workers.upscale.model_cache import ModelCache
from workers.upscale.stage import UpscaleConfig, UpscaleStage
from workers.upscale.team_frame import team_of

_WAITING_FRAMES = 2
"""Frames that may wait for the upscaler; the decoder waits beyond them."""

_HELD_FRAMES = 24
"""Frames that may wait where they are held back for helpers' results: those of the longest playout
delay, 0.3 s, at 60 frames a second, and some more."""

_WAITING_FRAMES_SHARED = 8
"""Frames that may wait where other renditions wait for that decoder: a stall of a quarter of a
second here does not reach them. What waited too long is dropped at once by its age."""


@dataclasses.dataclass(frozen=True, slots=True)
class PipelineCallbacks:
    """Callbacks of a pipeline, called from its threads; each must be thread-safe and short."""

    made: Callable[[Made], None]
    "The changes of the enhanced logs, in order."
    need_key: Callable[[str], None]
    "A copied unit was left out for want of a key frame; the text says why."
    failed: Callable[[Exception], None]
    "A thread ended by an error of ours."
    give_out: Callable[[FrameTask], FrameTask] = lambda task: task
    "Returns a decoded frame, with its team where helpers work on it; for the decoder's thread."


@dataclasses.dataclass(frozen=True, slots=True)
class PipelineConfig:
    """The first configuration of a rendition's pipeline."""

    output: OutputConfig
    upscale: UpscaleConfig


class Pipeline:
    """The threads of one rendition and the queues between them; made, started and closed once."""

    def __init__(
        self,
        job: Job,
        nets: ModelCache,
        counters: FrameCounters,
        callbacks: PipelineCallbacks,
        scheduler: SchedulerHandle,
        config: PipelineConfig,
    ) -> None:
        self.counters = counters
        self.upscale = UpscaleStage(nets, counters, scheduler, config.upscale)
        self._callbacks = callbacks
        self._scheduler = scheduler
        self._bound = UplinkBound()
        self._name = f"{job.stream} {job.rendition}"
        self._names = job.stream, job.rendition
        self._rendition = job.rendition
        self._coders = tuple(
            self._coder(codec, logs, config)
            for codec, logs in _steps(job.rendition, config.output.codec)
        )
        "Encoders, the one of the usual log first."
        self._recode: frozenset[Codec] = frozenset()
        "Codecs in which copied units are needed too."
        self._decoded = DelayQueue(_WAITING_FRAMES)
        self._waiting = _WAITING_FRAMES
        "Frames that may wait in it beside those that are held back."
        self._thread = PipelineThread(
            f"enhance {self._name}",
            self.upscale,
            self._decoded,
            self._hand_out,
            finish=self._finish_coders,
            fail=self._fail,
        )
        self.want(frozenset())

    def _coder(self, codec: Codec, logs: tuple[str, ...], config: PipelineConfig) -> Coder:
        step = EncodeStep(
            config.output,
            self.counters,
            codec=codec,
            logs=logs,
            fps=config.upscale.fps,
            need_key=self._callbacks.need_key,
            is_shared=self._rendition not in logs,
        )
        step.idle_s = self._scheduler.idle_s
        return Coder(self._name, step, self._put_out, fail=self._fail)

    def start(self) -> None:
        """Starts the threads."""
        self._thread.start()
        for coder in self._coders:
            coder.start()

    def set_decoder_shared(self, is_shared: bool) -> None:
        """Sets whether other renditions wait for the same decoder."""
        self._decoded.limit = self._waiting = (
            _WAITING_FRAMES_SHARED if is_shared else _WAITING_FRAMES
        )

    def want(self, logs: frozenset[str]) -> None:
        """Sets the names of the logs that are written from the next frame on."""
        # Each frame is counted by one step: the usual one, or, while nobody watches what that
        # makes, the first other one that is watched.
        usual, *others = self.steps
        watched = next((s for s in self.steps if not logs.isdisjoint(s.logs)), usual)
        usual.wanted = logs
        for step in others:
            step.wanted, step.counts = logs, step is watched
        self._recode = frozenset(
            codec for codec in CODECS if _variant(self._rendition, codec) in logs
        )

    def copy_as(self, treatment: Treatment) -> None:
        """Sets why units are copied, for those who watch them."""
        for step in self.steps:
            step.copied_as = treatment

    def set_kbps(self, kbps: int) -> None:
        """Sets the bitrate of the rendition; 0: by the table."""
        for step in self.steps:
            step.kbps = kbps

    def grant(self, kbps: float | None, *, now: float) -> None:
        """Bounds the bitrate by what the way to the logs grants; None: any."""
        most = self._bound.follow(kbps, now=now)
        for step in self.steps:
            step.most_kbps = most

    @property
    def bounded(self) -> str:
        """Says what bounds the bitrate; empty while nothing does."""
        return self._bound.reason if any(step.is_bounded for step in self.steps) else ""

    def recodes(self, codec: Codec) -> bool:
        """Returns whether copied units of this codec are decoded too, for another codec's sake."""
        return not self._recode <= {codec}

    @property
    def cpu_s(self) -> float:
        """Processor time that its threads have used, in seconds."""
        return self._thread.cpu_s + sum(coder.cpu_s for coder in self._coders)

    @property
    def steps(self) -> tuple[EncodeStep, ...]:
        """The encoding steps, the usual one first."""
        return tuple(coder.step for coder in self._coders)

    def offer(self, task: FrameTask) -> bool:
        """Takes a frame from the decoder; waits while the queue is full. False once closed."""
        task = self._callbacks.give_out(task)
        self._decoded.limit = self._waiting if team_of(task) is None else _HELD_FRAMES
        return self._decoded.put(task)

    def drop(self, task: FrameTask, reason: str) -> None:
        """Counts a frame that became no picture."""
        count_drop(self.counters, task, reason)

    def ask_key_frame(self, log_name: str) -> None:
        """Makes the log's next picture a key frame, at most twice a second."""
        for step in self.steps:
            if log_name in step.logs:
                step.keys.ask()

    def restart(self) -> None:
        """Begins every log anew with a key frame: the next picture does not follow the last one."""
        for step in self.steps:
            step.keys.restart()

    def close(self) -> None:
        """Ends the threads at once; what is inside is lost. Harmless when repeated."""
        # Both ends of every queue are freed, so no thread waits for one that has ended already.
        self._decoded.close()
        for coder in self._coders:
            coder.close()
        self.upscale.close()

    def join(self, timeout_s: float) -> bool:
        """Waits for the threads; never on the loop. False if one did not end in time."""
        return join_all((self._thread, *self._coders), timeout_s)

    def _hand_out(self, task: FrameTask) -> bool:
        """Hands a frame to the encoders that have something to do with it, each with stamps of its
        own.
        """
        if task.made_by:
            tell_picture(*self._names, task.unit, task.stamps, made_by=task.made_by)
        # The usual encoder last: ``offer`` may wait for it, and the others should not wait too.
        usual, *others = self._coders
        for coder in others:
            if not coder.step.is_idle:
                coder.offer(task.copy_for(task.route))
        return usual.offer(task)

    def _finish_coders(self) -> None:
        for coder in self._coders:
            coder.finish()

    def _put_out(self, made: Made) -> bool:
        if made.unit is not None:
            tell_coded(*self._names, made.unit)
        self._callbacks.made(made)
        return True

    def _fail(self, error: Exception) -> None:
        # Without one of its threads the rendition is of no use; its lead ends and another begins.
        self.close()
        self._callbacks.failed(error)


def _variant(rendition: str, codec: Codec) -> str:
    return keys.variant(rendition, codec.name.lower())


def _steps(rendition: str, output: Codec) -> list[tuple[Codec, tuple[str, ...]]]:
    """Returns the codec and the names of the logs of each encoding step, the usual one first."""
    others = [(codec, (_variant(rendition, codec),)) for codec in CODECS if codec is not output]
    own = _variant(rendition, output)
    if output not in WITH_PLAIN:
        return [(output, (rendition, own)), *others]
    # The usual log has tools that some viewers lack, so the one in its codec is coded apart.
    return [(output, (rendition,)), (output, (own,)), *others]
