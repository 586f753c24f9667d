"""Runs one scenario with real processes, and judges it."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

from benchmarks.network.conditions import NARROW_BPS
from benchmarks.network.lab import Lab, LabFailed, open_lab
from benchmarks.team import history, material, quality
from benchmarks.team.history import Sample, Seen
from benchmarks.team.recording import ENHANCED_LOG, load
from benchmarks.team.scenarios import Event, Scenario
from benchmarks.team.stage import Stage, open_stage
from models.manifest import load_manifest

CLIP = "handheld"
"""A pan by hand: all of the picture moves a little, so that neither all nor nothing is new."""

COMPILE_S = 10.0
"""Devices are strong for so long after they joined: they compile graphs and measure their nets,
which would take a weak one minutes and says nothing about the team."""

WARM_S = 15.0
"""Time between the first frame of the rendition and the first that is judged."""

BEFORE_S, AFTER_S = 8.0, 20.0
"""Time that is judged before and after an event."""

MIN_FRAMES_IN = 15.0
"""A run whose source brought less says nothing about the team: the machine has no time for it."""

OUTAGE_S = {Event.NARROW: 10.0, Event.CUT: 5.0}

SAMPLE_S = 0.5
"""Time between two looks at the server's counters; workers tell theirs twice a second."""


@dataclasses.dataclass(frozen=True, slots=True)
class Options:
    """Settings that are the same for all runs."""

    folder: Path
    """Folder for the clip, logs and recordings."""
    seconds: float = 20.0
    """Time that is judged where nothing happens."""
    joins: bool = True
    """Devices come through the gateway; else they reach Redis over TCP, as in one site."""
    has_quality: bool = True
    """Pictures are decoded and compared."""
    compile_s: float = COMPILE_S
    warm_s: float = WARM_S


@dataclasses.dataclass(frozen=True, slots=True)
class AfterEvent:
    """Figures of the time after something happened."""

    device: str
    longest_gap_ms: float
    recovery_s: float | None
    """Time until the net's work is back; None if it is not within ``AFTER_S``."""
    missing: int
    """Frames of the source that the rendition never had."""
    part: float
    """Part of the net's work that the device did in the last five seconds."""


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """Figures of one run."""

    seen: Seen
    repeated: int
    """Frames that the rendition had twice."""
    mmacs: dict[str, float]
    """Millions of multiply-adds a second that were delivered in time, by device."""
    cpu: dict[str, float]
    """Cores that each place used."""
    emulator_cpu: float
    emulator_late_ms: float
    levels: dict[str, float]
    """Frames a second by quality level."""
    lead: str
    team: Any
    """The server's words about the team, as its API gives them."""
    event: AfterEvent | None
    quality: quality.Quality | None

    @property
    def total_mmacs(self) -> float:
        """All devices together."""
        return sum(self.mmacs.values())


def run(scenario: Scenario, options: Options, *, seed: int) -> Outcome:
    """Runs a scenario once. Raises LabFailed and TimeoutError."""
    options.folder.mkdir(parents=True, exist_ok=True)
    clip = options.folder.parent / f"{CLIP}.mp4"
    if not clip.exists():
        material.write(CLIP, clip)
    with (
        open_lab(scenario.names, seed=seed) as lab,
        open_stage(lab, options.folder, model=scenario.model, joins=options.joins) as stage,
    ):
        _prepare(stage, scenario, clip, options)
        meter = _Meter(stage)
        if scenario.event is Event.NONE:
            meter.watch(options.seconds)
            event = None
        else:
            event = _Happening(stage, scenario, meter)
            event.run()
        measured = meter.finish()
        lead, team = stage.lead(), _team(stage)
    found = list(load(stage.recording))
    begin, end = meter.begin_us, meter.end_us
    after = event.judge(found) if event is not None else None
    work = history.per_second(meter.samples, begin, end)
    seen = history.judge(found, begin, end)
    if seen.frames_in < MIN_FRAMES_IN:
        raise LabFailed(f"the source brought {seen.frames_in:.1f} frames a second")
    return Outcome(
        seen=seen,
        repeated=history.repeated(found),
        mmacs={name: rate * _macs(scenario) / 1e6 for name, rate in work.items()},
        lead=lead,
        team=team,
        event=after,
        quality=_quality(found, scenario, begin, end) if options.has_quality else None,
        **measured,
    )


def _prepare(stage: Stage, scenario: Scenario, clip: Path, options: Options) -> None:
    """Returns when the rendition has been made for a while."""
    first = scenario.names[: scenario.devices]
    for name in first:
        stage.start_device(name)
    stage.until_ready(len(first))
    time.sleep(options.compile_s)
    for name in first:
        stage.lab.places[name].group.set_quota(scenario.cores)
    set_paths(stage.lab, scenario)
    stage.publish(clip)
    time.sleep(options.warm_s)


def set_paths(lab: Lab, scenario: Scenario) -> None:
    """Gives every device the path of the scenario."""
    for name in scenario.names:
        lab.change_both(scenario.conditions_of(name), name)


