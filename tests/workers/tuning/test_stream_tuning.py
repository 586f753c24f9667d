"""``workers.tuning.stream_tuning``: a stream's pictures through the policy, with real processes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.tuning.messages import Answer, Request
from tests.models.tuning import samples
from tests.workers.clips import picture
from tests.workers.tuning.test_tuner_process import ECHO
from tests.workers.zoo import make_model
from workers.engines.registry import make_engine
from workers.media.picture import Picture
from workers.tuning.stream_tuning import StreamTuning
from workers.tuning.tuner_process import TunerProcess
from workers.tuning.tuning_policy import HELD_BACK, JUDGE_S, MIN_IDLE_TIME_S, REST_S, SHOWN
from workers.tuning.tunings import Tunings
from workers.upscale.model_cache import ModelCache

SIZE = (64, 48)
SOME_S = MIN_IDLE_TIME_S + SHOWN + HELD_BACK + 3.0


class Answering(TunerProcess):
    """Answers with the gain that it was given; a net that is asked for is one of the tests."""

    def __init__(self) -> None:
        super().__init__(ECHO)
        self.gain_db = 2.0
        self.fault = ""
        self.asked: list[tuple[Request, int]] = []

    def ask(self, request: Request, pictures: list[bytes]) -> Answer:
        self.asked.append((request, len(pictures)))
        if request.kind == "tune" and not self.fault:
            make_model(Path(request.folder), request.name, inverted=True)
        return Answer(gain_db=self.gain_db, teacher="live-m", fault=self.fault)


class Bench:
    """A stream in virtual time, of ten pictures a second."""

    def __init__(self, nets: ModelCache) -> None:
        self.nets = nets
        self.now = 0.0
        self.idle_s = 1.0
        self.process = Answering()
        self.tunings = Tunings(self.process)
        self.tuning = StreamTuning(
            "cam1 enhanced", nets, self.tunings, lambda: self.idle_s, clock=lambda: self.now
        )
        self.model = "tiny"
        self.scene = picture(0, *SIZE)

    def run(self, seconds: float) -> str:
        """Shows one scene for so long; the net chosen last."""
        chosen = ""
        for _ in range(int(10 * seconds)):
            self.now += 0.1
            chosen = self.tuning.choose(self.scene, self.model)
        return chosen

    def settle(self) -> str:
        """Waits for the thread to answer; the net chosen then."""
        deadline = time.monotonic() + 20.0
        while self.tuning.state in ("training", "judged"):
            self.run(0.1)
            assert time.monotonic() < deadline, "no answer"
            time.sleep(0.01)
        return self.run(0.1)


@pytest.fixture
def bench(nets: ModelCache) -> Iterator[Bench]:
    started = Bench(nets)
    yield started
    started.tunings.close()


def inverted(shown: Picture) -> Picture:
    other = shown.copy()
    other.y[:] = 255 - shown.y
    return other


def test_a_net_is_asked_for_and_used(bench: Bench) -> None:
    bench.run(SOME_S)
    assert bench.settle() == "tiny.tuned-1"
    assert bench.tuning.state == "used"
    ((request, count),) = bench.process.asked
    assert (request.shown, request.held_back, count) == (SHOWN, HELD_BACK, SHOWN + HELD_BACK)
    assert (request.model, request.precision) == ("tiny", "fp32")
    assert (request.width, request.height) == SIZE
    assert bench.nets.shipped("tiny.tuned-1") == "tiny"
    bench.nets.load("tiny.tuned-1", *SIZE)


def test_a_cut_brings_the_shipped_net_back_at_once(bench: Bench) -> None:
    bench.run(SOME_S)
    bench.settle()
    bench.scene = inverted(bench.scene)
    assert bench.run(0.1) == "tiny"
    assert bench.tuning.state == "collecting"
    assert list(bench.tunings.folder.iterdir()) == []
    bench.run(SOME_S)
    assert bench.settle() == "tiny.tuned-2"


def test_another_model_begins_anew(bench: Bench) -> None:
    bench.run(SOME_S)
    bench.settle()
    bench.model = "other"
    assert bench.run(0.1) == "other"
    bench.run(SOME_S)
    assert bench.settle() == "other.tuned-2"


def test_a_net_that_is_no_longer_better_is_dropped(bench: Bench) -> None:
    bench.run(SOME_S)
    bench.settle()
    bench.process.gain_db = -0.5
    bench.run(JUDGE_S + HELD_BACK + 2.0)
    assert bench.settle() == "tiny"
    assert bench.process.asked[-1][0].kind == "judge"
    assert bench.process.asked[-1][1] == HELD_BACK
    assert bench.tuning.state == "resting"


@pytest.mark.parametrize(("gain", "fault"), [(0.1, ""), (9.0, "torch is broken")])
def test_what_is_not_worth_it_is_not_used(bench: Bench, gain: float, fault: str) -> None:
    bench.process.gain_db, bench.process.fault = gain, fault
    bench.run(SOME_S)
    assert bench.settle() == "tiny" and bench.tuning.state == "resting"
    bench.process.gain_db, bench.process.fault = 2.0, ""
    bench.run(REST_S + SOME_S)
    assert bench.settle() == "tiny.tuned-2"


def test_nothing_is_kept_or_asked_while_the_worker_is_saturated(bench: Bench) -> None:
    bench.idle_s = 0.0
    bench.run(4 * SOME_S)
    assert bench.process.asked == [] and bench.tuning.state == "collecting"
    bench.idle_s = 1.0
    bench.run(SOME_S)
    assert bench.settle() == "tiny.tuned-1"


def test_a_stream_that_ends_leaves_nothing(bench: Bench) -> None:
    bench.run(SOME_S)
    bench.settle()
    bench.tuning.close()
    bench.tuning.close()
    assert list(bench.tunings.folder.iterdir()) == []
    assert bench.nets.shipped("tiny.tuned-1") == "tiny.tuned-1"


def test_a_model_that_is_not_in_the_zoo_is_not_tuned(bench: Bench) -> None:
    bench.model = "nowhere"
    assert bench.run(SOME_S) == "nowhere"
    assert bench.tuning.state == "resting" and bench.process.asked == []


@pytest.mark.slow
def test_a_shipped_net_is_tuned_by_the_real_process() -> None:
    nets = ModelCache(make_engine("auto", threads=1))
    tunings = Tunings()
    now = 0.0
    tuning = StreamTuning("cam1", nets, tunings, lambda: 1.0, clock=lambda: now)
    shown = Picture.blank(samples.WIDTH, samples.HEIGHT)
    shown.y[:] = samples.pictures(1)[0]
    deadline = time.monotonic() + 110.0
    try:
        chosen = "live-s"
        while chosen == "live-s":
            now += 0.2 if tuning.state == "collecting" else 0.0
            chosen = tuning.choose(shown, "live-s")
            assert time.monotonic() < deadline and tuning.state != "resting", tuning.state
            time.sleep(0.0 if tuning.state == "collecting" else 0.1)
        assert chosen == "live-s.tuned-1" and tuning.policy.gain_db > 0.5
        assert nets.load(chosen, samples.WIDTH, samples.HEIGHT).manifest.scale == 2
    finally:
        tunings.close()
        nets.close()
