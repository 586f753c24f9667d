"""A path is asked at a pace, and its answers prove it: ``path_record.py``."""

from __future__ import annotations

import pytest

from app.ice.credentials import Credentials, SessionCredentials
from app.ice.path_record import (
    CONSENT_S,
    MAX_RETRIES,
    MAX_UNANSWERED,
    REQUEST_S,
    RETRY_S,
    PathRecord,
    encode_request,
)
from app.ice.stun import Attribute, is_authentic, new_transaction, parse_message


def asked(record: PathRecord, until_s: float) -> list[float]:
    """Times at which a path that answers nothing is asked."""
    times = [tick / 10 for tick in range(int(until_s * 10))]
    return [now for now in times if record.due_transaction(now=now)]


@pytest.fixture
def viewer() -> PathRecord:
    return PathRecord(must_answer=True, now=0.0)


def test_what_media_waits_for_is_asked_for_often_and_then_seldom(viewer: PathRecord) -> None:
    times = asked(viewer, 60.0)
    assert times[: MAX_RETRIES + 1] == [n * RETRY_S for n in range(MAX_RETRIES + 1)]
    assert len(times) == pytest.approx(MAX_RETRIES + 60 / REQUEST_S, abs=1.5)


def test_a_publisher_that_answers_nothing_is_asked_three_times() -> None:
    record = PathRecord(must_answer=False, now=0.0)
    assert asked(record, 100.0) == [n * REQUEST_S for n in range(MAX_UNANSWERED)]
    record.ask_soon(now=100.0)
    assert record.due_transaction(now=100.0) is not None


def test_an_answer_proves_the_path_for_as_long_as_consent_lasts(viewer: PathRecord) -> None:
    transaction = viewer.due_transaction(now=0.0)
    assert transaction is not None
    assert (viewer.is_proven, viewer.is_asked(transaction)) == (False, True)
    assert viewer.take_answer(transaction, now=0.1) == pytest.approx(0.1)
    assert (viewer.is_proven, viewer.is_asked(transaction)) == (True, False)
    assert viewer.due_transaction(now=REQUEST_S - 0.1) is None
    assert viewer.due_transaction(now=REQUEST_S) is not None
    viewer.on_time(now=CONSENT_S)
    assert viewer.is_proven
    viewer.on_time(now=CONSENT_S + 0.1)
    assert not viewer.is_proven


def test_on_a_slow_path_each_of_several_requests_may_be_answered(viewer: PathRecord) -> None:
    first = viewer.due_transaction(now=0.0)
    second = viewer.due_transaction(now=RETRY_S)
    assert first is not None and second is not None
    assert viewer.take_answer(first, now=0.8) == pytest.approx(0.8)
    assert not viewer.is_asked(second)


def test_an_answer_of_long_ago_is_none(viewer: PathRecord) -> None:
    first = viewer.due_transaction(now=0.0)
    assert first is not None
    assert viewer.due_transaction(now=REQUEST_S) is not None
    assert not viewer.is_asked(first)


def test_asking_soon_is_bounded_too(viewer: PathRecord) -> None:
    count = 0
    for tick in range(100):
        viewer.ask_soon(now=tick / 10)
        count += viewer.due_transaction(now=tick / 10) is not None
    assert count <= 10 / RETRY_S + 1


def test_a_request_is_a_controlled_check_under_the_peers_name() -> None:
    known = SessionCredentials(Credentials("ours", "own"), Credentials("theirs", "their-password"))
    transaction = new_transaction()
    data = encode_request(known, transaction, tie_breaker=bytes(8))
    found = parse_message(data)
    assert (found.transaction, found.username) == (transaction, b"theirs:ours")
    assert is_authentic(found, data, b"their-password")
    assert {Attribute.PRIORITY, Attribute.ICE_CONTROLLED} <= set(found.attributes)
    assert Attribute.USE_CANDIDATE not in found.attributes
