from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from media.access_unit import AccessUnit, Flags, Kind
from media.codec import Codec
from media.treatment import Treatment
from wire.rendition_record import RenditionRecord
from workers.media.route import Route
from workers.scheduling.admission import (
    MAX_OVERCOMMIT,
    OVERCOMMITTED,
    RETRY_AFTER_S,
    UNSERVED_S,
    Unserved,
)
from workers.scheduling.capacity import Capacity
from workers.scheduling.handle import SharedScheduler
from workers.scheduling.job_load import COPY_LOAD
from workers.scheduling.memory import stream_bytes
from workers.scheduling.scheduler import Standing
from workers.session.mode import (
    ALONE_REASON,
    OFF_REASON,
    OWNER_REASON,
    PLAIN_REASON,
    StreamMode,
)
from workers.session.rendition_state import RenditionEvent
from workers.team.farming import FarmingMode
from workers.team.lane_team import TeamGoal

from ..scheduling.levels import FULL, METHODS, took

MACS = {"small": 10, "large": 60, "larger": 200}
CAPACITY = Capacity(
    streams=2.0, ms_per_frame=20.0, macs=MACS, model="small", smaller={"larger": "large"}
)
RECORD = RenditionRecord(stream="cam1", name="enhanced", source_epoch=1)


def make(
    *, record: RenditionRecord = RECORD, model: str = "small", crowd: list[float] | None = None
) -> StreamMode:
    """``crowd`` holds the load of the other streams, which may change."""
    others = crowd or [0.0]
    return StreamMode(CAPACITY, lambda: others[0], record=record, model=model)


def stream(
    width: int, height: int, fps: float, count: int, *, first: int = 0
) -> Iterator[AccessUnit]:
    for index in range(first, first + count):
        yield AccessUnit(
            kind=Kind.VIDEO,
            codec=Codec.H264,
            flags=Flags.KEY if index == first else Flags.NONE,
            sequence=index,
            pts=round(index * 90_000 / fps),
            clock_rate=90_000,
            capture_us=0,
            arrival_us=0,
            payload=b"x",
            width=width,
            height=height,
        )


def routes(mode: StreamMode, source: Iterator[AccessUnit]) -> set[Route | None]:
    return {mode.route(unit, now=unit.pts / 90_000) for unit in source}


def test_what_fits_is_worked_on_and_counts_as_load() -> None:
    mode = make()
    assert mode.event(net_ready=False)[0] == RenditionEvent.PREPARE
    assert routes(mode, stream(480, 270, 30, 60)) == {Route.WORK}
    assert mode.event(net_ready=True) == (RenditionEvent.ENHANCE, "")
    assert mode.load == pytest.approx(1.0)


def test_what_does_not_fit_is_copied_from_its_first_key_frame() -> None:
    mode = make()
    assert routes(mode, stream(1280, 720, 30, 10)) == {Route.COPY}
    state, reason = mode.event(net_ready=False)
    assert state == RenditionEvent.REFUSE and reason.startswith(
        "1280x720 at 30 frames per second needs 142 ms"
    )
    assert mode.load < 0.1
    assert routes(mode, stream(480, 270, 30, 10, first=10)) == {Route.WORK}


def test_a_heavier_model_needs_more_room_unless_a_smaller_one_may_serve_in_its_place() -> None:
    heavy = make(model="large")
    assert routes(heavy, stream(480, 270, 30, 10)) == {Route.COPY}
    replaced = make(model="larger")
    assert routes(replaced, stream(320, 180, 30, 10)) == {Route.WORK}
    # By measurement it is too slow after all.
    slow = Standing(level="", ms_per_s=0.0, full_ms=999.0, least_ms=999.0)
    replaced.judge(fault="", standing=slow, now=2.0)
    replaced.judge(fault="", standing=slow, now=6.0)
    assert replaced.event(net_ready=True)[0] == RenditionEvent.REFUSE


