"""A team in virtual time: a lead's policies against devices that differ, stall, die and join.

``python -m benchmarks.team_simulation`` prints the table of ``docs/benchmarks.md``. Everything but
the policies (``workers/team``) is modelled here: devices work on their tasks one after another,
each message takes the path's delay with jitter, and a message of several datagrams survives as many
losses as it has parity, is repeated once after a round trip, or never comes.
"""

from __future__ import annotations

import dataclasses
import functools
import heapq
import itertools
import random
from collections.abc import Callable, Iterator

from workers.media.frame_info import CELL
from workers.team.dispatcher import Dispatcher, TaskOrder
from workers.team.partition import WantedRegion, work_of
from workers.temporal.region_selection import Region

WIDTH, HEIGHT, HALO, FPS = 480, 272, 7, 30
DATAGRAM_BYTES = 1150
PARITY = 0.1
"""Additional datagrams of a message of several, as a link sends them at 2 % loss."""

RUNS, RUN_S = 5, 30.0
"""Runs for a row of the table and their length, of which the first 5 s are not counted."""

TICKS_PER_FRAME = 4
"""Looks of the lead at what is late, in each frame's interval."""

QUOTA_PERIOD_S = 0.02
"""Period of a CPU quota."""

READY_S = 1.0
"""Period of a helper's ``Ready``."""


MS_PER_REGION = 0.8
"""Time of a run besides its samples, on a weak device."""


def _usual(_now: float) -> float:
    return 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class Path:
    """The network between the lead and a device, the same both ways."""

    delay_s: float = 0.02
    jitter_s: float = 0.0
    "Standard deviation of the delay."
    loss: float = 0.0
    "Part of the datagrams that are lost."
    bytes_per_s: float = 2.5e6


@dataclasses.dataclass(slots=True)
class Device:
    """A helper."""

    name: str
    ms_per_megasample: float
    path: Path = dataclasses.field(default_factory=Path)
    ms_per_region: float = MS_PER_REGION
    spread: float = 0.1
    "Standard deviation of a task's time, as a part of it."
    joins: float = 0.0
    dies: float = float("inf")
    pace: Callable[[float], float] = _usual
    "Time that its work takes in relation to its usual one, by the time."
    decode_s: float = 0.0
    "Longest time until a frame is decoded there, besides the path; less is as likely."
    quota: float = 1.0
    "Part of a core that it may use in each period; its speed is that of the quota."
    free_at: float = 0.0
    link_free_at: float = 0.0


@dataclasses.dataclass(slots=True)
class Frame:
    """One frame with its fate."""

    arrived: float
    wanted: int
    "Samples that were worth the net, without halos."
    deadline: float = 0.0
    left: float = 0.0
    "Time at which it left the queue."
    given: dict[str, int] = dataclasses.field(default_factory=dict)
    "Samples that were given to each device, without halos."
    in_time: dict[str, int] = dataclasses.field(default_factory=dict)
    "Samples of each device that were there before the deadline, without halos."
    late: set[str] = dataclasses.field(default_factory=set)
    "Devices of which something was missing when it left."
    missing: int = 0
    "Samples that were given out and were not there from anybody."


