"""One session without I/O: when it is ready, what it answers, and how it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from tests.workers.upscale.test_temporal_session import wait
from wire.team import Failed, Invite, Ready, Result, Task, TaskRegion
from workers.engines.registry import make_engine
from workers.kernels import readiness
from workers.process import jit_warmup
from workers.team.helper_session import (
    INVITATION_S,
    MAX_LATE_S,
    READY_S,
    SENTENCES,
    HelperSession,
    source_bytes,
)
from workers.team.recent_pictures import MAX_BYTES
from workers.team.task_queue import TaskRefusal, TeamKey
from workers.team.task_runner import FinishedTask, TaskRunner
from workers.upscale.model_cache import ModelCache

from ..fakes import PacedEngine
from .teamwork import HEIGHT, WIDTH, kept, task

TEAM = TeamKey("cam1", "enhanced", "lead")
PLENTY = 1 << 40


def invite(**fields: object) -> Invite:
    known = {"source_epoch": 3, "model": "live-s", "strength": 0.0, "quality": 9, "epoch": 7}
    return Invite(stream="cam1", rendition="enhanced", **known | fields)  # type: ignore[arg-type]


class Source:
    """A followed source with one picture, or none yet."""

    def __init__(self, size: tuple[int, int] | None) -> None:
        self.size = size
        self.fault = ""
        self.pictures = kept(1)


class Bench:
    """A session, what it is made of, and what its runner says."""

    def __init__(self, nets: ModelCache, size: tuple[int, int] | None = (WIDTH, HEIGHT)) -> None:
        self.source = Source(size)
        self.ended: list[FinishedTask] = []
        self.came = threading.Event()
        self.runner = TaskRunner(
            "w1", nets.engine_lock, finished=self._note, ready=lambda _: self.came.set()
        )
        self.runner.start()
        self.session = HelperSession(
            TEAM,
            invite(),
            self.source,
            self.runner,
            nets,
            now=0.0,
        )

    def _note(self, finished: FinishedTask) -> None:
        self.ended.append(finished)
        self.came.set()

    def tick(self, now: float, memory: int = PLENTY) -> list[Ready]:
        letters = self.session.tick(now=now, free=0.75, memory=memory, parity=0.0714)
        assert all(letter.to == "lead" for letter in letters)
        return [each.message for each in letters if isinstance(each.message, Ready)]

    def wait(self) -> None:
        assert self.came.wait(10)
        self.came.clear()

    def prepare(self) -> None:
        """Until it takes tasks."""
        assert self.tick(0.1) == []
        self.wait()
        self.session.prepared()

    @property
    def state(self) -> str:
        return self.session.work(now=1.0).state


@pytest.fixture(scope="module")
def nets() -> Iterator[ModelCache]:
    jit_warmup.warm_up()
    made = ModelCache(make_engine("openvino", threads=1), temporal=True)
    wait(made, "live-s", (WIDTH, HEIGHT))
    yield made
    made.close()


@pytest.fixture
def bench(nets: ModelCache) -> Iterator[Bench]:
    made = Bench(nets)
    yield made
    made.runner.close()
    assert made.runner.join(10)


def test_it_is_ready_once_pictures_the_net_and_the_loops_are(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.source.size = None
    assert bench.tick(0.1) == [] and bench.state == "preparing"
    bench.source.size = (WIDTH, HEIGHT)
    with monkeypatch.context() as patch:
        patch.setattr(readiness, "_compiled", threading.Event())
        assert bench.tick(0.2) == []
        assert not bench.came.wait(0.05)
    bench.prepare()
    (ready,) = bench.tick(0.5)
    assert bench.state == "ready"
    assert (ready.model, ready.free, ready.epoch) == ("live-s", 0.75, 7)
    assert ready.ms_per_megasample > 0.0 and ready.parity == 0.071
    # The lead is told again every second.
    assert bench.tick(0.6) == [] and len(bench.tick(0.5 + READY_S)) == 1


def test_an_invitation_lives_for_three_seconds(bench: Bench) -> None:
    bench.session.renew(invite(), now=2.0)
    bench.tick(2.0 + INVITATION_S)
    assert not bench.session.is_over
    bench.tick(2.1 + INVITATION_S)
    assert bench.session.is_over and bench.session.fault == ""


def test_an_invitation_goes_on_unless_lead_publisher_or_net_changed(bench: Bench) -> None:
    session = bench.session
    assert session.fits(invite()) and session.fits(invite(strength=1.0, quality=3))
    for other in ({"epoch": 8}, {"source_epoch": 4}, {"model": "live-m"}):
        assert not session.fits(invite(**other))


def test_the_style_may_change_at_any_time(bench: Bench) -> None:
    bench.prepare()
    bench.session.renew(invite(strength=0.5), now=1.0)
    assert bench.session._maker is not None and bench.session._maker.strength == 0.5


def test_what_cannot_be_had_ends_it_with_a_sentence(nets: ModelCache) -> None:
    bench = Bench(nets)
    bench.source.fault = "The worker cannot decode it."
    bench.tick(0.1)
    assert bench.session.is_over and bench.session.fault == "The worker cannot decode it."
    bench = Bench(nets)
    bench.tick(0.1, memory=source_bytes(WIDTH, HEIGHT) - 1)
    assert bench.session.is_over and "do not fit" in bench.session.fault


def test_an_engine_with_fixed_sizes_ends_it_with_a_sentence() -> None:
    paced = ModelCache(PacedEngine(0.0), temporal=True)
    bench, deadline = Bench(paced), time.monotonic() + 10
    while not bench.session.is_over:
        bench.tick(0.1)
        assert time.monotonic() < deadline
    assert "fixes the size" in bench.session.fault
    paced.close()


def test_a_task_is_answered_with_its_regions_and_times(bench: Bench) -> None:
    bench.prepare()
    asked = Task(
        stream="cam1", rendition="enhanced", epoch=7, number=4, sequence=1,
        regions=(TaskRegion(0, 0, 16, 16), TaskRegion(16, 16, 8, 8)), quality=12,
    )  # fmt: skip
    now = time.monotonic()
    bench.session.take(asked, now=now, left_s=5.0)
    bench.wait()
    ended, letter = bench.session.finished(bench.ended[0], now=now + 0.5)
    result = letter.message
    assert isinstance(result, Result) and ended.refusal is None
    assert (result.number, result.sequence, result.epoch, len(result.coded)) == (4, 1, 7, 2)
    assert result.whole_ms == pytest.approx(500.0) and result.late_ms == 0.0
    assert 0.0 < result.engine_ms < 500.0 and 0.0 <= result.waited_ms < 500.0
    assert letter.left_s == pytest.approx(4.5)
    work = bench.session.work(now=now + 0.5)
    assert work.outcomes == {"made": 1} and work.busy > 0.0 and work.tasks_per_s > 0.0


def test_a_result_that_is_late_is_sent_only_while_it_teaches_something(bench: Bench) -> None:
    done = FinishedTask(task(1, 1, deadline=10.0), (b"x",), busy_s=0.01, begun=9.9)
    ended, letter = bench.session.finished(done, now=10.0 + MAX_LATE_S / 2)
    assert isinstance(letter.message, Result) and ended.refusal is TaskRefusal.LATE
    assert letter.message.late_ms == pytest.approx(500.0 * MAX_LATE_S)
    ended, letter = bench.session.finished(done, now=10.1 + MAX_LATE_S)
    assert isinstance(letter.message, Failed) and ended.refusal is TaskRefusal.LATE
    assert bench.session.figures.outcomes == {"late": 2}


@pytest.mark.parametrize("refusal", TaskRefusal)
def test_every_refusal_is_told_as_a_sentence(bench: Bench, refusal: TaskRefusal) -> None:
    refused = FinishedTask(task(1, 1, deadline=10.0), refusal=refusal)
    ended, letter = bench.session.finished(refused, now=1.0)
    assert isinstance(letter.message, Failed) and ended is refused
    assert letter.message.reason == SENTENCES[refusal] and letter.message.reason.endswith(".")


def test_sources_take_memory_by_their_pictures_up_to_a_bound() -> None:
    small, large, huge = source_bytes(480, 270), source_bytes(1920, 1080), source_bytes(8000, 8000)
    assert 24e6 < small < 40e6 < large <= huge <= MAX_BYTES + 30e6