def test_a_stream_that_wakes_in_a_crowd_is_copied_and_one_that_was_there_stays() -> None:
    crowd = [0.5]
    mode = make(crowd=crowd)
    assert routes(mode, stream(480, 270, 30, 10)) == {Route.WORK}
    crowd[0] = MAX_OVERCOMMIT + 0.1
    mode.judge(fault="", now=1.0)
    assert mode.event(net_ready=True)[0] == RenditionEvent.ENHANCE
    mode.wake(now=2.0)
    assert mode.event(net_ready=True) == (RenditionEvent.REFUSE, OVERCOMMITTED)
    assert routes(mode, stream(480, 270, 30, 10, first=20)) == {Route.COPY}
    crowd[0] = 0.0
    mode.judge(fault="", now=3.0 + RETRY_AFTER_S)
    assert mode.event(net_ready=True)[0] == RenditionEvent.ENHANCE


def test_a_stream_that_nobody_watches_is_idle_once_its_net_is_ready() -> None:
    mode = make(record=replace(RECORD, name="small"))
    assert mode.event(net_ready=False, asleep=True)[0] == RenditionEvent.PREPARE
    reason = "Nobody watches the rendition “small”."
    assert mode.event(net_ready=True, asleep=True) == (RenditionEvent.SLEEP, reason)
    off = make(record=replace(RECORD, enhance=False))
    assert off.event(net_ready=True, asleep=True)[0] == RenditionEvent.SWITCH_OFF


def test_a_slow_model_runs_where_it_was_asked_for_unless_it_holds_up_the_stream() -> None:
    asked = make(record=replace(RECORD, model="large"))
    assert routes(asked, stream(480, 270, 30, 10)) == {Route.WORK}
    assert routes(asked, stream(1280, 720, 30, 10, first=10)) == {Route.COPY}


def test_what_would_be_too_large_to_be_written_is_copied() -> None:
    roomy = Capacity(streams=99.0, ms_per_frame=0.001, macs={}, model="small")
    mode = StreamMode(roomy, lambda: 0.0, record=RECORD, model="small")
    assert routes(mode, stream(4098, 500, 30, 3)) == {Route.COPY}
    assert mode.event(net_ready=True) == (
        RenditionEvent.REFUSE,
        "4098x500 is too large to become 2 times as large.",
    )


@pytest.mark.parametrize(
    ("model", "factor", "scale", "size"),
    [
        ("triple", 0, None, (290, 162)),
        ("triple", 3, None, (290, 162)),
        ("triple", 0, 2, (194, 108)),  # the net of before is at work
        ("triple", 1, None, (97, 54)),
        ("unheard", 0, None, (0, 0)),
        ("unheard", 0, 2, (194, 108)),
        ("unheard", 1, None, (97, 54)),
        ("triple", 2, None, (97, 54)),  # the source is copied
    ],
)
def test_the_size_of_the_output_is_the_nets_at_work_or_the_one_to_come(
    model: str, factor: int, scale: int | None, size: tuple[int, int]
) -> None:
    capacity = dataclasses.replace(CAPACITY, scales={"triple": 3})
    record = replace(RECORD, model=model, factor=factor)
    mode = StreamMode(capacity, lambda: 0.0, record=record, model="small")
    assert mode.output_size(scale) == (0, 0)
    routes(mode, stream(97, 54, 30, 3))
    assert mode.output_size(scale) == size


def test_viewers_are_told_why_units_are_copied() -> None:
    mode = make()
    mode.decoded(480, 270)
    mode.judge(fault="", now=0.0)
    assert mode.copied_as is Treatment.STARTING  # it waits for its key frame
    mode.judge(fault="The net is missing.", now=0.0)
    assert mode.copied_as is Treatment.FAULT
    mode.follow(replace(RECORD, enhance=False))
    assert mode.copied_as is Treatment.OFF
    mode.follow(replace(RECORD, enhance=False), is_original=True)
    assert mode.copied_as is Treatment.OWNER
    large = make()
    large.decoded(8192, 8192)
    large.judge(fault="", now=0.0)
    assert large.copied_as is Treatment.TOO_LARGE
    slow = make(model="larger", record=replace(RECORD, model="larger"))
    slow.decoded(3000, 2000)
    slow.judge(fault="", now=0.0)
    assert slow.copied_as in (Treatment.NO_TIME, Treatment.TOO_LARGE)


