from __future__ import annotations

import time

import msgspec
import pytest

from tests.contract.test_site import BEAT
from tests.wire.remote.scripted import ScriptedGateway
from wire.errors import BadMessage, Fenced, ServerAway
from wire.free_workers import FreeWorker
from wire.heartbeat import MAX_FOUND, EngineTrial
from wire.jobs import Job
from wire.remote import calls
from wire.remote.link_jobs import HOLD_S, LinkHeartbeats, LinkJobs

JOB = Job("1-0", "cam", "enhanced", 5)
OTHER = Job("2-0", "cam", "sharp", 5)
FAR = msgspec.structs.replace(BEAT, rtt_ms=40.0)
"""The same as the gateway has it: with the round trip of the link."""


@pytest.fixture
async def wire() -> ScriptedGateway:
    made = ScriptedGateway()
    made.answers[calls.Claim] = lambda call: msgspec.to_builtins(JOB)
    made.answers[calls.Resume] = lambda call: call.entries[:1]
    return made


async def test_a_job_is_claimed_finished_and_given_back(wire: ScriptedGateway) -> None:
    jobs = LinkJobs(wire.gateway)
    assert await jobs.next_job(block_ms=10) == JOB
    await jobs.finish(JOB.entry)
    await jobs.release(JOB)
    assert wire.asked == [
        calls.Claim(),
        calls.Finish(entry="1-0"),
        calls.Release(entry="1-0"),
    ]
    assert jobs.bad_jobs == 0


async def test_without_a_job_it_waits_at_least_as_long_as_was_asked(wire: ScriptedGateway) -> None:
    wire.answers[calls.Claim] = lambda call: None
    begun = time.monotonic()
    assert await LinkJobs(wire.gateway).next_job(block_ms=60) is None
    assert time.monotonic() - begun >= 0.055


async def test_a_device_without_space_asks_for_nothing(wire: ScriptedGateway) -> None:
    begun = time.monotonic()
    assert await LinkJobs(wire.gateway).next_job(block_ms=60, only_handed=True) is None
    assert time.monotonic() - begun >= 0.055
    assert wire.asked == []


async def test_an_answer_that_is_no_job_is_refused(wire: ScriptedGateway) -> None:
    wire.answers[calls.Claim] = lambda call: {"entry": 5}
    with pytest.raises(BadMessage):
        await LinkJobs(wire.gateway).next_job(block_ms=1)


