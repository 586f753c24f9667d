from __future__ import annotations

import dataclasses

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.heartbeat import HelperWork, ModelInfo, WorkerBeat
from workers.team.recruiting import (
    ANSWER_S,
    FIRST_PAUSE_S,
    LET_GO_S,
    MAX_HELPERS,
    MAX_PAUSE_S,
    TAKE_OVER_S,
    Candidate,
    Need,
    Recruiter,
    candidate_of,
)

NEED = Need("live-m", 2000.0, own_ms_per_frame=10.0)


def candidate(name: str, **fields: object) -> Candidate:
    """One that adds 1000 ms a second."""
    found = Candidate(name, frozenset({"live-m"}), free=1.0, ms_per_frame=10.0)
    return dataclasses.replace(found, **fields)  # type: ignore[arg-type]


MANY = [candidate(f"dev{number}") for number in range(9)]


def test_as_many_are_invited_as_are_needed_and_a_few_more() -> None:
    found = Recruiter("lead").choose(MANY, NEED, now=0.0)
    assert found.invited == ("dev0", "dev1", "dev2") and found.dismissed == ()
    assert found.reason == (
        "The lead lacks 2000 ms of its engine each second; 3 workers may add 3000 ms."
    )
    slow = [candidate(f"dev{number}", ms_per_frame=20.0) for number in range(9)]
    assert len(Recruiter("lead").choose(slow, NEED, now=0.0).invited) == 5
    huge = dataclasses.replace(NEED, lacking_ms_per_s=1e9)
    assert len(Recruiter("lead").choose(MANY, huge, now=0.0).invited) == MAX_HELPERS


def test_nobody_is_invited_where_nothing_is_lacking() -> None:
    none = dataclasses.replace(NEED, lacking_ms_per_s=0.0)
    found = Recruiter("lead").choose(MANY, none, now=0.0)
    assert found.invited == () and "alone" in found.reason


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "lead"},
        {"models": frozenset({"live-s"})},
        {"models": frozenset()},
        {"free": 0.1},
        {"round_trip_ms": 250.0},
        {"is_draining": True},
    ],
)
def test_who_cannot_help_is_not_invited(fields: dict[str, object]) -> None:
    one = candidate(str(fields.pop("name", "dev1")), **fields)
    found = Recruiter("lead").choose([one], NEED, now=0.0)
    assert found.invited == () and found.reason == "No worker has live-m at hand and time for it."


def test_near_and_strong_ones_are_invited_first() -> None:
    found = Recruiter("lead").choose(
        [
            candidate("far", round_trip_ms=80.0),
            candidate("near", round_trip_ms=24.0, free=0.5),
            candidate("here", free=0.6),
            candidate("strong", ms_per_frame=8.0, free=0.8, round_trip_ms=3.0),
        ],
        NEED,
        now=0.0,
    )
    assert found.invited == ("strong", "here", "near", "far")


def test_the_operators_word_comes_first() -> None:
    small = dataclasses.replace(NEED, lacking_ms_per_s=500.0)
    found = Recruiter("lead").choose(
        MANY, small, now=0.0, pinned={"dev5", "dev7", "dev8"}, excluded={"dev0", "dev8"}
    )
    assert found.invited == ("dev5", "dev7")
    assert found.reason.endswith("2 workers may add 2000 ms. dev8 is pinned, and is excluded.")


def test_a_pinned_worker_is_asked_though_nothing_is_lacking() -> None:
    none = dataclasses.replace(NEED, lacking_ms_per_s=0.0)
    recruiter = Recruiter("lead")
    found = recruiter.choose(MANY, none, now=0.0, pinned={"dev3"})
    assert found.invited == ("dev3",)
    recruiter.ready("dev3")
    assert recruiter.choose(MANY, none, now=1.0).invited == ("dev3",)
    left = recruiter.choose(MANY, none, now=1.0 + LET_GO_S)
    assert (left.invited, left.dismissed) == ((), ("dev3",))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "lead"}, "lead is pinned, and leads the rendition itself."),
        ({"models": frozenset({"live-s"})}, "dev1 is pinned, and lacks live-m."),
        ({"free": 0.1}, "dev1 is pinned, and has no time to spare."),
        ({"round_trip_ms": 250.0}, "dev1 is pinned, and is 250 ms away, too far for"),
        ({"is_draining": True}, "dev1 is pinned, and is about to stop."),
    ],
)
def test_a_pinned_worker_that_cannot_help_is_named_with_the_cause(
    fields: dict[str, object], words: str
) -> None:
    name = str(fields.get("name", "dev1"))
    one = candidate(name, **{key: value for key, value in fields.items() if key != "name"})
    found = Recruiter("lead").choose([one], NEED, now=0.0, pinned={name})
    assert found.invited == () and words in found.reason
    gone = Recruiter("lead").choose([], NEED, now=0.0, pinned={name})
    assert f"{name} is pinned, and does not run." in gone.reason