def _macs(scenario: Scenario) -> int:
    return load_manifest(scenario.model).macs_per_pixel


def _team(stage: Stage) -> Any:
    return stage.stream().get("team")


def _quality(
    found: list[Any], scenario: Scenario, begin_us: int, end_us: int
) -> quality.Quality | None:
    chosen, kbps = quality.pairs(found, begin_us, end_us)
    if not chosen:
        return None
    return quality.judge(chosen, kbps, clip=CLIP, model=scenario.model)


class _Meter:
    """Looks at the counters for a while."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.samples: list[Sample] = []
        self.begin_us = self.end_us = time.time_ns() // 1000
        self._cpu = stage.cpu_s()
        self._emulator = stage.lab.figures()

    def watch(self, seconds: float) -> None:
        """Takes samples for so long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.samples.append(self._stage.sample())
            time.sleep(max(0.0, min(SAMPLE_S, until - time.monotonic())))
        self.samples.append(self._stage.sample())

    def finish(self) -> dict[str, Any]:
        """Ends the time that is judged; returns figures of it by their names in ``Outcome``."""
        self.end_us = time.time_ns() // 1000
        seconds = (self.end_us - self.begin_us) / 1e6
        figures = self._stage.lab.figures()
        cpu = self._stage.cpu_s()
        levels = history.grown(self.samples[0].frames, self.samples[-1].frames)
        return {
            "cpu": {name: (cpu[name] - self._cpu.get(name, 0.0)) / seconds for name in cpu},
            "emulator_cpu": (figures.cpu_s - self._emulator.cpu_s) / seconds,
            "emulator_late_ms": figures.late_ms,
            "levels": {name: count / seconds for name, count in levels.items()},
        }


class _Happening:
    """Lets the event of a scenario happen while a meter watches."""

    def __init__(self, stage: Stage, scenario: Scenario, meter: _Meter) -> None:
        self._stage = stage
        self._scenario = scenario
        self._meter = meter
        self._usual = 0.0
        self._at_us = 0
        self._device = ""

    def run(self) -> None:
        """Takes ``BEFORE_S``, the event, and ``AFTER_S``."""
        self._meter.watch(BEFORE_S)
        before = self._meter.samples
        usual = history.per_second(before, before[0].at_us, before[-1].at_us)
        self._usual = sum(usual.values())
        self._device = self._choose()
        if self._scenario.event is Event.KILL_HELPER:
            # What it did cannot be back: the others have no time left for it.
            self._usual -= usual.get(self._device, 0.0)
        self._at_us = time.time_ns() // 1000
        outage_s = self._begin()
        self._meter.watch(outage_s)
        if outage_s:
            set_paths(self._stage.lab, self._scenario)
        self._meter.watch(AFTER_S)

    def _choose(self) -> str:
        names = self._scenario.names
        lead = self._stage.lead()
        match self._scenario.event:
            case Event.KILL_LEAD:
                return lead
            case Event.JOIN:
                return names[-1]
            case _:
                return next(name for name in names if name != lead)

    def _begin(self) -> float:
        """Makes the event begin; returns how long it lasts."""
        stage, event = self._stage, self._scenario.event
        path = self._scenario.conditions_of(self._device)
        if event in (Event.KILL_HELPER, Event.KILL_LEAD):
            stage.kill(self._device)
        elif event is Event.JOIN:
            self._join()
        elif event is Event.NARROW:
            stage.lab.change_both(path.but(rate_bps=NARROW_BPS), self._device)
        elif event is Event.CUT:
            stage.lab.change_both(path.but(is_cut=True), self._device)
        return OUTAGE_S.get(event, 0.0)

    def _join(self) -> None:
        """Starts the device; the event is the moment at which the server lists it."""
        stage = self._stage
        stage.start_device(self._device)
        stage.until(
            "the new device",
            lambda: any(each["name"] == self._device for each in stage.workers()),
        )
        stage.lab.places[self._device].group.set_quota(self._scenario.cores)
        self._at_us = time.time_ns() // 1000

    def judge(self, found: list[Any]) -> AfterEvent:
        """Returns the figures of the time from the event to the end."""
        end = self._meter.end_us
        made = [
            each
            for each in found
            if each.log == ENHANCED_LOG and self._at_us <= each.received_us < end
        ]
        last = history.per_second(self._meter.samples, end - 5_000_000, end)
        joined = self._scenario.event is Event.JOIN
        return AfterEvent(
            device=self._device,
            longest_gap_ms=history.longest_gap_ms(made, self._at_us, end),
            recovery_s=self._first_work() if joined else self._recovery(),
            missing=history.missing(found, self._at_us, end),
            part=last.get(self._device, 0.0) / (sum(last.values()) or 1.0),
        )

    def _recovery(self) -> float | None:
        return history.recovery_s(self._meter.samples, self._at_us, usual=self._usual)

    def _first_work(self) -> float | None:
        """Returns the time until the new device has done something."""
        for each in self._meter.samples:
            if each.at_us >= self._at_us and each.samples.get(self._device, 0.0) > 0:
                return (each.at_us - self._at_us) / 1e6
        return None
