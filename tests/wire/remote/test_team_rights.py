from __future__ import annotations

import pytest

from tests.wire.remote.letters import DISMISS, FAILED, INVITE, READY, RESULT, TASK
from wire.jobs import Job
from wire.remote.device_jobs import DeviceJobs
from wire.remote.team_rights import INVITED_S, MAX_INVITATIONS, TeamRights
from wire.team import Declined, TeamMessage

DECLINED = Declined(stream="cam", rendition="enhanced", epoch=5, reason="no")
OF_LEADS: list[TeamMessage] = [INVITE, DISMISS, TASK]
OF_HELPERS: list[TeamMessage] = [READY, DECLINED, RESULT, FAILED]


def rights(*jobs: Job) -> TeamRights:
    held = DeviceJobs()
    for job in jobs:
        held.hold(job, now=0.0)
    return TeamRights(held)


def test_who_holds_nothing_and_is_not_invited_may_nothing() -> None:
    stranger = rights()
    for message in OF_LEADS + OF_HELPERS:
        assert not stranger.may_send("w", message, now=0.0)
    assert not stranger.may_follow("cam", now=0.0)


@pytest.mark.parametrize(
    ("job", "may"),
    [
        (Job("1-0", "cam", "enhanced", 1), True),
        (Job("1-0", "cam", "sharp", 1), False),
        (Job("1-0", "other", "enhanced", 1), False),
    ],
)
def test_a_lead_gives_tasks_for_what_it_holds(job: Job, may: bool) -> None:
    lead = rights(job)
    for message in OF_LEADS:
        assert lead.may_send("w", message, now=0.0) is may
    for message in OF_HELPERS:
        assert not lead.may_send("w", message, now=0.0)
    assert lead.may_follow(job.stream, now=0.0)


def test_a_helper_answers_whoever_invited_it_for_a_while() -> None:
    helper = rights()
    helper.received("lead", INVITE, now=10.0)
    for message in OF_HELPERS:
        assert helper.may_send("lead", message, now=10.1)
        assert not helper.may_send("another", message, now=10.1)
        assert not helper.may_send("lead", message, now=10.0 + INVITED_S)
    for message in OF_LEADS:
        assert not helper.may_send("lead", message, now=10.1)
    assert helper.may_follow("cam", now=10.1)
    assert not helper.may_follow("other", now=10.1)
    assert not helper.may_follow("cam", now=10.0 + INVITED_S)


def test_an_invitation_that_is_repeated_counts_on() -> None:
    helper = rights()
    for second in range(20):
        helper.received("lead", INVITE, now=float(second))
    assert helper.may_send("lead", RESULT, now=24.0)


def test_only_invitations_give_rights() -> None:
    helper = rights()
    for message in (DISMISS, TASK, READY, RESULT):
        helper.received("lead", message, now=0.0)
    assert not helper.may_send("lead", RESULT, now=0.1)


def test_the_oldest_invitation_is_forgotten() -> None:
    helper = rights()
    for number in range(MAX_INVITATIONS + 1):
        helper.received(f"lead{number}", INVITE, now=0.0)
    assert not helper.may_send("lead0", RESULT, now=0.1)
    assert helper.may_send("lead1", RESULT, now=0.1)