async def test_jobs_that_go_on_are_named_now_and_then(
    wire: ScriptedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("wire.remote.link_jobs.time.monotonic", lambda: now)
    jobs = LinkJobs(wire.gateway)
    for step in range(20):
        now = 100.0 + step * 0.05
        assert await jobs.renew(JOB) and await jobs.renew(OTHER)
    assert wire.held[0] == ["1-0"]
    assert wire.held[1:] == [["1-0", "2-0"]] * (len(wire.held) - 1)
    assert 4 <= len(wire.held) - 1 <= 1 + 0.95 / HOLD_S


async def test_a_job_whose_lane_ended_is_named_no_more(
    wire: ScriptedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("wire.remote.link_jobs.time.monotonic", lambda: now)
    jobs = LinkJobs(wire.gateway)
    assert await jobs.renew(JOB) and await jobs.renew(OTHER)
    now = 101.0
    assert await jobs.renew(OTHER)
    assert wire.held[-1] == ["2-0"]
    await jobs.release(OTHER)
    assert jobs.entries == []


async def test_a_job_that_is_lost_is_not_renewed_until_it_is_claimed_again(
    wire: ScriptedGateway,
) -> None:
    jobs = LinkJobs(wire.gateway)
    assert await jobs.renew(JOB)
    jobs.lose(JOB.entry, Fenced("why"))
    assert not await jobs.renew(JOB)
    assert isinstance(jobs.lost(JOB.entry), Fenced) and jobs.entries == []
    assert await jobs.next_job(block_ms=1) == JOB
    assert jobs.lost(JOB.entry) is None and await jobs.renew(JOB)


async def test_losses_are_remembered_for_the_last_jobs_only(wire: ScriptedGateway) -> None:
    jobs = LinkJobs(wire.gateway)
    for number in range(1000):
        jobs.lose(f"{number}-0", Fenced(""))
    assert jobs.lost("0-0") is None and jobs.lost("999-0") is not None
    assert len(jobs._lost) <= 4 * calls.MAX_HELD


async def test_a_new_connection_asks_for_what_goes_on(wire: ScriptedGateway) -> None:
    jobs = LinkJobs(wire.gateway)
    await jobs.resume()
    assert wire.asked == []
    assert await jobs.renew(JOB) and await jobs.renew(OTHER)
    await jobs.resume()
    assert wire.asked == [calls.Resume(entries=["1-0", "2-0"])]
    assert await jobs.renew(JOB) and not await jobs.renew(OTHER)


async def test_while_the_link_is_away_a_renewal_is_noted_for_the_next_one(
    wire: ScriptedGateway,
) -> None:
    jobs = LinkJobs(wire.gateway)
    assert await jobs.renew(JOB)
    wire.gateway.fail()
    for job in (JOB, OTHER):
        with pytest.raises(ServerAway):
            await jobs.renew(job)
    assert jobs.entries == ["1-0", "2-0"]


async def test_heartbeats_are_brief_but_for_the_first_and_for_changes(
    wire: ScriptedGateway,
) -> None:
    beats = LinkHeartbeats(wire.gateway)
    changed = msgspec.structs.replace(BEAT, trials=[EngineTrial(engine="e", ms=1.0)])
    for beat in (BEAT, BEAT, changed, changed):
        await beats.beat(beat)
    beats.begin()
    await beats.beat(changed)
    sent = [call for call in wire.asked if isinstance(call, calls.Beat)]
    assert [each.is_brief for each in sent] == [False, True, False, True, False]
    assert (
        sent[0].beat == FAR and sent[1].beat.engines == [] and sent[2].beat.trials == changed.trials
    )


async def test_a_heartbeat_that_failed_is_sent_whole_again(wire: ScriptedGateway) -> None:
    beats = LinkHeartbeats(wire.gateway)
    wire.answers[calls.Beat] = lambda call: ServerAway("Redis")
    with pytest.raises(ServerAway):
        await beats.beat(BEAT)
    del wire.answers[calls.Beat]
    await beats.beat(BEAT)
    await beats.leave("dev1")
    whole = calls.Beat(beat=FAR)
    assert wire.asked == [whole, whole, calls.Leave()]


async def test_what_is_found_is_read_as_heartbeats(wire: ScriptedGateway) -> None:
    wire.answers[calls.FindWorkers] = lambda call: [msgspec.to_builtins(BEAT)]
    beats = LinkHeartbeats(wire.gateway)
    assert await beats.find({"b", "a"}, "live-m") == [BEAT]
    many = [f"w{number}" for number in range(MAX_FOUND + 5)]
    await beats.find(many, "")
    assert wire.asked == [
        calls.FindWorkers(names=["a", "b"], model="live-m"),
        calls.FindWorkers(names=sorted(many)[:MAX_FOUND], model=""),
    ]
    wire.answers[calls.FindWorkers] = lambda call: [{"name": 5}]
    with pytest.raises(BadMessage):
        await beats.find(["a"], "live-m")


async def test_all_jobs_are_renewed_at_once(wire: ScriptedGateway) -> None:
    jobs = LinkJobs(wire.gateway)
    assert await jobs.renew_all([JOB, OTHER]) == [True, True]
    jobs.lose(OTHER.entry, Fenced("why"))
    assert await jobs.renew_all([JOB, OTHER]) == [True, False]
    assert await jobs.renew_all([]) == []


async def test_a_job_that_was_handed_over_is_named_no_more(wire: ScriptedGateway) -> None:
    wire.answers[calls.HandOver] = lambda call: call.to == "w2"
    jobs = LinkJobs(wire.gateway)
    assert await jobs.renew_all([JOB, OTHER]) == [True, True]
    assert not await jobs.hand_over(JOB, "w1")
    assert jobs.entries == ["1-0", "2-0"]
    assert await jobs.hand_over(JOB, "w2")
    assert wire.asked == [calls.HandOver(entry="1-0", to=to) for to in ("w1", "w2")]
    assert jobs.entries == ["2-0"]
    assert await jobs.renew_all([JOB, OTHER]) == [False, True]
    assert jobs.lost(JOB.entry) is None
    assert await jobs.next_job(block_ms=1) == JOB
    assert await jobs.renew_all([JOB]) == [True]


async def test_free_workers_are_drawn(wire: ScriptedGateway) -> None:
    free = FreeWorker(name="w2", capacity=2.0, load=0.5, rtt_ms=40.0)
    wire.answers[calls.DrawWorkers] = lambda call: [msgspec.to_builtins(free)] * call.count
    assert await LinkHeartbeats(wire.gateway).draw(2) == [free, free]
    wire.answers[calls.DrawWorkers] = lambda call: [{"name": 5}]
    with pytest.raises(BadMessage):
        await LinkHeartbeats(wire.gateway).draw(2)
