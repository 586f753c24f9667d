"""One rendition's team for its lead: plans each frame, gives it out, and takes the results.

Joins the planner with the policies of this package. No I/O and no clock: it returns tasks to send,
and times are arguments (seconds, monotonic). Its calls are short, and any thread may make them.
"""

from __future__ import annotations

import dataclasses
import threading
from collections import deque

from wire.errors import BadMessage
from wire.heartbeat import TeamDevice, TeamWork
from wire.team import Ready, Result
from workers.media.frame_info import CodecInfo
from workers.media.picture import Plane
from workers.runtime.frame_counters import FrameCounters
from workers.team.device_model import DeviceModel, Offer
from workers.team.dispatcher import Dispatch, Dispatcher, TaskOrder
from workers.team.farming import FarmingMode, NetProfile
from workers.team.lead_load import LeadLoad
from workers.team.partition import WantedRegion
from workers.team.planner import FramePlan, TeamPlanner
from workers.team.planning_price import PlanningPrice
from workers.team.residual_codec import decode_region
from workers.team.team_meter import DeviceFigures, TeamMeter
from workers.temporal.region_selection import pixels
from workers.upscale.team_frame import RegionResult, TeamCalls, TeamFrame

__all__ = ["GivenOut", "TeamCoordinator", "TeamNet"]

_WANTED_WEIGHT = 0.05
"""Weight of a frame in the mean of what frames want: that of the last twenty or so."""

_MAX_UNTAKEN = 64
"""Frames that may wait for the upscaler, those that are held back included."""

PRIOR_WANTED = 0.3
"""Part of the whole net's work that a frame is thought to want before any was planned."""


@dataclasses.dataclass(frozen=True, slots=True)
class TeamNet:
    """The net that a team runs."""

    model: str
    halo: int
    "Receptive radius in samples of the decoded picture."
    propagates: bool
    "Pictures are predicted from those before, so that only regions are wanted."


@dataclasses.dataclass(frozen=True, slots=True)
class GivenOut:
    """A frame that was given out."""

    frame: TeamFrame
    tasks: tuple[TaskOrder, ...]
    "Tasks to be sent."


