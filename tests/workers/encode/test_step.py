"""What each log gets of copied, recoded and enhanced tasks, with real encoders."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable

import pytest

from media.access_unit import Flags
from media.codec import Codec
from media.treatment import Treatment
from wire import keys
from workers.decode.decoder import UnitDecoder
from workers.encode.step import EncodeStep, Made, OutputConfig
from workers.media.frame_task import FrameTask
from workers.media.route import Route
from workers.runtime.frame_counters import FrameCounters

from ..clips import Clip, picture, units
from ..studio import BITRATES

OUTPUT = OutputConfig(codec=Codec.H264, preset="ultrafast", bitrates=BITRATES)
BOTH = ("enhanced", "enhanced-h264")
COPIED = [("enhanced", "copied key"), ("enhanced", "copied")]


class Bench:
    """One step and what it tells."""

    def __init__(
        self,
        codec: Codec = Codec.H264,
        logs: tuple[str, ...] = BOTH,
        *,
        preset: str = "ultrafast",
        idle_s: Callable[[], float] = lambda: 0.0,
        is_shared: bool = False,
    ) -> None:
        self.counters = FrameCounters()
        self.wishes: list[str] = []
        self.step = EncodeStep(
            dataclasses.replace(OUTPUT, preset=preset),
            self.counters,
            codec=codec,
            logs=logs,
            fps=30.0,
            need_key=self.wishes.append,
            is_shared=is_shared,
        )
        self.step.idle_s = idle_s

    def want(self, *names: str) -> None:
        self.step.wanted = frozenset(names)

    def put(self, tasks: Iterable[FrameTask]) -> list[Made]:
        return [made for task in tasks for made in self.step.step(task)]


def tasks(
    route: Route, count: int = 3, *, first: int = 0, codec: Codec = Codec.H264
) -> list[FrameTask]:
    """The first is a key frame of the source where ``first`` is 0."""
    coded = list(units(Clip(codec=codec, frames=first + count)))[first:]
    side = 2 if route is Route.WORK else 1
    return [
        FrameTask(
            unit,
            route,
            arrived=time.monotonic(),
            picture=None if route is Route.COPY else picture(n, 64 * side, 48 * side),
        )
        for n, unit in enumerate(coded)
    ]


def told(found: list[Made]) -> list[tuple[str, str]]:
    """(log, what it got)."""
    words = []
    for made in found:
        if made.unit is None:
            words.append((made.rendition, "emptied"))
        elif made.unit.flags & Flags.BYPASS:
            words.append((made.rendition, "copied key" if made.unit.is_key else "copied"))
        else:
            words.append((made.rendition, "key" if made.unit.is_key else "coded"))
    return words


def test_one_encoder_serves_all_logs_of_its_codec() -> None:
    bench = Bench()
    bench.want(*BOTH)
    found = bench.put(tasks(Route.WORK))
    assert told(found) == [(name, how) for how in ("key", "coded", "coded") for name in BOTH]
    assert bench.step.coded == 3
    assert [made.is_counted for made in found] == [True, False] * 3
    assert [made.unit.sequence for made in found if made.unit] == [0, 0, 1, 1, 2, 2]


def long_tasks(count: int) -> list[FrameTask]:
    """Pictures a quarter of a second apart, so that key frames come often."""
    (unit,) = units(Clip(frames=1))
    return [
        FrameTask(
            dataclasses.replace(unit, pts=n * 22_500, clock_rate=90_000),
            Route.WORK,
            arrived=time.monotonic() + 3600.0,
            picture=picture(n, 128, 96),
        )
        for n in range(count)
    ]


def test_an_encoder_with_idle_time_does_more_from_a_key_frame_on() -> None:
    bench = Bench(preset="superfast", idle_s=lambda: 9.0)
    bench.want("enhanced")
    policy = bench.step._refining
    assert policy is not None
    # As if it had been idle for long: the key frame after four seconds begins anew.
    policy._idle_since, policy._coded_at = -1e9, time.monotonic()
    found = bench.put(long_tasks(40))
    assert [made.unit.is_key for made in found if made.unit] == [n % 16 == 0 for n in range(40)]
    assert 0 < bench.step.refined <= 40
    decoder = UnitDecoder(Codec.H264)
    assert sum(len(decoder.decode(made.unit.payload, 0)) for made in found if made.unit) == 40


def test_an_encoder_beside_others_and_one_of_another_preset_do_no_more() -> None:
    for bench in (
        Bench(preset="superfast", idle_s=lambda: 9.0, is_shared=True),
        Bench(preset="veryfast", idle_s=lambda: 9.0),
        Bench(Codec.VP8, preset="superfast", idle_s=lambda: 9.0),
    ):
        assert bench.step._refining is None
        bench.want("enhanced")
        bench.put(long_tasks(5))
        assert (bench.step.coded, bench.step.refined) == (5, 0)


def test_nothing_is_encoded_for_a_log_that_is_not_wanted() -> None:
    bench = Bench()
    assert bench.step.is_idle and bench.put(tasks(Route.WORK)) == []
    bench.want("enhanced-vp8")
    assert bench.step.is_idle and bench.put(tasks(Route.WORK)) == []
    assert (bench.step.coded, bench.step.spent_s) == (0, 0.0)


def test_a_log_that_joins_begins_with_a_key_frame_and_one_that_leaves_is_emptied_once() -> None:
    bench = Bench()
    bench.want("enhanced")
    bench.put(tasks(Route.WORK))
    bench.want(*BOTH)
    assert told(bench.put(tasks(Route.WORK, 2))) == [
        ("enhanced", "key"),
        ("enhanced-h264", "key"),
        ("enhanced", "coded"),
        ("enhanced-h264", "coded"),
    ]
    bench.want("enhanced-h264")
    assert told(bench.put(tasks(Route.WORK, 2))) == [
        ("enhanced", "emptied"),
        ("enhanced-h264", "coded"),
        ("enhanced-h264", "coded"),
    ]
    bench.want()
    assert not bench.step.is_idle
    assert told(bench.put(tasks(Route.WORK, 2))) == [("enhanced-h264", "emptied")]
    assert bench.step.is_idle


def test_frames_count_in_the_log_that_is_wanted() -> None:
    bench = Bench()
    bench.want("enhanced-h264")
    assert [made.is_counted for made in bench.put(tasks(Route.WORK))] == [True] * 3
    bench.step.counts = False
    assert [made.is_counted for made in bench.put(tasks(Route.WORK))] == [False] * 3


@pytest.mark.parametrize("codec,how", [(Codec.H264, "copied"), (Codec.VP9, "")])
def test_copied_units_go_into_logs_that_may_hold_them(codec: Codec, how: str) -> None:
    bench = Bench()
    bench.want(*BOTH)
    found = told(bench.put(tasks(Route.COPY, 2, codec=codec)))
    assert [what for what in found if what[0] == "enhanced"] == COPIED
    assert bool([what for what in found if what[0] == "enhanced-h264"]) is bool(how)
    assert bench.counters.read().bypassed == 2 and bench.step.coded == 0


def test_units_say_what_was_done_to_the_picture_and_copied_ones_why_not_more() -> None:
    bench = Bench()
    bench.want(*BOTH)
    bench.step.copied_as = Treatment.OFF
    copied = bench.put(tasks(Route.COPY, 1))
    frames = tasks(Route.WORK, 2)
    for frame in frames:
        frame.treatment, frame.net = Treatment.TEMPORAL, "live-s"
    coded = bench.put(frames)
    recoded = bench.put(tasks(Route.RECODE, 1))

    def said(found: list[Made]) -> set[tuple[Treatment, str]]:
        return {(each.unit.treatment, each.unit.net) for each in found if each.unit is not None}

    assert said(copied) == said(recoded) | {(Treatment.OFF, "")} == {(Treatment.OFF, "")}
    assert said(coded) == {(Treatment.TEMPORAL, "live-s")}


def test_copying_into_the_usual_log_needs_no_viewer() -> None:
    bench = Bench()
    assert told(bench.put(tasks(Route.COPY, 2))) == COPIED
    # Enhanced pictures follow, and still nobody watches.
    assert told(bench.put(tasks(Route.WORK, 2))) == [("enhanced", "emptied")]


def test_a_copied_log_begins_at_a_key_frame_which_is_asked_for() -> None:
    bench = Bench()
    bench.want("enhanced-h264")
    bench.put(tasks(Route.COPY, 3))
    bench.want()
    bench.put(tasks(Route.COPY, 1, first=3))
    bench.want("enhanced-h264")
    found = told(bench.put(tasks(Route.COPY, 1, first=4)))
    assert [what for what in found if what[0] == "enhanced-h264"] == []
    assert bench.wishes
    found = told(bench.put(tasks(Route.COPY, 1)))
    assert ("enhanced-h264", "copied key") in found


def test_what_is_copied_in_another_codec_is_recoded_into_its_own_logs_only() -> None:
    bench = Bench()
    bench.want(*BOTH)
    assert told(bench.put(tasks(Route.RECODE, 2, codec=Codec.VP9))) == [
        ("enhanced-h264", "key"),
        ("enhanced-h264", "coded"),
    ]
    assert bench.step.beside_s == bench.step.spent_s > 0
    # Pictures of the log's own codec were copied.
    assert bench.put(tasks(Route.RECODE, 2, codec=Codec.H264)) == []


def test_every_change_between_ways_begins_with_a_key_frame_and_loses_no_number() -> None:
    bench = Bench(Codec.VP8, ("enhanced-vp8",))
    bench.want("enhanced-vp8")
    found = bench.put(
        [
            *tasks(Route.WORK),
            *tasks(Route.COPY, codec=Codec.VP8),
            *tasks(Route.WORK),
            *tasks(Route.RECODE),
            *tasks(Route.WORK),
        ]
    )
    words = [what for _, what in told(found)]
    coded, copied = ["key", "coded", "coded"], ["copied key", "copied", "copied"]
    assert words == coded + copied + coded * 3
    sent = [made.unit for made in found if made.unit is not None]
    assert [unit.sequence for unit in sent] == list(range(15))
    decoder = UnitDecoder(Codec.VP8)
    sizes = [(p.width, p.height) for unit in sent for _, p in decoder.decode(unit.payload, 0)]
    assert (
        sizes
        == [(128, 96)] * 3 + [(64, 48)] * 3 + [(128, 96)] * 3 + [(64, 48)] * 3 + [(128, 96)] * 3
    )


def test_what_is_late_counts_where_the_frame_counts() -> None:
    bench = Bench()
    bench.want("enhanced")
    late = [dataclasses.replace(task, arrived=time.monotonic() - 9) for task in tasks(Route.WORK)]
    assert len(bench.put(late)) == 1  # one goes through, so that no picture stands still
    assert (bench.counters.read().dropped, bench.step.left_out) == ({"late": 2}, 0)
    bench.step.counts = False
    bench.put(late)
    assert (bench.counters.read().dropped, bench.step.left_out) == ({"late": 2}, 3)


def test_a_shared_picture_is_not_written_to() -> None:
    step = EncodeStep(
        OUTPUT,
        FrameCounters(),
        codec=Codec.VP8,
        logs=("enhanced-vp8",),
        fps=30.0,
        need_key=print,
        is_shared=True,
    )
    step.wanted = frozenset(["enhanced-vp8"])
    (task,) = tasks(Route.WORK, 1)
    assert task.picture is not None
    before, pixels = task.picture.frame.pts, task.picture.y.copy()
    assert len(list(step.step(task))) == 1
    assert task.picture.frame.pts is before and (task.picture.y == pixels).all()


def test_the_names_of_renditions_tell_their_codecs() -> None:
    assert keys.logs_of(keys.ENHANCED) == ("enhanced", "enhanced-h264", "enhanced-vp8")


def test_the_encoder_makes_no_more_than_the_way_bears() -> None:
    bench = Bench()
    bench.want("enhanced")
    bench.step.kbps = 900

    def keys_of(*most_kbps: int) -> list[bool]:
        found = []
        for at, most in enumerate(most_kbps):
            bench.step.most_kbps = most
            (made,) = bench.put(tasks(Route.WORK, 1, first=at))
            assert made.unit is not None
            found.append(made.unit.is_key)
        return found

    assert keys_of(0, 1000, 900) == [True, False, False]
    assert not bench.step.is_bounded
    # A new encoder, and the old rate again.
    assert keys_of(200, 200, 0) == [True, False, True]
    assert not bench.step.is_bounded
    bench.step.most_kbps = 100
    bench.put(tasks(Route.WORK, 1))
    assert bench.step.is_bounded
