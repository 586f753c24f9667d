"""The threads of one rendition, with a real net and real encoders, without Redis."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from media.codec import Codec
from wire.jobs import Job
from workers.encode.step import Made, OutputConfig
from workers.media.frame_task import FrameTask
from workers.media.route import Route
from workers.runtime.frame_counters import FrameCounters
from workers.scheduling.handle import SharedScheduler
from workers.session.pipeline import Pipeline, PipelineCallbacks, PipelineConfig
from workers.upscale.model_cache import ModelCache
from workers.upscale.stage import UpscaleConfig
from workers.upscale.team_frame import TeamTask

from ..clips import Clip, picture, units
from ..studio import BITRATES, MODEL
from ..upscale.plain_team import alone, team_frame

ALL = frozenset(("enhanced", "enhanced-h264", "enhanced-vp8"))


class Bench:
    """A pipeline and what comes out of it."""

    def __init__(
        self,
        nets: ModelCache,
        codec: Codec = Codec.H264,
        give_out: Callable[[FrameTask], FrameTask] = lambda task: task,
    ) -> None:
        self.counters = FrameCounters()
        self.made: list[Made] = []
        self.wanted_keys: list[str] = []
        self.failures: list[Exception] = []
        self._grew = threading.Condition()
        output = OutputConfig(codec=codec, preset="superfast", bitrates=BITRATES)
        self.pipeline = Pipeline(
            Job("1-0", "cam1", "enhanced", 1),
            nets,
            self.counters,
            PipelineCallbacks(self._note, self.wanted_keys.append, self._fail, give_out),
            SharedScheduler().handle(),
            PipelineConfig(output, UpscaleConfig(MODEL, 30.0)),
        )

    def _note(self, made: Made) -> None:
        with self._grew:
            self.made.append(made)
            self._grew.notify_all()

    def _fail(self, error: Exception) -> None:
        with self._grew:
            self.failures.append(error)
            self._grew.notify_all()

    def until(self, count: int, *logs: str) -> None:
        """Waits for that many units, in each of the logs where some are named."""

        def came() -> bool:
            return all(len(self.of(log)) >= count for log in logs) and len(self.made) >= count

        with self._grew:
            assert self._grew.wait_for(lambda: came() or self.failures, 20)
        assert not self.failures and came()

    def until_failed(self) -> Exception:
        with self._grew:
            assert self._grew.wait_for(lambda: self.failures, 20)
        return self.failures[0]

    def of(self, log: str) -> list[Made]:
        return [made for made in self.made if made.rendition == log]


@pytest.fixture
def bench(nets: ModelCache) -> Iterator[Bench]:
    made = Bench(nets)
    yield made
    made.pipeline.close()
    assert made.pipeline.join(10)


def tasks(count: int, route: Route = Route.WORK) -> list[FrameTask]:
    """Frames that arrive in an hour, so that a slow machine makes none of them late."""
    return [
        FrameTask(
            unit,
            route,
            arrived=time.monotonic() + 3600.0,
            picture=None if route is Route.COPY else picture(index, 64, 48),
        )
        for index, unit in enumerate(units(Clip(frames=count)))
    ]


def sizes(found: list[Made]) -> set[tuple[int, int]]:
    return {(made.unit.width, made.unit.height) for made in found if made.unit is not None}


def test_the_usual_codec_writes_the_usual_log_and_its_own_and_each_other_one_its_own(
    nets: ModelCache,
) -> None:
    for codec in (Codec.H264, Codec.VP8):
        usual, *others = Bench(nets, codec).pipeline.steps
        assert usual.codec is codec and "enhanced" in usual.logs
        assert usual.logs <= {"enhanced", f"enhanced-{codec.name.lower()}"}
        # Tools that some decoders lack are used for the usual log alone.
        assert (len(usual.logs) == 1) is (codec is Codec.H264)
        found = [log for step in others for log in step.logs]
        assert set(found) == ALL - usual.logs and len(found) == len(set(found))


def test_decoded_pictures_come_out_enlarged_in_every_log_that_is_wanted(bench: Bench) -> None:
    bench.pipeline.want(ALL)
    bench.pipeline.start()
    for task in tasks(4):
        assert bench.pipeline.offer(task)
        time.sleep(0)
    bench.until(4, "enhanced")
    bench.until(1, "enhanced-vp8", "enhanced-h264")
    # An extra encoder may leave pictures out while it is busy; the usual one may not.
    assert len(bench.of("enhanced")) == 4 and sizes(bench.of("enhanced")) == {(128, 96)}
    profiles = {}
    for log, codec in (("enhanced-vp8", Codec.VP8), ("enhanced-h264", Codec.H264)):
        first = bench.of(log)[0].unit
        assert first is not None and first.is_key and first.codec is codec
        profiles[log] = first.payload[5]
    first = bench.of("enhanced")[0].unit
    # The byte behind the start code and the head of the SPS: High, and Baseline.
    assert first is not None and (first.payload[5], profiles["enhanced-h264"]) == (100, 66)


def test_each_frame_is_counted_once_whoever_makes_it(bench: Bench) -> None:
    usual, plain, extra = bench.pipeline.steps
    bench.pipeline.want(ALL)
    assert (usual.counts, plain.counts, extra.counts) == (True, False, False)
    bench.pipeline.want(plain.logs | extra.logs)
    assert (plain.counts, extra.counts) == (True, False)
    bench.pipeline.want(extra.logs)
    assert (plain.counts, extra.counts) == (False, True)
    bench.pipeline.want(frozenset(("enhanced-vp8",)))
    assert (usual.counts, extra.counts) == (True, True)
    bench.pipeline.want(frozenset(("enhanced-h264",)))
    assert (usual.counts, extra.counts) == (True, False)


def test_without_a_watched_log_pictures_are_made_for_nobody(bench: Bench) -> None:
    bench.pipeline.start()
    for task in tasks(3):
        bench.pipeline.offer(task)
    bench.pipeline.want(frozenset(("enhanced",)))
    for task in tasks(2):
        bench.pipeline.offer(task)
    bench.until(1)
    assert {made.rendition for made in bench.made} == {"enhanced"}
    assert bench.made[0].unit is not None and bench.made[0].unit.is_key


def test_copies_pass_without_a_net_at_the_sources_size(bench: Bench) -> None:
    bench.pipeline.want(frozenset(("enhanced",)))
    bench.pipeline.start()
    for task in tasks(5, Route.COPY):
        bench.pipeline.offer(task)
    bench.until(5)
    assert sizes(bench.of("enhanced")) == {(64, 48)}
    assert bench.counters.read().bypassed == 5 and bench.counters.read().enhanced == 0


@pytest.mark.parametrize(
    ("logs", "copied", "recoded"),
    [
        ((), Codec.H264, False),
        (("enhanced",), Codec.VP9, False),
        (("enhanced-h264",), Codec.H264, False),
        (("enhanced-h264",), Codec.VP8, True),
        (("enhanced-vp8",), Codec.H264, True),
        (("enhanced-h264", "enhanced-vp8"), Codec.VP8, True),
        (("enhanced-h264", "enhanced-vp8"), Codec.AV1, True),
    ],
)
def test_copies_are_decoded_for_those_who_lack_their_codec(
    bench: Bench, logs: tuple[str, ...], copied: Codec, recoded: bool
) -> None:
    bench.pipeline.want(frozenset(logs))
    assert bench.pipeline.recodes(copied) is recoded


def test_units_without_a_picture_are_counted_by_what_they_were_for(bench: Bench) -> None:
    (unit,) = units(Clip(frames=1))
    for route in (Route.WORK, Route.RECODE):
        bench.pipeline.drop(FrameTask(unit, route, arrived=0.0), "broken")
    assert bench.counters.read().dropped == {"broken": 1, "recode_broken": 1}


def test_a_key_frame_is_asked_of_the_encoder_that_writes_the_log(bench: Bench) -> None:
    usual, _plain, extra = bench.pipeline.steps
    now = time.monotonic()

    def due(step: object) -> list[bool]:
        return [one.keys.is_due(pts=3000, clock_rate=90_000, now=now + 9) for one in (usual, extra)]

    for step in (usual, extra):
        assert step.keys.is_due(pts=0, clock_rate=90_000, now=now)
    bench.pipeline.ask_key_frame("enhanced-vp8")
    assert due(usual) == [False, True]
    bench.pipeline.ask_key_frame("enhanced")
    assert due(usual) == [True, False]
    bench.pipeline.ask_key_frame("unheard-of")
    assert due(usual) == [False, False]
    bench.pipeline.restart()
    assert due(usual) == [True, True]


def test_the_bitrate_is_set_for_all_encoders(bench: Bench) -> None:
    bench.pipeline.set_kbps(700)
    assert [step.kbps for step in bench.pipeline.steps] == [700] * 3


def test_the_bitrate_is_bounded_by_what_is_granted(bench: Bench) -> None:
    bench.pipeline.grant(None, now=1.0)
    assert [step.most_kbps for step in bench.pipeline.steps] == [0] * 3
    bench.pipeline.grant(300.5, now=2.0)
    assert [step.most_kbps for step in bench.pipeline.steps] == [300] * 3
    # Nothing was encoded yet, so nothing is bounded.
    assert bench.pipeline.bounded == ""
    bench.pipeline.steps[0].is_bounded = True
    assert bench.pipeline.bounded == "the link carries 300 kbit/s of it"


def test_frames_wait_in_a_queue_that_is_longer_where_the_decoder_is_shared(bench: Bench) -> None:
    # The threads do not run, so whoever offers one more waits.
    frames = iter(tasks(9))

    def offers(count: int) -> threading.Thread:
        thread = threading.Thread(
            target=lambda: [bench.pipeline.offer(next(frames)) for _ in range(count)]
        )
        thread.start()
        thread.join(0.2)
        return thread

    assert not offers(2).is_alive()
    bench.pipeline.set_decoder_shared(True)
    assert not offers(6).is_alive()
    waiting = offers(1)
    assert waiting.is_alive()
    bench.pipeline.close()
    waiting.join(5)
    assert not waiting.is_alive()


def test_after_the_end_nothing_is_taken_and_closing_again_is_harmless(bench: Bench) -> None:
    bench.pipeline.start()
    bench.pipeline.close()
    bench.pipeline.close()
    assert bench.pipeline.join(10)
    (task,) = tasks(1)
    assert not bench.pipeline.offer(task)


def test_an_error_of_ours_ends_all_threads_and_is_told_once_at_least(bench: Bench) -> None:
    bench.pipeline.want(frozenset(("enhanced",)))
    bench.pipeline.start()
    (task,) = tasks(1)
    task.unit = None  # type: ignore[assignment]
    bench.pipeline.offer(task)
    assert isinstance(bench.until_failed(), AttributeError)
    assert bench.pipeline.join(10)
    (late,) = tasks(1)
    assert not bench.pipeline.offer(late)


def held_back(until_s: float) -> Callable[[FrameTask], FrameTask]:
    """Gives every frame to a team that never answers."""

    def give_out(task: FrameTask) -> FrameTask:
        assert task.picture is not None
        team = team_frame(alone(task.picture.y), until=time.monotonic() + until_s)
        return TeamTask.of(task, team)

    return give_out


def test_frames_that_helpers_work_on_wait_until_their_deadline_and_are_not_late(
    nets: ModelCache,
) -> None:
    bench = Bench(nets, give_out=held_back(0.5))
    pipeline = bench.pipeline
    pipeline.want(frozenset(("enhanced",)))
    pipeline.start()
    begun = time.monotonic()
    for task in tasks(6):
        task.arrived = time.monotonic()
        assert pipeline.offer(task)
    # The decoder does not wait for them.
    assert time.monotonic() - begun < 0.4
    bench.until(6)
    assert time.monotonic() - begun > 0.5
    assert bench.counters.read().dropped == {}
    pipeline.close()
    assert pipeline.join(10)
