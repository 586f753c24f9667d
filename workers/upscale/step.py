"""The enhancing thread's work for one live stream."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from media.access_unit import Checkpoint
from workers.errors import NetUnusable
from workers.media.frame_task import FrameTask
from workers.media.picture import Picture
from workers.media.route import Route
from workers.runtime.frame_counters import FrameCounters
from workers.scheduling.allocation import RELATIVE_QUALITY
from workers.scheduling.degradation import MOST_REUSED, Choice, QualityLevel, Reason
from workers.scheduling.frame_rate import FrameRate
from workers.scheduling.handle import SchedulerHandle
from workers.scheduling.reuse_profitability import ReuseProfitability
from workers.scheduling.scheduler import FrameRequest
from workers.upscale.compile_queue import SizeStand
from workers.upscale.frame_timer import FrameTimer
from workers.upscale.model_cache import ModelCache, ModelRequest, Net
from workers.upscale.residual_energy import SAMPLE_EVERY, residual_energy
from workers.upscale.temporal_session import TemporalSession
from workers.upscale.temporal_upscaler import TemporalRequest
from workers.upscale.upscaler import Upscaler

Expected = Callable[[str, int, int], float]
"""What a model is expected to take for a frame of a width and height, in ms."""


class EnhanceStep:
    """Pictures to larger pictures, by the rung that the stream's seat chooses for each.

    ``model`` and ``strength`` may be set from any thread. While its net is being compiled the
    previous net of the same size goes on, or frames are resized.
    """

    def __init__(
        self,
        nets: ModelCache,
        tally: FrameCounters,
        seat: SchedulerHandle,
        *,
        model: str,
        fps: float,
        strength: float = 0.0,
        expected: Expected | None = None,
    ) -> None:
        self.model = model
        self.strength = strength
        "Of the look, 0 (faithful) to 1 (crisp), for nets that have one."
        self.fault = ""
        "Why the wished net cannot be had, as a sentence; empty while it can."
        self._nets = nets
        self._tally = tally
        self._seat = seat
        self._expected = expected
        self._upscaler = Upscaler()
        self._smaller = Upscaler()
        "With the smaller net; without one where the zoo has none, or it is not ready."
        self._smaller_model: str | None = None
        self._owner = f"stream {id(self)}"
        self._stand, self._coming = SizeStand(), SizeStand()
        "Of the pictures here, and of those that may come."
        self._reuse = TemporalSession(nets, self._owner)
        self._worth = ReuseProfitability()
        self._effort = FrameTimer()
        self._rate = FrameRate(guess=fps)
        self._energy: float | None = None
        self._since_sample = 0
        self.size = (0, 0)
        "Of the source's pictures; zeros before the first one."

    @property
    def model_in_use(self) -> str:
        """Name of the net that works, empty while none does."""
        net = self._upscaler.net
        return net.manifest.name if net is not None else ""

    @property
    def engine_in_use(self) -> str:
        """Name of the engine of that net, empty while there is none."""
        net = self._upscaler.net
        return net.engine if net is not None else ""

    @property
    def scale(self) -> int:
        """How many times as large the output is."""
        return self._upscaler.scale

    def prepare(self, width: int, height: int) -> bool:
        """Makes the nets ready for pictures that may come; True once the wished one is. For the
        loop, while no picture is on its way.
        """
        size = (width, height)
        may_begin = self._coming.is_worth_it(size, now=time.monotonic())
        try:
            is_ready = self._ready(self.model, size, "full", may_begin) is not None
            self._reuse.prepare(self.model, width, height, may_begin=may_begin)
            smaller = self._nets.smaller(self.model)
            if is_ready and smaller is not None:
                self._ready(smaller, size, "smaller", may_begin)
        except NetUnusable as error:
            self.fault = str(error)
            return False
        self.fault = ""
        return is_ready

    def step(self, item: FrameTask) -> Iterator[FrameTask]:
        """The shot with its picture enhanced; nothing if it is only replayed, or too late."""
        picture = item.picture
        if item.route is not Route.WORK or picture is None:
            yield item
            return
        self._rate.add(item.unit.pts, item.unit.clock_rate)
        self._choose_nets(picture)
        if item.is_replay:
            self._forget()
            self._tally.count("replayed")
            return
        self._effort = FrameTimer()
        wish, choice = self._choose(picture, item)
        self._tally.count_level(choice.rung.name.lower(), choice.reason.value)
        if choice.rung is QualityLevel.DROP:
            self._forget()
            self._tally.drop("late")
            return
        item.picture = self._enlarge(picture, choice, wish)
        item.stamp(Checkpoint.ENHANCED)
        yield item

    def flush(self) -> Iterator[FrameTask]:
        """Nothing is held back."""
        yield from ()

    def _choose(self, picture: Picture, item: FrameTask) -> tuple[TemporalRequest | None, Choice]:
        interval_s = self._rate.interval_s
        is_tried = self._worth.is_worth_it(now=time.monotonic())
        refused = None
        if is_tried and self._reuse.is_ready:
            # A frame without a prospect must be done quickly, so that others have one.
            refused = self._seat.foresee(arrived=item.arrived, interval_s=interval_s)
        wish = None
        if is_tried and refused is None:
            wish = self._reuse.begin(picture, item, self._upscaler, self.strength)
            self._effort.planned()
        choice = self._seat.choose(
            FrameRequest(
                arrived=item.arrived,
                interval_s=interval_s,
                pixels=picture.width * picture.height,
                available=self._available(wish, refused),
                want_share=1.0 if wish is None else wish.share,
                energy=self._energy if wish is None else wish.energy,
                refused=refused,
            )
        )
        return wish, choice

    def _available(
        self, wish: TemporalRequest | None, refused: Reason | None
    ) -> frozenset[QualityLevel]:
        rungs = set()
        if self._smaller.net is not None:
            rungs.add(QualityLevel.SMALL)
        if wish is not None:
            rungs.add(QualityLevel.TEMPORAL)
        # Where little is new the whole net would make the same picture, later.
        is_new = refused is None if wish is None else wish.share > MOST_REUSED
        if self._upscaler.net is not None and is_new:
            rungs.add(QualityLevel.FULL)
        return frozenset(rungs)

    def _enlarge(self, picture: Picture, choice: Choice, wish: TemporalRequest | None) -> Picture:
        if choice.rung is QualityLevel.BICUBIC:
            self._tally.count("bicubic")
            self._reuse.miss()
            return self._upscaler.resize(picture)
        self._tally.count("enhanced")
        with self._nets.turns.timed() as spent:
            begun = time.monotonic()
            enhanced, macs_share = self._by_net(picture, choice, wish)
            passed_s = time.monotonic() - begun - spent.waited_s
        took = self._effort.took(passed_s, spent)
        self._seat.took(choice.rung, took, macs_share)
        if choice.rung is QualityLevel.FULL:
            planned_s = 0.0 if wish is None else self._effort.planned_core_s
            self._worth.whole(took.beside_s + took.engine_s - planned_s)
        elif choice.rung is QualityLevel.TEMPORAL and wish is not None:
            self._worth.reused(took.beside_s + took.engine_s)
            self._tally.count_refresh(wanted=wish.share, done=macs_share)
        if wish is None:
            self._sample(picture, enhanced, choice.rung)
        return enhanced

    def _by_net(
        self, picture: Picture, choice: Choice, wish: TemporalRequest | None
    ) -> tuple[Picture, float]:
        """The picture, and the part of the full net's multiply-adds that it took."""
        if choice.rung is QualityLevel.TEMPORAL:
            return self._reuse.refresh(choice.share)
        if choice.rung is QualityLevel.FULL and wish is not None:
            return self._reuse.full(), 1.0
        self._reuse.miss()
        if choice.rung is QualityLevel.FULL:
            return self._upscaler.enhance(picture, self.strength), 1.0
        self._upscaler.forget()
        return self._smaller.enhance(picture, self.strength), self._smaller_share()

    def _smaller_share(self) -> float:
        full, smaller = self._upscaler.net, self._smaller.net
        if full is None or smaller is None:
            return 0.0
        return smaller.manifest.macs_per_pixel / full.manifest.macs_per_pixel

    def _sample(self, picture: Picture, enhanced: Picture, rung: QualityLevel) -> None:
        """Now and then, what the full net mends: what this one did, and what it falls short."""
        if self._energy is None or self._since_sample >= SAMPLE_EVERY:
            self._energy = residual_energy(picture, enhanced, self.scale) / RELATIVE_QUALITY[rung]
            self._since_sample = 0
        self._since_sample += 1

    def _forget(self) -> None:
        self._upscaler.forget()
        self._smaller.forget()
        self._reuse.miss()

    def _choose_nets(self, picture: Picture) -> None:
        size = (picture.width, picture.height)
        if size != self.size:
            self.size = size
            self._use(None)
        net = self._wished_net(size)
        if net is not None and net is not self._upscaler.net:
            self._use(net)
        if self._smaller_model is not None and self._smaller.net is None:
            self._make_smaller_ready(self._smaller_model, size)

    def _use(self, net: Net | None) -> None:
        """From now on; what was learnt with another one, or at another size, does not hold."""
        self._upscaler.use(net)
        self._reuse.use(net, self.size)
        self._smaller.use(None)
        self._smaller_model = None
        self._energy = None
        self._worth = ReuseProfitability()
        self._seat.forget()
        if net is not None:
            self._smaller_model = self._nets.smaller(net.manifest.name)
            self._expect(QualityLevel.FULL, net)

    def _expect(self, rung: QualityLevel, net: Net) -> None:
        if net.trial_s is not None:
            self._seat.expect(rung, net.trial_s)
        elif self._expected is not None:
            self._seat.expect(rung, self._expected(net.manifest.name, *self.size) / 1000.0)

    def _make_smaller_ready(self, model: str, size: tuple[int, int]) -> None:
        try:
            net = self._ready(model, size, "smaller", True)
        except NetUnusable:
            # The stream does without it; that the zoo's own net is unusable shows elsewhere.
            self._smaller_model = None
            return
        if net is not None:
            self._smaller.use(net)
            self._expect(QualityLevel.SMALL, net)

    def _ready(self, model: str, size: tuple[int, int], kind: str, may_begin: bool) -> Net | None:
        return self._nets.ready(model, *size, wish=ModelRequest(self._owner, kind, may_begin))

    def _wished_net(self, size: tuple[int, int]) -> Net | None:
        model = self.model
        net = self._upscaler.net
        if net is not None and net.manifest.name == model:
            return net
        try:
            may_begin = self._stand.is_worth_it(size, now=time.monotonic())
            net = self._ready(model, size, "full", may_begin)
        except NetUnusable as error:
            self.fault = str(error)
            return None
        self.fault = ""
        return net
