"""The pipeline of one live stream: decode, enhance and encode, each on its own thread, and one more
for each codec that a viewer may need beside the usual one.

``offer`` puts a frame in, units come out by ``PipelineCallbacks.made``. The queues between the
threads are short and wait; what became late while waiting is resized or dropped by the next step,
so that a queue never adds delay for more than a frame or two.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from media.codec import Codec
from wire import keys
from wire.jobs import Job
from workers.decode.step import DecodeStep
from workers.encode.coder import Coder
from workers.encode.registry import CODECS
from workers.encode.step import EncodeStep, Made, OutputConfig
from workers.media.frame_task import FrameTask
from workers.runtime.bounded_queue import BoundedQueue
from workers.runtime.frame_counters import FrameCounters
from workers.runtime.pipeline_thread import PipelineThread, join_all
from workers.scheduling.handle import SchedulerHandle
from workers.upscale.model_cache import ModelCache
from workers.upscale.stage import UpscaleConfig, UpscaleStage

INTAKE = 64
"""Shots that may wait for the decoder; a take-over brings a burst."""

_BETWEEN = 2


@dataclasses.dataclass(frozen=True, slots=True)
class PipelineCallbacks:
    """Whom the threads tell; called from them, so each must be safe and short."""

    made: Callable[[Made], None]
    "The changes of the enhanced logs, in order."
    need_key: Callable[[str], None]
    "A source unit was refused for want of a key frame; the text says why."
    failed: Callable[[Exception], None]
    "A thread ended by an error of ours."


class Pipeline:
    """The threads of one stream and the queues between them; made, started, and closed once."""

    def __init__(
        self,
        job: Job,
        output: OutputConfig,
        nets: ModelCache,
        tally: FrameCounters,
        outlets: PipelineCallbacks,
        scheduler: SchedulerHandle,
        config: UpscaleConfig,
    ) -> None:
        self._decode = DecodeStep(tally, need_key=outlets.need_key)
        self.enhance = UpscaleStage(nets, tally, scheduler, config)
        self._outlets = outlets
        name = f"{job.stream} {job.rendition}"
        self._rendition = job.rendition
        others = tuple(codec for codec in CODECS if codec is not output.codec)
        self._coders = tuple(
            Coder(
                name,
                EncodeStep(
                    output,
                    tally,
                    codec=codec,
                    logs=_logs(job.rendition, codec, output.codec),
                    fps=config.fps,
                    need_key=outlets.need_key,
                    shares=codec is not output.codec,
                ),
                self._put_out,
                fail=self._fail,
            )
            for codec in (output.codec, *others)
        )
        "The usual one first."
        self._intake: BoundedQueue[FrameTask] = BoundedQueue(INTAKE)
        self._decoded: BoundedQueue[FrameTask] = BoundedQueue(_BETWEEN)
        self._stages = (
            PipelineThread(
                f"decode {name}",
                self._decode,
                self._intake,
                self._decoded.put,
                finish=self._decoded.finish,
                fail=self._fail,
            ),
            PipelineThread(
                f"enhance {name}",
                self.enhance,
                self._decoded,
                self._share_out,
                finish=self._finish_coders,
                fail=self._fail,
            ),
        )
        self.want(frozenset())

    def start(self) -> None:
        """Starts the threads."""
        for stage in self._stages:
            stage.start()
        for coder in self._coders:
            coder.start()

    def want(self, logs: frozenset[str]) -> None:
        """Sets the names of the logs that are written from the next frame on."""
        usual = self._coders[0].step
        for step in self.steps:
            step.wanted = logs
            step.counts = step is usual or logs.isdisjoint(usual.logs)
        self._decode.recode = frozenset(
            codec for codec in CODECS if _variant(self._rendition, codec) in logs
        )

    def set_kbps(self, kbps: int) -> None:
        """Sets the bitrate of the rendition; 0: by the table."""
        for step in self.steps:
            step.kbps = kbps

    def recodes(self, codec: Codec) -> bool:
        """True if copied units of this codec are decoded too, for another codec's sake."""
        return self._decode.recodes(codec)

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
    def steps(self) -> tuple[EncodeStep, ...]:
        """The encoding steps, the usual one first."""
        return tuple(coder.step for coder in self._coders)

    @property
    def has_room(self) -> bool:
        """True if ``offer`` would not wait."""
        return self._intake.is_closed or len(self._intake) < INTAKE

    def offer(self, shot: FrameTask) -> bool:
        """Puts a shot in; waits if ``INTAKE`` are waiting already. False once closed."""
        return self._intake.put(shot)

    def ask_key_frame(self, log_name: str) -> None:
        """The log's next picture, at most two a second, becomes a key frame."""
        for step in self.steps:
            if log_name in step.logs:
                step.keys.ask()

    def restart(self) -> None:
        """What comes next does not follow what came before: it begins with a key frame."""
        for step in self.steps:
            step.keys.restart()

    def finish(self) -> None:
        """No more shots come; those inside still come out."""
        self._intake.finish()

    def close(self) -> None:
        """Ends the threads at once; what is inside is lost. Harmless when repeated."""
        for channel in (self._intake, self._decoded):
            channel.close()
        for coder in self._coders:
            coder.close()

    def join(self, timeout_s: float) -> bool:
        """Waits for the threads; never on the loop. False if one did not end in time."""
        return join_all((*self._stages, *self._coders), timeout_s)

    def _share_out(self, shot: FrameTask) -> bool:
        """Hands a shot to the encoders that have something to do with it, each with stamps of its
        own.
        """
        usual, *others = self._coders
        for coder in others:
            if not coder.step.is_idle:
                coder.offer(shot.twin(shot.route))
        return usual.offer(shot)

    def _finish_coders(self) -> None:
        for coder in self._coders:
            coder.finish()

    def _put_out(self, made: Made) -> bool:
        self._outlets.made(made)
        return True

    def _fail(self, error: Exception) -> None:
        self.close()
        self._outlets.failed(error)


def _variant(rendition: str, codec: Codec) -> str:
    return keys.variant(rendition, codec.name.lower())


def _logs(rendition: str, codec: Codec, output: Codec) -> tuple[str, ...]:
    """Returns the names of the logs that the step of a codec writes."""
    own = _variant(rendition, codec)
    return (rendition, own) if codec is output else (own,)