class Simulation:
    """One run; ``frames`` has all frames afterwards."""

    def __init__(
        self,
        devices: list[Device],
        *,
        seconds: float,
        seed: int = 1,
        whole_frames: bool = False,
    ) -> None:
        """``whole_frames``: frames are given out whole, in turn, and not by regions."""
        self._whole_frames = whole_frames
        self.lead = Dispatcher(halo=HALO, may_cut=not whole_frames)
        self.devices = {each.name: each for each in devices}
        self.seconds = seconds
        self.frames: list[Frame] = []
        self._random = random.Random(seed)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._used: dict[tuple[str, int], float] = {}
        "Time that each device worked in each period of its quota."
        self.now = 0.0

    def run(self) -> Simulation:
        """Runs it to its end."""
        for device in self.devices.values():
            self._at(device.joins, functools.partial(self._say_ready, device))
        for number in range(int(self.seconds * FPS)):
            for tick in range(TICKS_PER_FRAME):
                event = self._tick if tick else functools.partial(self._frame, number)
                self._at((number + tick / TICKS_PER_FRAME) / FPS, event)
        while self._events:
            self.now, _, event = heapq.heappop(self._events)
            event()
        return self

    def _at(self, at: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (at, next(self._count), event))

    def _frame(self, number: int) -> None:
        self._tick()
        wanted = list(regions_of_a_frame(self._random))
        if self._whole_frames:
            wanted = [WantedRegion(Region(0, 0, HEIGHT, WIDTH), 1.0, 0)]
        frame = Frame(self.now, sum(map(_size, wanted)))
        self.frames.append(frame)
        given = self.lead.dispatch(number, wanted, arrived=self.now, now=self.now)
        frame.deadline = frame.left = given.deadline
        if not given.orders:
            frame.left = self.now
        for order in given.orders:
            size = sum(map(_size, order.regions))
            frame.given[order.to] = frame.given.get(order.to, 0) + size
            frame.missing += size
            frame.late.add(order.to)
            self._send(order)

    def _tick(self) -> None:
        for order in self.lead.on_time(now=self.now):
            self._send(order)

    def _send(self, order: TaskOrder) -> None:
        device = self.devices[order.to]
        at = self._arrival(device, 100)
        if at is not None:
            self._at(at, lambda: self._take(device, order))

    def _say_ready(self, device: Device) -> None:
        if self.now >= min(device.dies, self.seconds):
            return
        # Helpers measure with nothing else to do, and are not exact.
        said = device.ms_per_megasample * self._random.uniform(0.8, 1.25)
        at = self._arrival(device, 100)
        if at is not None:
            self._at(at, lambda: self.lead.ready(device.name, said, 1.0, now=self.now))
        self._at(self.now + READY_S, lambda: self._say_ready(device))

    def _take(self, device: Device, order: TaskOrder) -> None:
        """The device reads a task, and works on it as soon as it has time."""
        taken = self.now
        arrived = self.frames[order.sequence].arrived + device.path.delay_s
        decoded = arrived + device.decode_s * self._random.random()
        begins = max(taken, device.free_at, decoded)
        # What is late already is not worked on.
        if begins >= order.deadline or begins >= device.dies:
            return
        samples = sum(work_of(one.region, HALO) for one in order.regions)
        work_ms = len(order.regions) * device.ms_per_region
        work_ms += samples * device.ms_per_megasample / 1e6
        work_ms *= device.pace(begins) * max(0.5, self._random.gauss(1.0, device.spread))
        device.free_at = ends = self._worked(device, begins, work_ms / 1000.0)
        if ends < device.dies:
            self._at(ends, lambda: self._answer(device, order, taken, begins))

    def _worked(self, device: Device, begins: float, work_s: float) -> float:
        """Returns when work is done, if it may use only a part of each period, the first."""
        if device.quota >= 1.0:
            return begins + work_s
        left_s, at = work_s * device.quota, begins
        while left_s > 1e-9:
            period = int(at / QUOTA_PERIOD_S + 1e-6)
            used_s = self._used.get((device.name, period), 0.0)
            end = (period + 1) * QUOTA_PERIOD_S
            step_s = min(device.quota * QUOTA_PERIOD_S - used_s, end - at, left_s)
            if step_s <= 1e-9:
                at = end
                continue
            self._used[device.name, period] = used_s + step_s
            left_s, at = left_s - step_s, at + step_s
        return at

    def _answer(self, device: Device, order: TaskOrder, taken: float, begins: float) -> None:
        size = 300 + sum(_size(one) for one in order.regions) // 12
        whole_ms, waited_ms = 1000 * (self.now - taken), 1000 * (begins - taken)
        at = self._arrival(device, size)
        if at is not None:
            self._at(at, lambda: self._result(device, order, whole_ms, waited_ms, size))

    def _result(
        self, device: Device, order: TaskOrder, whole_ms: float, waited_ms: float, size: int
    ) -> None:
        outcome = self.lead.result(
            device.name,
            order.number,
            whole_ms=whole_ms,
            waited_ms=waited_ms,
            size=size,
            now=self.now,
        )
        frame = self.frames[order.sequence]
        if outcome is None or not outcome.is_in_time:
            return
        # A whole region may come after parts of it.
        samples = min(frame.missing, sum(map(_size, outcome.new)))
        frame.in_time[device.name] = frame.in_time.get(device.name, 0) + samples
        frame.missing -= samples
        if not order.is_hedge:
            frame.late.discard(device.name)
        if outcome.is_complete:
            frame.left = self.now

    def _arrival(self, device: Device, size: int) -> float | None:
        """Returns when a message is there; None if it never is."""
        path = device.path
        count = -(-size // DATAGRAM_BYTES)
        spare = int(PARITY * count + 0.99) if count > 1 else 0
        begins = max(self.now, device.link_free_at)
        device.link_free_at = begins + size / path.bytes_per_s
        at = device.link_free_at
        for _ in range(2):
            lost = sum(self._random.random() < path.loss for _ in range(count + spare))
            if lost <= spare:
                return at + max(path.delay_s, self._random.gauss(path.delay_s, path.jitter_s))
            # It is asked for once more when the next one arrives.
            at += 2 * path.delay_s + 0.5 / FPS
        return None


def _size(one: WantedRegion) -> int:
    return one.region.height * one.region.width


def regions_of_a_frame(generator: random.Random) -> Iterator[WantedRegion]:
    """Yields a picture cut into 6 to 24 rectangles along cells, each with a worth of its own."""
    pieces = [Region(0, 0, HEIGHT, WIDTH)]
    for _ in range(generator.randint(5, 23)):
        piece = max(pieces, key=lambda each: each.height * each.width * generator.uniform(0.2, 1))
        side = max(piece.height, piece.width) // CELL
        if side < 6:
            continue
        at = CELL * generator.randint(2, side - 2)
        pieces.remove(piece)
        top, left, height, width = dataclasses.astuple(piece)
        if height > width:
            pieces += [Region(top, left, at, width), Region(top + at, left, height - at, width)]
        else:
            pieces += [Region(top, left, height, at), Region(top, left + at, height, width - at)]
    for place, piece in enumerate(pieces):
        worth = piece.height * piece.width * generator.lognormvariate(0.0, 0.7)
        yield WantedRegion(piece, worth, place)


CLEAN = Path()


@functools.cache
def quarter_speed() -> float:
    """Returns the ms per million samples of a device that does a quarter of what frames want."""
    generator = random.Random(0)
    lists = [list(regions_of_a_frame(generator)) for _ in range(200)]
    samples = sum(work_of(one.region, HALO) for each in lists for one in each) / len(lists)
    runs = sum(map(len, lists)) / len(lists)
    return (4 * 1000.0 / FPS - runs * MS_PER_REGION) / (samples / 1e6)


def device(
    name: str,
    path: Path = CLEAN,
    *,
    joins: float = 0.0,
    dies: float = float("inf"),
    pace: Callable[[float], float] = _usual,
    quota: float = 1.0,
) -> Device:
    """Returns a device that does a quarter of what frames want."""
    return Device(name, quarter_speed(), path, joins=joins, dies=dies, pace=pace, quota=quota)


def delivered(run: Simulation, since: float = 0.0, until: float = float("inf")) -> int:
    """Returns the samples that were there in time, of the frames that arrived meanwhile."""
    return sum(
        sum(frame.in_time.values()) for frame in run.frames if since <= frame.arrived < until
    )


def part_of(run: Simulation, name: str, since: float, until: float) -> float:
    """Returns a device's part of what frames wanted meanwhile, as far as it was in time."""
    frames = [frame for frame in run.frames if since <= frame.arrived < until]
    return sum(frame.in_time.get(name, 0) for frame in frames) / sum(f.wanted for f in frames)


def age_ms(run: Simulation, quantile: float, since: float = 5.0) -> float:
    """Returns a quantile of the time for which frames were held back."""
    ages = sorted(frame.left - frame.arrived for frame in run.frames if frame.arrived >= since)
    return 1000.0 * ages[int(quantile * (len(ages) - 1))]


PATHS = {
    "clean": CLEAN,
    "2 % loss": Path(loss=0.02),
    "2 % loss, 4 ms jitter": Path(loss=0.02, jitter_s=0.004),
    "2 % loss, 10 ms jitter": Path(loss=0.02, jitter_s=0.01),
    "10 % loss": Path(loss=0.1),
}


QUOTA, QUOTA_PATHS = 0.3, ("clean", "2 % loss")
"""Rows with devices that may use 0.3 of a core in each period of 20 ms."""


def row(path: Path, *, seconds: float, seed: int, quota: float = 1.0) -> list[float]:
    """Returns the figures of four devices against one on a path."""

    def run(names: str) -> Simulation:
        devices = [device(name, path, quota=quota) for name in names]
        return Simulation(devices, seconds=seconds, seed=seed).run()

    one, four = run("a"), run("abcd")
    frames = [frame for frame in four.frames if frame.arrived >= 5.0]
    spent = four.lead.budget.spent
    return [
        delivered(four, 5.0) / delivered(one, 5.0),
        100.0 * delivered(four, 5.0) / sum(frame.wanted for frame in frames),
        *(age_ms(four, quantile) for quantile in (0.5, 0.95, 0.99)),
        100.0 * spent.hedged_samples / spent.samples,
    ]


def main() -> None:
    """Prints the table, each cell with the least and the greatest of five runs."""
    heads = ("work in time, 4 devices to 1", "% of all", "p50 ms", "p95 ms", "p99 ms", "% hedged")
    print("| path | " + " | ".join(heads) + " |\n" + "|---" * (len(heads) + 1) + "|")
    quotas = {f"{name}, CPU quota": (PATHS[name], QUOTA) for name in QUOTA_PATHS}
    for name, (path, quota) in ({n: (p, 1.0) for n, p in PATHS.items()} | quotas).items():
        rows = (row(path, seconds=RUN_S, seed=seed, quota=quota) for seed in range(RUNS))
        columns = zip(*rows, strict=True)
        cells = (f"{min(each):.3g} to {max(each):.3g}" for each in columns)
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