class TeamCoordinator:
    """The frames of one rendition and one net. ``give_out`` is called by one thread."""

    def __init__(self, net: TeamNet, counters: FrameCounters) -> None:
        self.net = net
        self.meter = TeamMeter()
        self._counters = counters
        self._dispatcher = Dispatcher(halo=net.halo)
        self._lock = threading.Lock()
        self._planner: TeamPlanner | None = None
        self._size = (0, 0)
        self._has_begun = False
        "A task was given out since there are helpers."
        self._load = LeadLoad()
        self._price = PlanningPrice()
        self._untaken: deque[TeamFrame] = deque(maxlen=_MAX_UNTAKEN)
        "Frames that the upscaler may not have taken yet."
        self._wanted = PRIOR_WANTED if net.propagates else 1.0
        self._open: dict[int, TeamFrame] = {}
        "Frames that wait for results, by the sequence of their units."

    @property
    def has_helpers(self) -> bool:
        """True while a worker is ready for tasks."""
        return bool(self._dispatcher.helpers)

    def is_resting(self, *, now: float) -> bool:
        """True while the lead's own cores have no time for a team."""
        return self._load.rests(now=now)

    @property
    def is_short(self) -> bool:
        """True where the lead's own cores have hardly time for what helpers make."""
        return self._load.part < 1.0

    @property
    def helpers(self) -> list[str]:
        """Names of the workers that are ready."""
        return sorted(self._dispatcher.helpers)

    @property
    def wanted(self) -> float:
        """Part of the whole net's work that frames want, on average."""
        return self._wanted

    @property
    def megasamples_per_s(self) -> float:
        """Million samples per second, halos included, that the helpers can make."""
        with self._lock:
            models = list(self._dispatcher.helpers.values())
        return sum(1000.0 / model.service.ms_per_megasample for model in models)

    def speeds(self, own_ms_per_megasample: float) -> dict[str, float]:
        """Returns what each helper that has done something does in a time, as part of what an
        engine of that speed does.
        """
        with self._lock:
            models = list(self._dispatcher.helpers.values())
        return {
            model.name: own_ms_per_megasample / model.service.ms_per_megasample
            for model in models
            if model.service.has_results
        }

    @property
    def delay_s(self) -> float:
        """Time for which the last frame may be held back."""
        return self._dispatcher.delay.delay_s

    def pin(self, mode: FarmingMode | None) -> None:
        """Takes the operator's mode; None leaves it to the planner."""
        with self._lock:
            self._dispatcher.pin(mode)

    # For each frame.

    def pause(self) -> None:
        """Notes that a frame was not given out: the next one follows none."""
        self._planner = None
        self._has_begun = False

    def give_out(
        self,
        sequence: int,
        luma: Plane,
        info: CodecInfo | None,
        *,
        now: float,
        own: Offer | None = None,
    ) -> GivenOut:
        """Plans a decoded picture and gives it out; ``own`` is what the lead does of it itself."""
        planner = self._planner_for(luma)
        plan = planner.plan(luma, info, price_of_gain=self._price.of_gain)
        planned = pixels(plan.regions, self.net.halo)
        self._note_wanted(planned)
        self._note_load(now)
        wanted = [
            WantedRegion(region, worth, place)
            for place, (region, worth) in enumerate(zip(plan.regions, plan.worths, strict=True))
        ][: self._count_within(plan)]
        calls = TeamCalls(decode_region, planner.composed)
        with self._lock:
            given = self._dispatcher.dispatch(sequence, wanted, arrived=now, now=now, own=own)
            frame = TeamFrame(plan.number, plan.matched, calls, until=given.deadline)
            if given.orders:
                self._open[sequence] = frame
            self.meter.gave(given.orders, now=now)
        # Of a picture that is all new much is always left over.
        if not plan.is_new:
            left = pixels([one.region for one in given.left], self.net.halo)
            self._price.planned(planned, left=left, is_short=self.is_short, now=now)
        planner.order(plan.number, [one.region for one in _given(given)])
        self._has_begun = self._has_begun or bool(given.orders)
        # The delay grows by a little with each frame until results can be in time. Frames keep to
        # it meanwhile, or the first one with a task would make the picture stand still for all of
        # it.
        if not given.orders and (self._has_begun or not wanted):
            frame.release(now=now)
        self._untaken.append(frame)
        return GivenOut(frame, given.orders)

    def on_time(self, *, now: float) -> list[TaskOrder]:
        """Notes what is late; returns second orders to send. To be called a few times a frame while
        ``is_waiting``.
        """
        with self._lock:
            again = self._dispatcher.on_time(now=now)
            for sequence, frame in list(self._open.items()):
                if now > frame.until:
                    del self._open[sequence]
            self.meter.gave(again, now=now)
        return again

    @property
    def is_waiting(self) -> bool:
        """True while a frame waits for results."""
        return bool(self._open)

    # Messages of helpers.

    def ready(self, name: str, message: Ready, *, now: float) -> None:
        """Takes a helper's word that it takes tasks. One for another net is passed over."""
        if message.model == self.net.model:
            with self._lock:
                self._dispatcher.ready(
                    name,
                    message.ms_per_megasample,
                    message.free,
                    now=now,
                    parity=message.parity,
                )

    def leave(self, name: str, *, now: float) -> None:
        """Forgets a helper. Frames wait for what was asked of it until their deadlines, since
        another may be asked too; without any helper they go on at once.
        """
        with self._lock:
            self._dispatcher.leave(name)
            if not self._dispatcher.helpers:
                self._release_all(now)

    def failed(self, name: str, number: int, *, now: float) -> None:
        """Takes a helper's word that a task has no result."""
        with self._lock:
            self._dispatcher.failed(name, number, now=now)
        self._counters.count_results("failed")

    def result(self, name: str, message: Result, *, now: float) -> None:
        """Takes a result: its new regions go into their frame if that still waits for them."""
        size = sum(map(len, message.coded))
        with self._lock:
            outcome = self._dispatcher.result(
                name,
                message.number,
                whole_ms=message.whole_ms,
                waited_ms=message.waited_ms,
                size=size,
                now=now,
            )
            if outcome is None:
                self._counters.count_results("unknown")
                return
            order = outcome.order
            open_frame = self._open.get(order.sequence)
            if outcome.is_complete:
                self._open.pop(order.sequence, None)
        try:
            results = _results(order, message, outcome.new)
        except BadMessage:
            self._counters.count_results("unreadable")
            return
        is_in_time = open_frame is not None and open_frame.add(results)
        if not outcome.new:
            self._counters.count_results("duplicate")
        else:
            self._counters.count_results("in_time" if is_in_time else "late")
        with self._lock:
            self.meter.came(order, size, is_in_time=is_in_time, now=now)
        if open_frame is not None and outcome.is_complete:
            open_frame.release(now=now)

    def work(self, reason: str, invited: int, *, now: float) -> TeamWork:
        """Returns what the team does, for the heartbeat."""
        samples = self._counters.read().samples
        with self._lock:
            rates = self.meter.observe(samples, now=now)
            figures = self.meter.devices(now=now)
            median_ms, tail_ms = self.meter.turn_arounds_ms(now=now)
            models = dict(self._dispatcher.helpers)
            farming = self._dispatcher.farming
        mode = FarmingMode.REGIONS
        if farming is not None and farming.mode is not FarmingMode.ALONE:
            mode = farming.mode
            reason = f"{reason} {farming.reason}"
        total = max(1e-9, sum(rates.values()))
        devices = [
            device_of(
                model, figures.get(name, DeviceFigures()), rates.get(name, 0.0), total, now=now
            )
            for name, model in sorted(models.items())
        ]
        return TeamWork(
            mode=mode.value if devices else FarmingMode.ALONE.value,
            reason=reason,
            invited=invited,
            wanted=round(self._wanted, 3),
            playout_delay_ms=round(1000.0 * self.delay_s, 1) if devices else 0.0,
            turn_around_p50_ms=round(median_ms, 1),
            turn_around_p95_ms=round(tail_ms, 1),
            devices=devices,
        )

    @property
    def _whole(self) -> int:
        width, height = self._size
        return (width + 2 * self.net.halo) * (height + 2 * self.net.halo)

    def _planner_for(self, luma: Plane) -> TeamPlanner:
        height, width = luma.shape
        if self._planner is None or self._size != (width, height):
            self._size = (width, height)
            net = self.net
            self._planner = TeamPlanner(width, height, net.halo, propagates=net.propagates)
            self._dispatcher.fit(NetProfile(width, height, net.halo))
        return self._planner

    def _release_all(self, now: float) -> None:
        for frame in self._open.values():
            frame.release(now=now)
        self._open.clear()

    def _note_load(self, now: float) -> None:
        """Learns whether the lead's own threads keep up, by the frames that they took."""
        while self._untaken and (late_s := self._untaken[0].late_s) is not None:
            self._untaken.popleft()
            self._load.took(late_s, now=now)

    def _count_within(self, plan: FramePlan) -> int:
        """Returns how many of a plan's regions the lead can take back, the worst first."""
        most = self._load.part * self._whole
        for count in range(len(plan.regions), 0, -1):
            if pixels(plan.regions[:count], self.net.halo) <= most or self._load.part == 1.0:
                return count
        return 0

    def _note_wanted(self, samples: int) -> None:
        part = min(1.0, samples / self._whole)
        self._wanted += _WANTED_WEIGHT * (part - self._wanted)