def test_what_the_broadcaster_wants_counts_more_than_the_operator() -> None:
    mode = make()
    mode.decoded(480, 270)
    mode.judge(fault="", now=0.0)
    mode.follow(RECORD, is_original=True)
    mode.judge(fault="", now=0.0)
    assert mode.event(net_ready=True) == (RenditionEvent.SWITCH_OFF, OWNER_REASON)
    assert routes(mode, stream(480, 270, 30, 3)) == {Route.COPY}
    mode.follow(RECORD)
    mode.judge(fault="", now=0.0)
    assert mode.event(net_ready=True)[0] is RenditionEvent.ENHANCE
    # The rendition for weak links has no net, so it is the original.
    mode.follow(replace(RECORD, factor=-1), is_original=True)
    assert mode.event(net_ready=True)[0] is RenditionEvent.ENHANCE


def test_a_stream_that_is_switched_off_from_the_start_is_copied() -> None:
    mode = make(record=replace(RECORD, enhance=False))
    nameless = (dataclasses.replace(u, width=0, height=0) for u in stream(1, 1, 30, 3))
    assert routes(mode, nameless) == {Route.COPY}


def test_the_operators_wish_is_followed_at_a_key_frame() -> None:
    mode = make()
    routes(mode, stream(480, 270, 30, 10))
    assert not mode.follow(replace(RECORD, enhance=False))
    mode.judge(fault="", now=1.0)
    assert mode.event(net_ready=True) == (RenditionEvent.SWITCH_OFF, OFF_REASON)
    assert mode.needs_key_frame and mode.current is Route.WORK
    assert routes(mode, stream(480, 270, 30, 10, first=10)) == {Route.COPY}
    assert mode.follow(replace(RECORD, model="large"))
    assert mode.model == "large"


def test_a_net_that_cannot_be_had_means_copying_with_its_reason() -> None:
    mode = make()
    routes(mode, stream(480, 270, 30, 10))
    mode.judge(fault="There is no such net.", now=1.0)
    assert mode.event(net_ready=False) == (RenditionEvent.REFUSE, "There is no such net.")
    mode.judge(fault="", now=2.0)
    assert mode.event(net_ready=True) == (RenditionEvent.ENHANCE, "")


def test_a_size_that_units_do_not_say_comes_from_the_pictures() -> None:
    mode = make()
    nameless = (dataclasses.replace(u, width=0, height=0) for u in stream(1, 1, 30, 10))
    assert routes(mode, nameless) == {Route.WORK}
    mode.decoded(480, 270)
    assert (mode.width, mode.height) == (480, 270)
    mode.decoded(1, 1)
    assert mode.load == pytest.approx(1.0)


def test_a_size_over_the_limit_is_only_copied_whatever_it_costs() -> None:
    mode = make()
    assert routes(mode, stream(2048, 1152, 0.1, 3)) == {Route.COPY}
    state, reason = mode.event(net_ready=True)
    assert state == RenditionEvent.REFUSE and reason.startswith("The picture is 2048x1152")


def test_a_stream_for_which_there_is_no_memory_is_only_copied_until_there_is() -> None:
    room = [stream_bytes(480, 270, 2) - 1]
    mode = StreamMode(CAPACITY, lambda: 0.0, record=RECORD, model="small", memory=lambda: room[0])
    assert routes(mode, stream(480, 270, 30, 3)) == {Route.COPY}
    assert mode.bytes == 0
    assert mode.event(net_ready=True)[1].startswith("480x270 needs ")
    room[0] += 1
    mode.judge(fault="", now=1.0)
    assert routes(mode, stream(480, 270, 30, 3)) == {Route.WORK}
    assert mode.bytes == stream_bytes(480, 270, 2)


def test_what_bars_a_stream_holds_over_waking_and_other_sizes() -> None:
    mode = make()
    mode.barred = "It ends workers."
    mode.wake(now=0.0)
    assert routes(mode, stream(480, 270, 30, 3)) == {Route.COPY}
    assert routes(mode, stream(320, 180, 30, 3)) == {Route.COPY}
    assert mode.event(net_ready=True) == (RenditionEvent.REFUSE, "It ends workers.")
    mode.barred = ""
    mode.judge(fault="", now=1.0)
    assert routes(mode, stream(320, 180, 30, 3)) == {Route.WORK}


