"""The upscaling stage of one stream: options, decision, run, report."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from typing import Protocol

from media.access_unit import Checkpoint
from media.treatment import BY_LEVEL, Treatment
from workers.media.frame_task import FrameTask
from workers.media.picture import Picture
from workers.media.route import Route
from workers.runtime.frame_counters import FrameCounters
from workers.scheduling.decision import TEAM, Decision, FrameRequest, Reason
from workers.scheduling.frame_rate import FrameRate
from workers.scheduling.handle import SchedulerHandle
from workers.scheduling.option import MethodInfo
from workers.upscale.frame_timer import FrameTimer
from workers.upscale.made_map import MadeMap
from workers.upscale.method import MethodContext, UpscaleFrame
from workers.upscale.methods.table import METHODS, methods_for
from workers.upscale.model_cache import ModelCache
from workers.upscale.quality_probe import Probed, QualityProbe
from workers.upscale.residual_energy import SAMPLE_EVERY, residual_energy
from workers.upscale.stream_models import Expected, StreamModels
from workers.upscale.team_frame import OWN, team_of


class OwnNet(Protocol):
    """The net of a stream that is tuned on it; used by the upscaling thread but for ``close``."""

    @property
    def state(self) -> str:
        """State, as the API names it."""
        ...

    def choose(self, picture: Picture, model: str) -> str:
        """Returns the name of the net for a picture, ``model`` or that of one tuned from it."""
        ...

    def close(self) -> None:
        """Lets go of the net; from any thread."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class UpscaleConfig:
    """The first configuration of a stream."""

    model: str
    fps: float
    "Frames per second of the source, as far as it is known."
    strength: float = 0.0
    "Strength of the style, 0 (faithful) to 1 (crisp), for nets that have one."
    factor: int = 0
    """Factor of the rendition: 1 for the source's size, below 0 for that divided by so much and no
    net, else the model's own scale counts."""
    expected: Expected | None = None
    "Expected time of nets on this machine, until it was measured."
    own: OwnNet | None = None
    "Tunes a net on this stream; None: the shipped one is used."


