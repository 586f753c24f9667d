"""The lead's decisions about its team: who gets what of each frame, until when, and what is asked
for twice.

Joins the policies of this package. No I/O: messages are sent and frames are held back by the
caller. Times are arguments, in seconds of the monotonic clock, and never go back.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from workers.team.device_model import KEPT_S, MAX_BACKLOG_S, DeviceModel, Finished, Offer
from workers.team.farming import Farming, FarmingChoice, FarmingMode, NetProfile
from workers.team.hedging import HedgeBudget
from workers.team.partition import Order, WantedRegion, is_part, partition, work_of
from workers.team.playout_delay import MAX_DELAY_S, PlayoutDelay

__all__ = ["Dispatch", "Dispatcher", "Outcome", "TaskOrder"]

USUAL_RESULT_BYTES = 3000
"""Bytes of a result before there was one: a quarter of a picture at 4 Mbit/s."""

MIN_HEDGE_S = 0.01
"""A second order this short before the deadline is hardly in time."""


@dataclasses.dataclass(frozen=True, slots=True)
class TaskOrder:
    """One task for one helper."""

    number: int
    to: str
    sequence: int
    "Sequence of the frame's unit."
    regions: tuple[WantedRegion, ...]
    deadline: float
    is_hedge: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Dispatch:
    """One frame's work, given out."""

    orders: tuple[TaskOrder, ...]
    own: tuple[WantedRegion, ...]
    "Regions for the lead itself."
    left: tuple[WantedRegion, ...]
    "Regions for which nobody has the time: the lead's ordinary policy decides."
    deadline: float
    "Time until which the frame waits for results."


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """The meaning of a result for its frame."""

    order: TaskOrder
    new: frozenset[WantedRegion]
    "The regions that were not there yet; the others are duplicates."
    is_in_time: bool
    is_complete: bool
    "Every region of the frame that was given out is there."


@dataclasses.dataclass(slots=True)
class _Frame:
    deadline: float
    arrived: float
    open: dict[WantedRegion, set[WantedRegion]] = dataclasses.field(default_factory=dict)
    "Regions that were given out and are not there, each with the parts that would make it whole."
    orders: list[TaskOrder] = dataclasses.field(default_factory=list)
    hedged: set[int] = dataclasses.field(default_factory=set)
    "Numbers of the tasks that were asked for twice."

    def close(self, one: WantedRegion) -> bool:
        """Notes that a region is there; False if it was there already."""
        for whole, parts in self.open.items():
            if one == whole or one in parts:
                parts.discard(one)
                if one == whole or not parts:
                    del self.open[whole]
                return True
        return False


