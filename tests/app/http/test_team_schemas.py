from __future__ import annotations

import msgspec

from app.http.team_schemas import Team, TeamHelper
from wire.heartbeat import TeamDevice, TeamWork


def test_all_that_a_lead_reports_is_shown() -> None:
    device = TeamDevice(
        name="dev1", round_trip_ms=41.5, trust=0.9, tasks=30.0, in_time=29.0, late=1.0,
        samples=1_000_000.0, fraction=0.25, kbps=850.5,
    )  # fmt: skip
    work = TeamWork(
        mode="regions", reason="The lead lacks time.", invited=3, wanted=0.4,
        playout_delay_ms=120.0, turn_around_p50_ms=60.0, turn_around_p95_ms=110.0,
        devices=[device],
    )  # fmt: skip
    shown = Team.of(work)
    assert shown.model_dump() == msgspec.to_builtins(work)
    assert shown.devices[0].fraction == 0.25


def test_the_fields_are_those_of_the_heartbeat() -> None:
    assert set(Team.model_fields) == set(TeamWork.__struct_fields__)
    assert set(TeamHelper.model_fields) == set(TeamDevice.__struct_fields__)


def test_a_rendition_without_helpers_has_its_reason() -> None:
    shown = Team.of(TeamWork(mode="off", reason="The operator wants none."))
    assert (shown.mode, shown.devices, shown.invited) == ("off", [], 0)