def test_a_factor_that_the_net_does_not_have_is_refused_in_a_plain_sentence() -> None:
    mode = make(record=replace(RECORD, factor=3))
    mode.route(next(stream(480, 270, 30, 1)), now=0.0)
    event, reason = mode.event(net_ready=True)
    assert event is RenditionEvent.REFUSE
    assert reason == (
        "small enlarges 2 times, and this rendition is to be 3 times as large as the source."
    )


@pytest.mark.parametrize("factor", [0, 1, 2])
def test_the_nets_own_factor_and_the_sources_size_are_accepted(factor: int) -> None:
    mode = make(record=replace(RECORD, factor=factor))
    assert routes(mode, stream(480, 270, 30, 5)) == {Route.WORK}


STANDING = Standing(level="full", ms_per_s=100.0, full_ms=8.0, least_ms=4.0)


def goal(mode: StreamMode, *, is_wanted: bool = True) -> TeamGoal:
    return mode.team_goal(0.5, STANDING, is_wanted=is_wanted)


def test_what_a_team_is_to_make_is_what_the_rendition_is() -> None:
    mode = make(record=replace(RECORD, model="large"))
    routes(mode, stream(480, 270, 30, 30))
    wanted = goal(mode)
    assert (wanted.model, wanted.strength, wanted.size) == ("large", 0.5, (480, 270))
    assert wanted.fps == pytest.approx(30.0) and wanted.standing is STANDING
    assert wanted.expected_ms == pytest.approx(120.0)
    assert (wanted.obstacle, wanted.pinned, wanted.excluded) == ("", (), ())
    assert not wanted.is_forced and not wanted.is_off


def test_the_operator_wants_helpers_or_none_and_pins_or_excludes_workers() -> None:
    mode = make(record=replace(RECORD, team="on", pinned="dev3", excluded="dev1,dev2"))
    assert goal(mode).is_forced and goal(mode).excluded == ("dev1", "dev2")
    assert goal(mode).pinned == ("dev3",)
    mode.follow(replace(RECORD, team="off"))
    assert goal(mode).is_off and goal(mode).obstacle == ALONE_REASON
    for pinned in (FarmingMode.REGIONS, FarmingMode.FRAMES):
        mode.follow(replace(RECORD, team=pinned.value))
        assert goal(mode).is_forced and goal(mode).mode is pinned
    mode.follow(replace(RECORD, team="sometimes"))
    assert goal(mode).mode is None
    assert not goal(mode).is_off and not goal(mode).is_forced and goal(mode).obstacle == ""


def test_nobody_helps_with_what_is_not_made() -> None:
    assert goal(make(record=replace(RECORD, enhance=False))).obstacle == OFF_REASON
    assert "the source's size" in goal(make(record=replace(RECORD, factor=1))).obstacle
    assert "Nobody watches" in goal(make(), is_wanted=False).obstacle
    barred = make()
    barred.barred = "It cannot be decoded."
    assert goal(barred).obstacle == "It cannot be decoded."


def test_a_stream_that_is_too_much_for_the_worker_is_made_with_helpers() -> None:
    mode = make(model="larger")
    routes(mode, stream(480, 270, 30, 30))
    mode.judge(fault="", now=1.0)
    assert mode.event(net_ready=True)[0] == RenditionEvent.REFUSE
    # Those who could help are asked although it is copied.
    assert goal(mode).obstacle == ""
    mode.judge(fault="", now=2.0, helped=0.8)
    assert mode.event(net_ready=True)[0] == RenditionEvent.ENHANCE


def test_what_is_copied_has_the_load_that_it_would_have_enhanced() -> None:
    mode = StreamMode(CAPACITY, lambda: 0.0, record=RECORD, model="small", composes=True)
    routes(mode, stream(480, 270, 30, 40))
    mode.judge(fault="", now=2.0)
    routes(mode, stream(480, 270, 30, 40))
    assert mode.load == COPY_LOAD and mode.wanted_load == pytest.approx(1.0, rel=0.05)
    assert mode.team_goal(0.0, STANDING, is_wanted=True).is_forced
    mode.follow(replace(RECORD, enhance=False))
    assert mode.wanted_load == COPY_LOAD