def test_a_pinned_worker_that_declined_is_asked_again_after_the_shortest_pause() -> None:
    recruiter = Recruiter("lead")
    for _ in range(3):
        recruiter.declined("dev0", now=0.0)
    soon = FIRST_PAUSE_S
    assert recruiter.choose(MANY[:1], NEED, now=soon).invited == ()
    found = recruiter.choose(MANY[:1], NEED, now=soon - 0.1, pinned={"dev0"})
    assert found.invited == () and "dev0 is pinned, and declined a moment ago." in found.reason
    assert recruiter.choose(MANY[:1], NEED, now=soon, pinned={"dev0"}).invited == ("dev0",)


def test_who_declined_is_asked_again_later_and_later() -> None:
    recruiter, now, pauses = Recruiter("lead"), 0.0, []
    for _ in range(7):
        assert recruiter.choose(MANY[:1], NEED, now=now).invited == ("dev0",)
        recruiter.declined("dev0", now=now)
        begun = now
        while not recruiter.choose(MANY[:1], NEED, now=now).invited:
            now += 1.0
        pauses.append(now - begun)
    assert pauses[:3] == [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S]
    assert pauses[-1] == MAX_PAUSE_S
    recruiter.ready("dev0")
    recruiter.declined("dev0", now=now)
    assert recruiter.choose(MANY[:1], NEED, now=now + FIRST_PAUSE_S).invited == ("dev0",)


def test_who_does_not_answer_has_declined() -> None:
    recruiter = Recruiter("lead")
    assert recruiter.choose(MANY[:2], NEED, now=0.0).invited == ("dev0", "dev1")
    recruiter.ready("dev1")
    found = recruiter.choose(MANY[:2], NEED, now=ANSWER_S + 0.1)
    assert found.invited == ("dev1",)


def test_helpers_stay_while_they_are_of_use_even_if_their_help_makes_them_busy() -> None:
    recruiter = Recruiter("lead")
    first = recruiter.choose(MANY, NEED, now=0.0).invited
    for name in first:
        recruiter.ready(name)
    busy = [dataclasses.replace(each, free=0.05) if each.name in first else each for each in MANY]
    assert set(first) <= set(recruiter.choose(busy, NEED, now=1.0).invited)
    less = dataclasses.replace(NEED, lacking_ms_per_s=1500.0)
    assert recruiter.choose(MANY, less, now=2.0).dismissed == ()
    little = dataclasses.replace(NEED, lacking_ms_per_s=500.0)
    assert recruiter.choose(MANY, little, now=3.0).dismissed == ()
    # Needed again meanwhile, so the time begins anew.
    recruiter.choose(MANY, NEED, now=2.0 + LET_GO_S)
    assert recruiter.choose(MANY, little, now=4.0 + LET_GO_S).dismissed == ()
    found = recruiter.choose(MANY, little, now=5.0 + 2 * LET_GO_S)
    assert found.invited == ("dev0",) and found.dismissed[:2] == ("dev1", "dev2")


def test_who_leaves_the_list_is_let_go_and_replaced() -> None:
    recruiter = Recruiter("lead")
    recruiter.choose(MANY[:4], NEED, now=0.0)
    found = recruiter.choose(MANY[1:4], NEED, now=1.0)
    assert found.dismissed == ("dev0",) and found.invited == ("dev1", "dev2", "dev3")


OLD_TEAM = [candidate(f"dev{number}", is_helping=number < 4) for number in range(9)]


def test_a_new_lead_asks_all_that_helped_the_one_before_it_at_once() -> None:
    little = dataclasses.replace(NEED, lacking_ms_per_s=300.0)
    recruiter = Recruiter("lead2")
    first = recruiter.choose(OLD_TEAM, little, now=0.0)
    assert first.invited == ("dev0", "dev1", "dev2", "dev3")
    for name in first.invited:
        recruiter.ready(name)
    # They help this lead now, which is no reason to stay.
    team = [dataclasses.replace(each, is_helping=each.is_helping) for each in OLD_TEAM]
    found = recruiter.choose(team, little, now=TAKE_OVER_S)
    assert found.invited == first.invited
    found = recruiter.choose(team, little, now=TAKE_OVER_S + LET_GO_S)
    assert found.invited == ("dev0",) and found.dismissed == ("dev1", "dev2", "dev3")


def test_one_that_shows_up_late_is_taken_over_and_much_later_not() -> None:
    little = dataclasses.replace(NEED, lacking_ms_per_s=300.0)
    recruiter = Recruiter("lead2")
    assert recruiter.choose(OLD_TEAM[:1], little, now=0.0).invited == ("dev0",)
    found = recruiter.choose(OLD_TEAM[:2], little, now=TAKE_OVER_S - 0.1)
    assert found.invited == ("dev0", "dev1")
    assert "dev2" not in recruiter.choose(OLD_TEAM, little, now=TAKE_OVER_S).invited