class UpscaleStage:
    """Pictures to upscaled pictures, each by the method that the scheduler decides on.

    ``use_model`` and ``strength`` may be used from any thread.
    """

    def __init__(
        self,
        nets: ModelCache,
        counters: FrameCounters,
        scheduler: SchedulerHandle,
        config: UpscaleConfig,
    ) -> None:
        self.strength = config.strength
        self.made = MadeMap()
        "The devices that made each part of the pictures of late."
        self._models = StreamModels(
            nets, model=config.model, factor=config.factor, expected=config.expected
        )
        self._own = config.own
        self._engine_lock = nets.engine_lock
        self._counters = counters
        self._scheduler = scheduler
        infos = methods_for(config.factor)
        context = MethodContext(self._models, scheduler.join(infos))
        self._methods = {info: METHODS[info](context) for info in infos}
        self._rate = FrameRate(guess=config.fps)
        self.quality = QualityProbe()
        "Measures what its pictures are worth."
        self._engine_s = 0.0
        self._energy: float | None = None
        self._since_sample = 0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the source's pictures; zeros before the first one."""
        return self._models.size

    @property
    def engine_s(self) -> float:
        """Time of the engine that its pictures have taken, in seconds."""
        return self._engine_s

    @property
    def scale(self) -> int:
        """Output size over the source's."""
        return self._models.scale

    @property
    def fault(self) -> str:
        """A sentence that says why the wanted net cannot be had; empty while it can."""
        return self._models.fault

    @property
    def model_in_use(self) -> str:
        """Name of the net that works, empty while none does."""
        return self._models.model_in_use

    @property
    def tuning(self) -> str:
        """State of the stream's own net; empty where none is tuned."""
        return "" if self._own is None else self._own.state

    @property
    def engine_in_use(self) -> str:
        """Name of the engine of that net, empty while there is none."""
        net = self._models.full.net
        return net.engine if net is not None else ""

    @property
    def is_ready(self) -> bool:
        """True once the net works, or where none is wanted."""
        return self._models.is_plain or self._models.full.net is not None

    def use_model(self, model: str) -> None:
        """Wants another net from the next frame on."""
        self._models.model, self._models.fault = model, ""

    def prepare(self, width: int, height: int) -> bool:
        """Makes the nets ready for pictures that may come, as ``StreamModels.prepare``."""
        return self._models.prepare(width, height)

    def close(self) -> None:
        """Lets go of the stream's own net; from any thread, and harmless when repeated."""
        if self._own is not None:
            self._own.close()

    def step(self, item: FrameTask) -> Iterator[FrameTask]:
        """Yields the frame with its picture upscaled; nothing if it is only replayed, or too
        late.
        """
        picture = item.picture
        if item.route is not Route.WORK or picture is None:
            yield item
            return
        self._rate.add(item.unit.pts, item.unit.clock_rate)
        if self._own is not None and team_of(item) is None and not item.is_replay:
            own = self._own.choose(picture, self._models.model)
            self._models.own = own if own != self._models.model else ""
        # Replayed frames choose the nets too, so that these compile while a take-over still
        # decodes.
        if self._models.select(picture):
            self._scheduler.forget()
            # The residual energy belongs to the net and the size that it was measured with.
            self._energy = None
        if item.is_replay:
            self._reset()
            self._counters.count("replayed")
            return
        made = self._upscale(picture, item)
        if made is None:
            self._counters.drop("late")
            return
        item.picture = made
        item.stamp(Checkpoint.ENHANCED)
        yield item

    def flush(self) -> Iterator[FrameTask]:
        """Yields nothing, since no frame is held back."""
        yield from ()

    def _upscale(self, picture: Picture, item: FrameTask) -> Picture | None:
        timer = FrameTimer(self._engine_lock)
        frame = UpscaleFrame(picture, item.info, self.strength, timer, team=team_of(item))
        options = (method.option(frame) for method in self._methods.values())
        request = FrameRequest(
            arrived=item.due,
            interval_s=self._rate.interval_s,
            pixels=picture.width * picture.height,
            options=tuple(option for option in options if option is not None),
            energy=self._energy,
            has_helpers=frame.team is not None,
        )
        # Plans run inside of ``decide``, and only if the scheduler sees a prospect: planning takes
        # milliseconds.
        decision = self._scheduler.decide(request)
        info = decision.method
        if info is None:
            self._counters.count_level(decision.level, decision.reason.value)
            self._reset()
            return None
        with timer.running():
            made = self._methods[info].run(frame, decision)
            # A method that did not make this picture has a gap: what it remembers belongs to an
            # earlier one.
            self._reset(but=info)
        level = self._count(frame, decision)
        item.made_by = f"{decision.level} ({decision.reason.value})"
        item.treatment, item.net = self._treatment(level, decision.reason)
        usage = timer.usage(frame.done)
        self._engine_s += usage.engine_s
        self._scheduler.report(decision, usage)
        self._measure(frame, made, info)
        if info.part_of is not None and frame.wanted is not None:
            self._counters.count_refresh(wanted=frame.wanted, done=frame.done)
        # A frame that was planned for has told the energy by its option already.
        if frame.wanted is None and not info.is_free:
            self._sample(picture, made, info)
        return made

    def _count(self, frame: UpscaleFrame, decision: Decision) -> str:
        """Counts a frame by what was made of it, and by whom; returns its quality level."""
        picture = frame.picture
        self.made.note(picture.width, picture.height, frame.made, now=time.monotonic())
        self._counters.count_samples(frame.samples)
        is_helped = any(device != OWN for device in frame.samples)
        level = TEAM if is_helped else decision.level
        self._counters.count_level(level, decision.reason.value)
        is_resized = decision.method is not None and decision.method.is_free
        self._counters.count("bicubic" if is_resized and not is_helped else "enhanced")
        if frame.team is not None and frame.team.unreadable:
            self._counters.count_results("unreadable", frame.team.unreadable)
        return level

    def _treatment(self, level: str, reason: Reason) -> tuple[Treatment, str]:
        """Returns what viewers are told of a frame of this quality level, and its net."""
        made = BY_LEVEL.get(level)
        if made is not None:
            maker = self._models.small if made is Treatment.SMALL else self._models.full
            return made, maker.net.manifest.name if maker.net is not None else ""
        if self._models.is_plain:
            return Treatment.PLAIN, ""
        is_coming = reason is Reason.NO_NET
        return Treatment.STARTING if is_coming else Treatment.NO_TIME, ""

    def _measure(self, frame: UpscaleFrame, made: Picture, info: MethodInfo) -> None:
        """Offers a picture to the measurement of what it is worth."""
        probed = Probed(
            frame.picture,
            made,
            model=self.model_in_use,
            is_resized=info.is_free,
            strength=frame.strength,
        )
        self.quality.offer(probed, now=time.monotonic())

    def _sample(self, picture: Picture, made: Picture, info: MethodInfo) -> None:
        """Measures now and then what the best method adds: what this one did, and falls short."""
        if self._energy is None or self._since_sample >= SAMPLE_EVERY:
            self._energy = residual_energy(picture, made, self.scale) / info.quality
            self._since_sample = 0
        self._since_sample += 1

    def _reset(self, *, but: MethodInfo | None = None) -> None:
        """Tells the methods that the frame was made in another way, or left out."""
        for info, method in self._methods.items():
            if info is not but:
                method.reset()