def test_a_net_that_is_too_slow_on_whole_pictures_runs_on_regions() -> None:
    """854x480 takes 97 ms of the whole net, of 33 between frames."""
    able = dataclasses.replace(CAPACITY, propagating=frozenset(("large",)), planning_ms=3.0)
    mode = StreamMode(able, lambda: 0.0, record=RECORD, model="large")
    assert routes(mode, stream(854, 480, 30, 10)) == {Route.WORK}
    # Measured: whole pictures take as long as was thought, and regions a tenth of it.
    known = Standing(level="temporal", ms_per_s=300.0, full_ms=380.0, least_ms=380.0)
    for second in range(2, 60):
        mode.judge(fault="", standing=known, now=float(second))
    assert mode.event(net_ready=True) == (RenditionEvent.ENHANCE, "")
    # At the source's size nothing is propagated.
    plain = StreamMode(able, lambda: 0.0, record=replace(RECORD, factor=1), model="large")
    assert routes(plain, stream(854, 480, 30, 10)) == {Route.COPY}


def test_a_stream_whose_frames_get_no_net_is_copied_and_says_why() -> None:
    able = dataclasses.replace(CAPACITY, propagating=frozenset(("small",)), planning_ms=3.0)
    mode = StreamMode(able, lambda: 0.0, record=RECORD, model="small")
    routes(mode, stream(480, 270, 30, 31))
    waits = Standing("bicubic", 0.0, 20.0, 20.0, unserved=Unserved(UNSERVED_S, UNSERVED_S))
    mode.judge(fault="", standing=waits, now=UNSERVED_S - 1.0)
    state, reason = mode.event(net_ready=True)
    # Before it began nobody knows how long frames waited.
    assert state == RenditionEvent.ENHANCE
    mode.judge(fault="", standing=waits, now=UNSERVED_S)
    state, reason = mode.event(net_ready=True)
    assert state == RenditionEvent.REFUSE
    assert reason == (
        "No frame of 480x270 at 30 frames per second had time for a net here in 15 seconds."
    )


def test_what_was_slow_at_a_bad_moment_is_tried_again_and_not_copied_for_ever() -> None:
    handle = SharedScheduler().handle()
    costs = handle.join(METHODS)
    mode = make()
    assert routes(mode, stream(480, 270, 30, 31)) == {Route.WORK}
    # Something else has the cores.
    costs.add(FULL, took(0.3, 0.3))
    assert mode.measured(handle).full_ms == 300.0
    for second in range(2, 8):
        mode.judge(fault="", standing=mode.measured(handle), now=float(second))
    assert mode.event(net_ready=True)[0] == RenditionEvent.REFUSE
    # It is copied from the next key frame on; by then the cores are free again.
    assert routes(mode, stream(480, 270, 30, 31, first=31)) == {Route.COPY}
    for second in range(8, 8 + 2 * int(RETRY_AFTER_S)):
        mode.judge(fault="", standing=mode.measured(handle), now=float(second))
    assert mode.event(net_ready=True)[0] == RenditionEvent.ENHANCE
    # However late the key frame is with which it begins.
    mode.judge(fault="", standing=mode.measured(handle), now=300.0)
    assert routes(mode, stream(480, 270, 30, 31, first=62)) == {Route.WORK}


@pytest.mark.parametrize(("factor", "size"), [(-1, (1920, 1080)), (-2, (960, 540))])
def test_a_rendition_without_a_net_is_made_at_any_size_and_costs_no_capacity(
    factor: int, size: tuple[int, int]
) -> None:
    mode = make(record=replace(RECORD, factor=factor), crowd=[10.0])
    assert routes(mode, stream(1920, 1080, 30, 5)) == {Route.WORK}
    assert mode.output_size(None) == size
    assert mode.load == mode.wanted_load == COPY_LOAD
    assert mode.event(net_ready=True) == (RenditionEvent.ENHANCE, "")
    assert goal(mode).obstacle == PLAIN_REASON


def test_a_rendition_without_a_net_that_ends_workers_is_copied_like_any_other() -> None:
    mode = make(record=replace(RECORD, factor=-2))
    mode.barred = "It ends workers."
    mode.judge(fault="", now=0.0)
    assert routes(mode, stream(480, 270, 30, 3)) == {Route.COPY}
    assert mode.output_size(None) == (480, 270)