def test_the_team_is_taken_over_also_where_nobody_could_be_looked_at_for_long() -> None:
    little = dataclasses.replace(NEED, lacking_ms_per_s=300.0)
    recruiter = Recruiter("lead2")
    for second in range(int(TAKE_OVER_S) + 1):
        assert recruiter.choose([], little, now=float(second)).invited == ()
    found = recruiter.choose(OLD_TEAM, little, now=TAKE_OVER_S + 1.0)
    assert found.invited == ("dev0", "dev1", "dev2", "dev3")


def test_the_whole_team_is_there_again_within_two_looks_in_virtual_time() -> None:
    """The need grows from a guess to what is measured over seconds, a look each second."""
    back: dict[bool, int] = {}
    for is_known in (True, False):
        recruiter, team = Recruiter("lead2"), MANY[:4]
        for second in range(9):
            need = dataclasses.replace(NEED, lacking_ms_per_s=min(3000.0, 400.0 * (second + 1)))
            heard = [dataclasses.replace(each, is_helping=is_known and second < 3) for each in team]
            invited = recruiter.choose(heard, need, now=float(second)).invited
            for name in invited:
                recruiter.ready(name)
            if len(invited) == 4:
                back.setdefault(is_known, second)
    assert back[True] == 0 and back[False] >= 5


def test_a_heartbeat_tells_what_a_worker_leaves_free() -> None:
    info = {"title": "", "scale": 2, "macs_per_pixel": 1, "parameters": 1, "licence": ""}
    models = [
        ModelInfo(name="live-m", precisions=[], **info),  # type: ignore[arg-type]
        ModelInfo(name="gone", precisions=[], missing="No file.", **info),  # type: ignore[arg-type]
    ]
    beat = WorkerBeat(
        name="w", host="h", pid=1, started_us=0, engines=[], models=models, capacity=4.0,
        load=1.0, ms_per_frame=8.0, streams=[], state="draining", rtt_ms=40.0,
    )  # fmt: skip
    found = candidate_of(beat)
    assert found == Candidate("w", frozenset({"live-m"}), 0.75, 8.0, 40.0, is_draining=True)
    assert candidate_of(msgspec.structs.replace(beat, capacity=0.0)).free == 0.0
    assert candidate_of(msgspec.structs.replace(beat, load=9.0)).free == 0.0
    work = HelperWork(
        stream="s", rendition="r", lead="old", state="ready", model="live-m", busy=0.5
    )
    helping = msgspec.structs.replace(beat, load=3.6, helping=[work])
    found = candidate_of(helping, stream="s", rendition="r")
    assert found.is_helping and found.free == pytest.approx(0.6)
    other = candidate_of(helping, stream="s", rendition="other")
    assert not other.is_helping and other.free == pytest.approx(0.1)


@given(
    st.lists(
        st.builds(
            Candidate,
            st.sampled_from([f"dev{number}" for number in range(12)]),
            st.sampled_from([frozenset({"live-m"}), frozenset({"live-s"})]),
            st.floats(0.0, 1.0),
            st.floats(0.0, 500.0),
            st.floats(0.0, 300.0),
            st.booleans(),
        ),
        unique_by=lambda each: each.name,
    ),
    st.lists(st.floats(-100.0, 10_000.0), min_size=1, max_size=12),
)
def test_only_those_that_can_are_invited_and_each_is_let_go_once(
    candidates: list[Candidate], needs: list[float]
) -> None:
    recruiter, present = Recruiter("dev0"), set[str]()
    for now, lacking in enumerate(needs):
        need = dataclasses.replace(NEED, lacking_ms_per_s=lacking)
        found = recruiter.choose(candidates, need, now=float(now), excluded={"dev1"})
        assert len(set(found.invited)) == len(found.invited) <= MAX_HELPERS
        assert not {"dev0", "dev1"} & set(found.invited)
        assert set(found.dismissed) <= present and not set(found.dismissed) & set(found.invited)
        present = set(found.invited)
        by_name = {each.name: each for each in candidates}
        assert all("live-m" in by_name[name].models for name in present)


def test_a_composer_has_nothing_free_and_a_quota_counts() -> None:
    beat = WorkerBeat(
        name="w", host="h", pid=1, started_us=0, engines=[], models=[], capacity=4.0,
        load=0.0, ms_per_frame=8.0, streams=[],
    )  # fmt: skip
    assert candidate_of(msgspec.structs.replace(beat, composes=True)).free == 0.0
    assert candidate_of(beat).cores == 1.0
    assert candidate_of(msgspec.structs.replace(beat, cores=0.3)).cores == 0.3
    assert candidate_of(msgspec.structs.replace(beat, cores=16.0)).cores == 1.0
    assert candidate_of(beat, speed=0.4).speed == 0.4


def test_weak_devices_are_invited_by_what_they_can_do() -> None:
    def invited(**fields: object) -> int:
        many = [candidate(f"dev{number}", **fields) for number in range(8)]
        return len(Recruiter("lead").choose(many, NEED, now=0.0).invited)

    # A device with a fifth of a core, and one that showed a fifth of the lead's speed, are alike.
    assert invited(cores=0.4) == invited(speed=0.4) == 7
    assert invited() == 3
