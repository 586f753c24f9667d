"""The upscaling stage with nets of known speed: which of them makes a frame."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from media.treatment import Treatment
from workers.media.frame_task import FrameTask
from workers.media.picture import Picture
from workers.media.route import Route
from workers.runtime.frame_counters import FrameCounters
from workers.scheduling.deadlines import MAX_AGE_S
from workers.scheduling.handle import SharedScheduler
from workers.upscale.model_cache import ModelCache
from workers.upscale.stage import UpscaleConfig, UpscaleStage

from ..clips import Clip, picture, units
from ..fakes import PacedEngine
from ..zoo import make_model

WIDTH, HEIGHT = 64, 48
MACS = 100
"""Of the net ``large``; ``small`` has 40."""


class Bench:
    """A step, and what came out of it."""

    def __init__(
        self, zoo: Path, large_s: float, *, factor: int = 0, own: OwnNet | None = None
    ) -> None:
        self.engine = PacedEngine(large_s / MACS)
        self.nets = ModelCache(self.engine, zoo=zoo)
        self.counters = FrameCounters()
        self.engine_time = SharedScheduler()
        self.stage = UpscaleStage(
            self.nets,
            self.counters,
            self.engine_time.handle(),
            UpscaleConfig(
                "large",
                30.0,
                factor=factor,
                expected=lambda model, *_: 1000 * large_s * (1 if model == "large" else 0.4),
                own=own,
            ),
        )
        self.told = (Treatment.UNSAID, "")
        "What viewers are told of the last frame."
        self._units = units(Clip(frames=200, width=WIDTH, height=HEIGHT))
        for model in ("large", "small"):
            self.nets.load(model, WIDTH, HEIGHT)

    def show(self, index: int, *, age_s: float = 0.0, is_replay: bool = False) -> Picture | None:
        """One frame of that age; its picture afterwards."""
        task = FrameTask(
            next(self._units), Route.WORK, arrived=time.monotonic() - age_s, is_replay=is_replay
        )
        task.picture = picture(index, WIDTH, HEIGHT)
        made = list(self.stage.step(task))
        self.told = (task.treatment, task.net)
        assert len(made) <= 1
        return made[0].picture if made else None


@pytest.fixture
def fast(zoo: Path) -> Iterator[Bench]:
    bench = Bench(zoo, 0.001)
    yield bench
    bench.nets.close()


def brightness(shown: Picture | None) -> float:
    assert shown is not None
    return float(shown.y.mean())


def test_with_time_every_frame_gets_the_full_net_and_its_gain_is_measured(fast: Bench) -> None:
    for index in range(10):
        made = fast.show(index)
        assert made is not None and (made.width, made.height) == (2 * WIDTH, 2 * HEIGHT)
    counts = fast.counters.read()
    assert counts.levels == {"full": {"best": 10}}
    assert (counts.enhanced, counts.bicubic) == (10, 0)
    assert fast.engine_time.spent_ms_per_s() > 0


def test_a_late_frame_is_resized_and_a_hopeless_one_dropped_and_a_replayed_one_only_seen(
    fast: Bench,
) -> None:
    fast.show(0)
    assert fast.told == (Treatment.FULL, "large")
    assert fast.show(1, age_s=0.2) is not None
    assert fast.told == (Treatment.NO_TIME, "")
    assert fast.show(2, age_s=MAX_AGE_S + 0.1) is None
    assert fast.show(3, is_replay=True) is None
    counts = fast.counters.read()
    assert counts.levels == {"full": {"best": 1}, "bicubic": {"late": 1}, "drop": {"too_late": 1}}
    assert (counts.enhanced, counts.bicubic, counts.dropped) == (1, 1, {"late": 1})
    assert counts.replayed == 1


def test_without_time_for_it_the_smaller_net_serves_every_frame(zoo: Path) -> None:
    bench = Bench(zoo, 0.050)
    plain = picture(0, WIDTH, HEIGHT)
    for _ in range(12):
        made = bench.show(0)
    bench.nets.close()
    counts = bench.counters.read()
    assert sum(counts.levels["small"].values()) >= 10
    assert counts.enhanced == 12 and counts.bicubic == 0
    # ``small`` gives the negative.
    assert brightness(made) == pytest.approx(255 - float(plain.y.mean()), abs=1.0)


@pytest.mark.parametrize("factor", [0, 1])
@pytest.mark.parametrize("large_s", [0.001, 0.07])
def test_whatever_net_the_lead_runs_on_all_of_a_picture_makes_all_of_it(
    zoo: Path, large_s: float, factor: int
) -> None:
    bench = Bench(zoo, large_s, factor=factor)
    bench.stage.made.want(now=time.monotonic())
    assert bench.show(0) is not None
    found = bench.stage.made.read("w1", now=time.monotonic())
    (level,) = bench.counters.read().levels
    is_made = level in ("full", "small", "restore")
    assert is_made == (factor == 0 or large_s < 0.01)
    assert found is not None and set(found.cells) == {"0" if is_made else "."}
    bench.nets.close()


def test_a_net_is_made_ready_before_the_first_picture(zoo: Path) -> None:
    nets = ModelCache(PacedEngine(0.0), zoo=zoo)
    config = UpscaleConfig("large", 30.0)
    stage = UpscaleStage(nets, FrameCounters(), SharedScheduler().handle(), config)
    deadline = time.monotonic() + 5
    while not stage.prepare(WIDTH, HEIGHT):
        assert time.monotonic() < deadline
    stage.use_model("nowhere")
    while stage.fault == "":
        assert not stage.prepare(WIDTH, HEIGHT)
        assert time.monotonic() < deadline
    assert "nowhere" in stage.fault
    nets.close()


@pytest.mark.parametrize(("factor", "part"), [(-1, 1), (-2, 2)])
def test_without_a_net_every_picture_is_made_smaller_and_none_is_loaded(
    zoo: Path, factor: int, part: int
) -> None:
    bench = Bench(zoo, 0.001, factor=factor)
    assert bench.stage.is_ready
    assert bench.stage.prepare(WIDTH, HEIGHT)
    for index in range(5):
        made = bench.show(index)
        assert made is not None and (made.width, made.height) == (WIDTH // part, HEIGHT // part)
    assert bench.stage.model_in_use == ""
    assert bench.stage.fault == ""
    assert set(bench.counters.read().levels) == {"bicubic"}
    bench.nets.close()


def test_with_a_net_it_is_ready_once_that_works(fast: Bench) -> None:
    assert not fast.stage.is_ready
    fast.show(0)
    assert fast.stage.is_ready


class OwnNet:
    """Chooses the net of that name from the third picture on."""

    def __init__(self, name: str) -> None:
        self.state = "used"
        self.is_closed = False
        self._name = name
        self._seen = 0

    def choose(self, shown: Picture, model: str) -> str:
        self._seen += 1
        return self._name if self._seen > 2 else model

    def close(self) -> None:
        self.is_closed = True


def test_the_streams_own_net_makes_its_pictures(zoo: Path, tmp_path: Path) -> None:
    own = OwnNet("large.tuned-1")
    bench = Bench(zoo, 0.001, own=own)
    make_model(tmp_path, "large.tuned-1", inverted=True)
    bench.nets.add_variant("large.tuned-1", "large", tmp_path)
    bench.nets.load("large.tuned-1", WIDTH, HEIGHT)
    counted = [bench.counters.read().enhanced for _ in range(6) if bench.show(1) is not None]
    assert counted == [1, 2, 3, 4, 5, 6]
    assert (bench.stage.model_in_use, bench.stage.tuning) == ("large", "used")
    bench.stage.close()
    assert own.is_closed
    bench.nets.close()


def test_without_tuning_there_is_no_state_of_it(fast: Bench) -> None:
    assert fast.stage.tuning == ""
    fast.stage.close()