class Dispatcher:
    """One rendition's team, as its lead sees it."""

    def __init__(
        self, *, halo: int, may_cut: bool = True, max_delay_s: float = MAX_DELAY_S
    ) -> None:
        """``halo`` is the net's receptive radius in samples; ``may_cut`` as in ``partition``."""
        self._halo, self._may_cut = halo, may_cut
        self.helpers: dict[str, DeviceModel] = {}
        self.delay = PlayoutDelay(max_delay_s)
        self.budget = HedgeBudget()
        self._numbers = 0
        self._orders: dict[int, TaskOrder] = {}
        self._frames: dict[int, _Frame] = {}
        self._orphans: set[int] = set()
        "Numbers of the tasks that failed, or whose helpers are gone."
        self._bytes_per_sample = 0.0
        self._max_delay_s = max_delay_s
        self._farming: Farming | None = None
        self._pinned: FarmingMode | None = None

    @property
    def farming(self) -> FarmingChoice | None:
        """The mode in which frames are given out, with its reason; None before ``fit``."""
        return self._farming.choice if self._farming is not None else None

    def fit(self, profile: NetProfile) -> None:
        """Takes the net's profile on pictures of another size."""
        self._farming = Farming(profile, self._max_delay_s)
        self._farming.pinned = self._pinned

    def pin(self, mode: FarmingMode | None) -> None:
        """Takes the operator's mode; None leaves it to the profile."""
        self._pinned = mode
        if self._farming is not None:
            self._farming.pinned = mode

    def ready(
        self,
        name: str,
        ms_per_megasample: float,
        free: float,
        *,
        now: float,
        parity: float = 0.0,
    ) -> None:
        """Notes that a helper takes tasks; it joins with its first one. Its link adds ``parity``
        bytes to each byte of its results.
        """
        model = self.helpers.get(name)
        if model is None:
            model = DeviceModel(name, ms_per_megasample=ms_per_megasample or 1000.0, now=now)
            self.helpers[name] = model
        model.ready(ms_per_megasample, free, now=now)
        model.parity = parity

    def leave(self, name: str) -> None:
        """Forgets a helper; what was asked of it is not waited for."""
        model = self.helpers.pop(name, None)
        if model is not None:
            self._orphans.update(model.numbers())

    def dispatch(
        self,
        sequence: int,
        wanted: Iterable[WantedRegion],
        *,
        arrived: float,
        now: float,
        own: Offer | None = None,
    ) -> Dispatch:
        """Gives out the regions of a frame that ``arrived`` then; ``own`` is what the lead itself
        would do of it, where it does any of it ahead.
        """
        wanted = tuple(wanted)
        self._drop_gone(now)
        offers = [each.offer(now=now) for each in self.helpers.values()]
        if self._farming is not None:
            wanted = self._farming.plan(wanted, offers, now=now)
            self._may_cut = self._farming.choice.mode is not FarmingMode.FRAMES
        self._expect(wanted)
        deadline = self.delay.deadline(arrived=arrived)
        offers += [own] if own is not None else []
        divided = partition(
            wanted, offers, halo=self._halo, within_s=deadline - now, may_cut=self._may_cut
        )
        if sequence in self._frames:
            self._forget(sequence)  # a new publisher counts from the start
        frame = self._frames[sequence] = _Frame(deadline, arrived)
        orders = []
        for order in divided.orders:
            if order.name:
                orders.append(self._send(order, sequence, frame, now))
                frame.open.update((one, {one}) for one in order.regions)
                self.budget.add_work(order.samples, now=now)
        kept = tuple(one for order in divided.orders if not order.name for one in order.regions)
        return Dispatch(tuple(orders), kept, divided.left, deadline)

    def result(
        self, name: str, number: int, *, whole_ms: float, waited_ms: float, size: int, now: float
    ) -> Outcome | None:
        """Takes a result of ``size`` bytes; None for one that was not asked of that helper, or is
        older than anybody remembers.
        """
        order = self._orders.get(number)
        model = self.helpers.get(name)
        if order is None or model is None or order.to != name:
            return None
        finished = model.result(number, whole_ms=whole_ms, waited_ms=waited_ms, now=now)
        if finished is None:
            return None
        self._learn(order, finished, size, now)
        return self._settle(order, is_in_time=now <= order.deadline)

    def failed(self, name: str, number: int, *, now: float) -> None:
        """Notes that a helper will have no result."""
        model, order = self.helpers.get(name), self._orders.get(number)
        if model is not None and order is not None and order.to == name:
            model.failed(number, now=now)
            self._orphans.add(number)

    def on_time(self, *, now: float) -> list[TaskOrder]:
        """Notes what is late, and returns second orders to send; to be called a few times in each
        frame's interval, as by ``dispatch``'s caller before each frame.
        """
        for model in self.helpers.values():
            model.on_time(now=now)
        self._forget_old(now)
        return [
            hedge
            for frame, order in self._doubtful(now)
            for hedge in self._hedge(frame, order, now)
        ]

    def waits_for(self, sequence: int) -> bool:
        """True while a frame has regions that were given out and are not there."""
        frame = self._frames.get(sequence)
        return frame is not None and bool(frame.open)

    def _expect(self, wanted: Iterable[WantedRegion]) -> None:
        """Tells the delay what turn-around the helpers need to be of any use."""
        if not self.helpers:
            self.delay.expect(0.0)
            return
        # Of a half of the helpers: a bad path or a slow device is no reason to hold back what the
        # others do.
        path_s = _median(each.path_s for each in self.helpers.values())
        least = min((work_of(one.region, self._halo) for one in wanted), default=0)
        work_s = _median(each.service.ms(1, least) / 1000 for each in self.helpers.values())
        self.delay.expect(path_s + max(1.5 * MAX_BACKLOG_S, work_s + MAX_BACKLOG_S))

    def _forget_old(self, now: float) -> None:
        for sequence, frame in list(self._frames.items()):
            if now <= frame.deadline + KEPT_S:
                break
            self._forget(sequence)

    def _forget(self, sequence: int) -> None:
        for order in self._frames.pop(sequence).orders:
            del self._orders[order.number]
            self._orphans.discard(order.number)

    def _drop_gone(self, now: float) -> None:
        for name in [each.name for each in self.helpers.values() if each.is_gone(now=now)]:
            self.leave(name)

    def _send(
        self, order: Order, sequence: int, frame: _Frame, now: float, *, is_hedge: bool = False
    ) -> TaskOrder:
        self._numbers += 1
        task = TaskOrder(
            self._numbers, order.name, sequence, order.regions, frame.deadline, is_hedge
        )
        self._orders[task.number] = task
        frame.orders.append(task)
        self.helpers[task.to].sent(
            task.number, len(task.regions), order.samples, deadline=task.deadline, now=now
        )
        return task

    def _learn(self, order: TaskOrder, finished: Finished, size: int, now: float) -> None:
        parity = round(size * self.helpers[order.to].parity)
        self.budget.add_bytes(0 if order.is_hedge else size, parity=parity, now=now)
        rate = size / max(1, finished.task.samples)
        self._bytes_per_sample += 0.1 * (rate - self._bytes_per_sample)
        frame = self._frames.get(order.sequence)
        if frame is not None and not order.is_hedge:
            # From the frame's arrival: what planning took is part of the delay.
            self.delay.learn(now - frame.arrived, now=now)

    def _settle(self, order: TaskOrder, *, is_in_time: bool) -> Outcome:
        frame = self._frames[order.sequence]
        new = [one for one in order.regions if frame.close(one)]
        return Outcome(order, frozenset(new), is_in_time, is_complete=not frame.open)

    def _doubtful(self, now: float) -> list[tuple[_Frame, TaskOrder]]:
        """Returns the tasks that will be late, were not asked for twice, and may still be made, the
        most urgent first.
        """
        late = [number for each in self.helpers.values() for number in each.late_tasks(now=now)]
        found = []
        for number in sorted([*late, *self._orphans]):
            order = self._orders.get(number)
            frame = self._frames.get(order.sequence) if order is not None else None
            if order is None or frame is None or now + MIN_HEDGE_S >= frame.deadline:
                continue
            if not order.is_hedge and number not in frame.hedged:
                found.append((frame, order))
        return found

    def _hedge(self, frame: _Frame, late: TaskOrder, now: float) -> list[TaskOrder]:
        offers = [
            # In a hurry it may wait behind more than usual.
            dataclasses.replace(each.offer(now=now), max_work_ms=float("inf"))
            for each in self.helpers.values()
            if each.name != late.to and not each.is_overdue(now=now)
        ]
        wanted = [one for one in late.regions if one in frame.open]
        if not wanted:
            return []
        divided = partition(
            wanted, offers, halo=self._halo, within_s=frame.deadline - now, may_cut=self._may_cut
        )
        for one in wanted:
            pieces = [*divided.left, *(each for o in divided.orders for each in o.regions)]
            frame.open[one] = {each for each in pieces if is_part(each, one)}
        found = []
        for order in divided.orders:
            size = int(self._bytes_per_sample * order.samples) or USUAL_RESULT_BYTES
            if self.budget.take(order.samples, size, now=now):
                found.append(self._send(order, late.sequence, frame, now, is_hedge=True))
        if found:
            frame.hedged.add(late.number)
        return found


def _median(values: Iterable[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]