def device_of(
    model: DeviceModel, figures: DeviceFigures, samples: float, total: float, *, now: float
) -> TeamDevice:
    """Returns a helper as its lead sees it; ``samples`` of ``total`` per second are its."""
    return TeamDevice(
        name=model.name,
        round_trip_ms=round(1000.0 * model.path_s, 1),
        trust=round(model.trust(now=now), 2),
        tasks=round(figures.tasks, 1),
        in_time=round(figures.in_time, 1),
        late=round(figures.late, 1),
        samples=round(samples),
        fraction=round(samples / total, 3),
        kbps=round(figures.kbps, 1),
    )


def _given(dispatch: Dispatch) -> list[WantedRegion]:
    """Returns the regions that somebody makes, the lead included."""
    return [one for order in dispatch.orders for one in order.regions] + list(dispatch.own)


def _results(order: TaskOrder, message: Result, new: frozenset[WantedRegion]) -> list[RegionResult]:
    """Returns the new regions of a result. Raises BadMessage where it is not of its task's form."""
    if len(message.coded) != len(order.regions):
        raise BadMessage(f"{len(message.coded)} results for {len(order.regions)} regions")
    return [
        RegionResult(order.to, one.place, one.region, coded)
        for one, coded in zip(order.regions, message.coded, strict=True)
        if one in new
    ]
