from __future__ import annotations

import dataclasses

import msgspec

from wire.heartbeat import RenditionWork, StreamWork, TeamWork
from wire.team_map import TeamMap
from workers.runtime.frame_counters import Counts
from workers.scheduling.scheduler import Standing
from workers.session.lane_parts import SourceFacts
from workers.session.lane_report import LaneFacts, report

LANE = LaneFacts(
    stream="cam1",
    rendition="sharp",
    worker="edge-1",
    epoch=7,
    state="enhancing",
    reason="",
    model="live-s",
    engine="openvino",
    size=(960, 540),
    team=TeamWork(mode="regions", reason="It lacks time."),
    team_map=TeamMap(width=16, height=8, cell=8, devices=["edge-1", "dev1"], cells="1."),
)
SOURCE = SourceFacts(bad_entries=1, stale_units=2, bad_messages=3, decoded=400, fault="", remark="")
COUNTS = Counts(
    frames_in=500,
    frames_out=490,
    enhanced=480,
    bicubic=10,
    bypassed=20,
    key_frames=5,
    replayed=30,
    dropped={"late": 4},
    levels={"full": {"best": 480}},
    temporal_wanted=12.3456,
    temporal_done=6.789,
    samples={"": 500, "dev1": 1500},
    results={"in_time": 9, "late": 2},
)
STANDING = Standing(level="full", ms_per_s=123.456, full_ms=8.0, least_ms=4.0)
LOG = RenditionWork(name="sharp", codec="h264", watched=True)


def made(
    lane: LaneFacts = LANE, counts: Counts = COUNTS, logs: tuple[RenditionWork, ...] = (LOG,)
) -> StreamWork:
    return report(lane, SOURCE, counts, STANDING, (29.97, 2500.0), list(logs))


def test_identity_and_state_are_the_lanes() -> None:
    work = made()
    for name in ("stream", "rendition", "epoch", "state", "reason", "model", "engine"):
        assert getattr(work, name) == getattr(LANE, name)
    assert (work.width, work.height) == (960, 540)


def test_counters_of_frames_are_all_in_the_report() -> None:
    work = made()
    for field in dataclasses.fields(Counts):
        if not field.name.startswith(("temporal", "samples", "results")):
            assert getattr(work, field.name) == getattr(COUNTS, field.name), field.name


def test_samples_are_told_by_the_names_of_workers() -> None:
    work = made()
    assert work.net_samples == {"edge-1": 500, "dev1": 1500}
    assert work.team_results == {"in_time": 9, "late": 2}
    assert work.team == LANE.team and work.team_map == LANE.team_map


def test_counters_of_the_source_are_the_sessions() -> None:
    work = made()
    assert (work.bad_entries, work.stale_units, work.bad_messages) == (1, 2, 3)
    # One decode serves all renditions, so it is not among the lane's own counters.
    assert work.decoded == 400


def test_sums_are_rounded_and_counters_are_not() -> None:
    work = made()
    assert (work.temporal_wanted, work.temporal_done) == (12.35, 6.79)
    assert (work.allocation_ms, work.level) == (123.5, "full")
    assert (work.fps, work.kbps) == (29.97, 2500.0)


def test_a_lane_that_just_began_reports_zeros_and_no_logs() -> None:
    fresh = dataclasses.replace(LANE, state="starting", reason="The net is made.", size=(0, 0))
    work = made(fresh, Counts(), ())
    assert (work.frames_in, work.enhanced, work.dropped, work.levels) == (0, 0, {}, {})
    assert (work.width, work.height, work.renditions) == (0, 0, [])
    assert work.reason == "The net is made."


def test_the_report_survives_the_heartbeat() -> None:
    work = made()
    assert msgspec.json.decode(msgspec.json.encode(work), type=StreamWork) == work
