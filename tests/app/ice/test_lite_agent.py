"""The agent of one peer, in virtual time and without sockets: ``lite_agent.py``."""

from __future__ import annotations

import pytest

from app.ice.agent_state import AgentState
from app.ice.credentials import Credentials, SessionCredentials
from app.ice.lite_agent import MAX_PATHS, MAX_UNPROVEN_BYTES, MIN_TAKEOVER_S, RESTART_S
from app.ice.path_record import CONSENT_S, MAX_RETRIES, MAX_UNANSWERED, REQUEST_S, RETRY_S
from app.ice.peer_table import PeerTable
from app.ice.stun import (
    Attribute,
    StunKind,
    encode_message,
    is_authentic,
    new_transaction,
    parse_message,
)
from tests.app.ice.full_agent import ADDRESS, OTHER, Session

NEW = SessionCredentials(Credentials("renewed", "new-password"), Credentials("t2", "t2-password"))
MEDIA = [b"\x80" + bytes(1199)]
FLIGHT = [b"\x16" + bytes(1199)]
"""One packet of DTLS."""


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.fixture
def selected() -> Session:
    """A session whose pair is selected, and whose first request was made."""
    made = Session()
    made.check(nominates=True)
    made.agent.on_time(now=0.0)
    return made


@pytest.fixture
def proven() -> Session:
    """A session whose selected pair has answered."""
    made = Session()
    made.check(nominates=True)
    made.answer_all(now=0.0)
    return made


@pytest.fixture
def publishing() -> Session:
    """A publisher's, whose pair is selected."""
    made = Session(media_is_consent=True)
    made.check(nominates=True)
    return made


def test_a_check_is_answered_with_the_address_it_came_from(session: Session) -> None:
    request = session.request()
    answer = session.take(request)
    assert answer is not None
    found = parse_message(answer)
    assert (found.kind, found.mapped_address) == (StunKind.RESPONSE, ADDRESS)
    assert found.transaction == parse_message(request).transaction
    assert is_authentic(found, answer, b"our-password")
    assert session.states == [AgentState.CHECKED]
    assert session.checks == 1


def test_the_stronger_digest_is_answered_by_the_same() -> None:
    session = Session()
    found = parse_message(session.request())
    attributes = [(Attribute(a), v) for a, v in found.attributes.items() if a != 8]
    request = encode_message(
        StunKind.REQUEST,
        found.transaction,
        attributes,
        password=b"our-password",
        integrity=Attribute.MESSAGE_INTEGRITY_SHA256,
    )
    answer = session.take(request)
    assert answer is not None
    assert parse_message(answer).integrity is Attribute.MESSAGE_INTEGRITY_SHA256


def test_before_a_nomination_the_newest_path_is_used(session: Session) -> None:
    assert session.agent.path is None
    session.check()
    session.check(OTHER)
    assert session.agent.path == session.path(OTHER)
    assert session.agent.state is AgentState.CHECKED


def test_the_newest_nomination_is_the_selected_pair(session: Session) -> None:
    session.check(nominates=True)
    session.check(OTHER)
    assert session.agent.path == session.path()
    session.check(OTHER, nominates=True)
    assert session.agent.path == session.path(OTHER)
    session.check(nominates=True)
    assert session.agent.path == session.path()
    assert session.states == [AgentState.SELECTED]


def test_a_check_without_priority_is_answered(session: Session) -> None:
    """Old builds of FFmpeg leave it out, which RFC 8445 section 7.1.1 asks for."""
    request = encode_message(
        StunKind.REQUEST,
        new_transaction(),
        [(Attribute.USERNAME, b"ours:theirs"), (Attribute.USE_CANDIDATE, b"")],
        password=b"our-password",
    )
    assert session.take(request) is not None
    assert session.agent.state is AgentState.SELECTED


def test_a_stranger_gets_no_answer_and_no_path(session: Session) -> None:
    assert session.take(session.request(password="guessed")) is None
    assert session.take(session.request(password="")) is None
    assert session.agent.paths == ()
    assert session.refused == {"stun_stranger": 2}
    assert (session.states, session.checks) == ([], 0)


def test_an_attribute_that_must_be_understood_is_named_in_the_error(session: Session) -> None:
    answer = session.take(session.request((0x7777, b"x"), (0x7778, b"")))
    assert answer is not None
    found = parse_message(answer)
    assert (found.kind, found.error_code) == (StunKind.ERROR, 420)
    assert found.attributes[Attribute.UNKNOWN_ATTRIBUTES] == b"\x77\x77\x77\x78"
    assert is_authentic(found, answer, b"our-password")
    assert session.agent.paths == ()


def test_who_would_be_controlled_too_is_told_of_the_conflict(session: Session) -> None:
    answer = session.take(session.request(role=Attribute.ICE_CONTROLLED))
    assert answer is not None
    assert parse_message(answer).error_code == 487
    assert session.agent.state is AgentState.WAITING
    assert session.check() is not None


def test_checks_are_read_at_a_bounded_rate(session: Session) -> None:
    answers = [session.check(now=n / 1000) is not None for n in range(5000)]
    assert 600 <= sum(answers) <= 701
    assert session.refused == {"stun_flood": 5000 - sum(answers)}


def test_wrong_checks_take_nothing_from_the_right_ones_of_a_known_path(session: Session) -> None:
    session.check()
    wrong = session.request(password="guessed")
    for n in range(5000):
        session.take(wrong, (ADDRESS, OTHER)[n % 2], now=n / 1000)
        if n % 100 == 0:
            assert session.check(now=n / 1000) is not None
    assert session.refused["stun_flood"] > 1500, "of unknown paths not all are read"


def test_paths_are_learned_at_a_bounded_rate(session: Session) -> None:
    for port in range(3 * MAX_PATHS):
        session.check(("192.0.2.1", port), now=0.0)
    assert len(session.agent.paths) == MAX_PATHS
    assert session.refused == {"addresses": 2 * MAX_PATHS}
    assert session.check(("192.0.2.1", 9000), now=2.0) is not None
    assert session.check(("192.0.2.1", 9001), now=2.1) is None


def test_the_path_that_was_checked_longest_ago_makes_way_but_not_the_selected_one(
    session: Session,
) -> None:
    session.check(("192.0.2.1", 0), nominates=True)
    for port in range(1, MAX_PATHS):
        session.check(("192.0.2.1", port), now=port / 100)
    session.check(("192.0.2.1", 1), now=1.0)
    session.check(("192.0.2.1", 9000), now=3.0)
    ports = {path[1][1] for path in session.agent.paths}
    assert len(ports) == MAX_PATHS
    assert {0, 1, 9000} <= ports
    assert 2 not in ports
    assert session.table.owner_of(session.path(("192.0.2.1", 2))) is None


def test_a_path_that_is_not_checked_any_more_is_forgotten(session: Session) -> None:
    session.check(nominates=True)
    session.check(OTHER)
    session.check(now=CONSENT_S - 1)
    session.agent.on_time(now=CONSENT_S)
    assert session.agent.paths == (session.path(),)
    assert session.table.owner_of(session.path(OTHER)) is None


def test_consent_ends_with_the_answers_and_nothing_is_sent(proven: Session) -> None:
    """Checks alone may come from a forged source."""
    for second in range(1, 30):
        proven.check(nominates=True, now=float(second))
        proven.agent.on_time(now=float(second))
        assert proven.agent.path_for(MEDIA) == proven.path()
    proven.agent.on_time(now=CONSENT_S)
    assert proven.states == [AgentState.SELECTED, AgentState.EXPIRED]
    assert proven.agent.path_for(MEDIA) is proven.agent.path is None
    assert proven.agent.on_time(now=1.0 + CONSENT_S) == []


def test_only_a_restart_brings_a_viewers_consent_back(proven: Session) -> None:
    proven.agent.on_time(now=CONSENT_S)
    assert proven.check(nominates=True, now=CONSENT_S + 1) is not None
    assert proven.agent.state is AgentState.EXPIRED
    assert proven.agent.path is None


def test_consent_of_a_publisher_comes_back_with_a_check(publishing: Session) -> None:
    publishing.agent.on_time(now=CONSENT_S)
    publishing.check(nominates=True, now=CONSENT_S + 1)
    assert publishing.agent.state is AgentState.SELECTED
    assert publishing.agent.path == publishing.path()


def test_a_publisher_that_comes_back_from_elsewhere_is_sent_to_there(publishing: Session) -> None:
    publishing.agent.on_time(now=CONSENT_S)
    publishing.check(OTHER, now=CONSENT_S + 1)
    assert publishing.agent.path == publishing.path(OTHER)
    publishing.check(nominates=True, now=CONSENT_S + 2)
    assert publishing.agent.path == publishing.path()


# Paths must answer before they carry media.


def test_before_an_answer_only_a_handshake_is_sent_and_not_for_long(session: Session) -> None:
    session.check(nominates=True)
    assert session.agent.path_for(MEDIA) is None
    assert session.agent.path_for([*FLIGHT, *MEDIA]) is None
    sent = sum(session.agent.path_for(FLIGHT) is not None for _ in range(100))
    assert sent == MAX_UNPROVEN_BYTES // 1200
    assert session.refused == {"unproven": 2 + 100 - sent}
    session.answer_all(now=0.1)
    assert session.agent.path_for(MEDIA) == session.agent.path_for(FLIGHT) == session.path()


def test_a_nominated_path_that_answers_nothing_gets_no_media(proven: Session) -> None:
    """Whoever has a session may forge the source of its checks."""
    asked = []
    for tick in range(1, 120):
        now = tick / 2
        if tick % 8 == 0:
            proven.check(OTHER, nominates=True, now=now)
        asked += proven.answer_all(now=now, paths=[proven.path()])
        assert proven.agent.path_for(MEDIA) == proven.path()
    to_other = [path for path in asked if path == proven.path(OTHER)]
    assert len(to_other) <= MAX_RETRIES + 60 / REQUEST_S


def test_where_the_old_path_answers_no_more_either_nothing_is_sent(proven: Session) -> None:
    for tick in range(1, 120):
        proven.check(OTHER, nominates=True, now=tick / 2)
        proven.agent.on_time(now=tick / 2)
    assert proven.agent.path_for(MEDIA) is None
    assert proven.states[-1] is AgentState.EXPIRED


def test_a_nominated_path_carries_media_once_it_answers(proven: Session) -> None:
    proven.check(OTHER, nominates=True, now=1.0)
    assert proven.agent.path == proven.path()
    assert proven.answer_all(now=1.0) == [proven.path(OTHER)], "it is asked at once"
    assert proven.agent.path_for(MEDIA) == proven.path(OTHER)
    proven.check(nominates=True, now=2.0)
    assert proven.agent.path == proven.path(), "it has answered before"
    assert proven.states == [AgentState.SELECTED]


def test_an_answer_counts_only_from_the_path_that_was_asked(proven: Session) -> None:
    proven.check(OTHER, nominates=True, now=1.0)
    [(request, path)] = proven.agent.on_time(now=1.0)
    assert path == proven.path(OTHER)
    proven.take(proven.answer(request), ADDRESS, now=1.1)
    assert proven.agent.path == proven.path()
    assert proven.refused == {"stun_stranger": 1}


def test_an_old_answer_proves_nothing_to_a_later_nomination(proven: Session) -> None:
    proven.check(OTHER, nominates=True, now=1.0)
    proven.answer_all(now=1.0)
    for second in range(2, 50):
        proven.check(now=float(second))
        proven.answer_all(now=float(second), paths=[proven.path(OTHER)])
    proven.check(nominates=True, now=50.0)
    assert proven.agent.path == proven.path(OTHER)


def test_the_old_path_nominated_again_ends_the_wait_for_the_new_one(proven: Session) -> None:
    proven.check(OTHER, nominates=True, now=1.0)
    [(request, _)] = proven.agent.on_time(now=1.0)
    proven.check(nominates=True, now=1.1)
    proven.take(proven.answer(request), OTHER, now=1.2)
    assert proven.agent.path == proven.path()


def test_where_the_old_path_is_lost_the_nominated_one_is_asked_on(proven: Session) -> None:
    proven.check(OTHER, nominates=True, now=1.0)
    proven.agent.lose(proven.path())
    assert proven.agent.state is AgentState.SELECTED
    assert proven.agent.path_for(MEDIA) is None
    proven.answer_all(now=1.0 + RETRY_S)
    assert proven.agent.path_for(MEDIA) == proven.path(OTHER)


def test_who_never_nominates_is_sent_media_where_it_answers(session: Session) -> None:
    session.check()
    assert session.agent.path_for(MEDIA) is None
    session.answer_all(now=0.0)
    session.check(OTHER, now=0.1)
    assert session.agent.path_for(MEDIA) == session.path()
    assert session.answers == 1


def test_media_is_consent_only_of_a_publisher() -> None:
    for media_is_consent, state in ((False, AgentState.EXPIRED), (True, AgentState.SELECTED)):
        session = Session(media_is_consent=media_is_consent)
        session.check(nominates=True)
        session.agent.on_media(now=CONSENT_S - 1)
        session.agent.on_time(now=CONSENT_S)
        assert session.agent.state is state


def test_a_publisher_whose_media_comes_again_is_sent_feedback_again() -> None:
    session = Session(media_is_consent=True)
    session.check(nominates=True)
    session.agent.on_time(now=CONSENT_S)
    assert session.agent.path is None
    session.agent.on_media(now=CONSENT_S + 5)
    assert session.agent.path == session.path()


def test_the_round_trip_is_measured_at_once_and_then_seldom(session: Session) -> None:
    session.check(nominates=True)
    [(request, path)] = session.agent.on_time(now=0.0)
    assert path == session.path()
    found = parse_message(request)
    assert is_authentic(found, request, b"their-password")
    assert found.username == b"theirs:ours"
    assert Attribute.ICE_CONTROLLED in found.attributes
    assert Attribute.PRIORITY in found.attributes
    assert session.agent.on_time(now=0.1) == []
    session.take(session.answer(request), now=0.08)
    assert session.agent.round_trip_s == pytest.approx(0.08)
    assert session.agent.on_time(now=REQUEST_S - 0.1) == []
    assert len(session.agent.on_time(now=REQUEST_S)) == 1


def test_an_answer_is_consent(selected: Session) -> None:
    [(request, _)] = selected.agent.on_time(now=REQUEST_S)
    selected.take(selected.answer(request), now=REQUEST_S + 0.1)
    selected.agent.on_time(now=CONSENT_S + REQUEST_S)
    assert selected.agent.state is AgentState.SELECTED


def test_an_answer_that_is_late_or_forged_measures_nothing(selected: Session) -> None:
    [(first, _)] = selected.agent.on_time(now=REQUEST_S)
    [(second, _)] = selected.agent.on_time(now=2 * REQUEST_S)
    selected.take(selected.answer(first), now=11.0)
    selected.take(selected.answer(second, password="guessed"), now=11.0)
    assert selected.agent.round_trip_s is None
    assert selected.refused == {"stun_stranger": 1}
    selected.take(selected.answer(second), now=11.0)
    assert selected.agent.round_trip_s == pytest.approx(1.0)


def test_who_answers_nothing_is_soon_asked_no_more() -> None:
    session = Session(media_is_consent=True)
    session.check(nominates=True)
    asked = 0
    for tick in range(200):
        session.agent.on_media(now=tick / 2)
        asked += len(session.agent.on_time(now=tick / 2))
    assert asked == MAX_UNANSWERED
    session.check(OTHER, nominates=True, now=100.0)
    assert len(session.agent.on_time(now=100.0)) == 1, "another path may be another matter"


def test_nobody_is_asked_before_a_nomination(session: Session) -> None:
    session.check()
    assert session.agent.on_time(now=60.0) == []


# Restarts.


def test_a_restart_is_done_once_a_pair_of_its_credentials_is_nominated(selected: Session) -> None:
    selected.agent.restart(NEW, now=1.0)
    assert selected.agent.path == selected.path()
    assert selected.take(selected.request(credentials=NEW), OTHER, now=2.0) is not None
    assert selected.agent.path == selected.path(), "a check alone is no nomination"
    assert selected.agent.credentials == selected.credentials
    assert selected.check(now=2.5) is not None, "the old session goes on"
    answer = selected.take(selected.request(credentials=NEW, nominates=True), OTHER, now=3.0)
    assert answer is not None
    assert is_authentic(parse_message(answer), answer, b"new-password")
    assert selected.agent.path == selected.path(OTHER)
    assert selected.agent.credentials == NEW
    assert selected.restarts == 1
    assert selected.check(now=4.0) is None, "the old name is nobody's"
    assert len(selected.table) == 1


def test_a_restart_that_never_arrives_leaves_the_old_session(selected: Session) -> None:
    selected.agent.restart(NEW, now=1.0)
    selected.check(now=RESTART_S)
    selected.agent.on_time(now=1.0 + RESTART_S)
    assert selected.take(selected.request(credentials=NEW, nominates=True), now=32.0) is None
    assert selected.check(nominates=True, now=33.0) is not None
    assert selected.agent.credentials == selected.credentials
    assert (selected.restarts, len(selected.table)) == (0, 1)


def test_of_two_restarts_the_newer_one_counts(selected: Session) -> None:
    newer = SessionCredentials(Credentials("again", "pw3"), Credentials("t3", "t3"))
    selected.agent.restart(NEW, now=1.0)
    selected.agent.restart(newer, now=2.0)
    assert selected.take(selected.request(credentials=NEW, nominates=True), now=3.0) is None
    assert selected.take(selected.request(credentials=newer, nominates=True), now=3.0)
    assert selected.agent.credentials == newer


def test_a_restart_before_anybody_checked_is_possible(session: Session) -> None:
    session.agent.restart(NEW, now=1.0)
    assert session.take(session.request(credentials=NEW, nominates=True), now=2.0)
    assert session.agent.state is AgentState.SELECTED


def test_a_restart_brings_consent_back(selected: Session) -> None:
    selected.agent.on_time(now=CONSENT_S)
    selected.agent.restart(NEW, now=CONSENT_S + 1)
    assert selected.take(selected.request(credentials=NEW, nominates=True), OTHER, now=33.0)
    assert selected.agent.path == selected.path(OTHER)


def test_requests_after_a_restart_have_its_credentials(selected: Session) -> None:
    selected.agent.restart(NEW, now=1.0)
    selected.take(selected.request(credentials=NEW, nominates=True), OTHER, now=2.0)
    [(request, _)] = selected.agent.on_time(now=2.0)
    assert parse_message(request).username == b"t2:renewed"
    assert is_authentic(parse_message(request), request, b"t2-password")


# Ends.


def test_a_path_that_is_lost_is_used_no_more(selected: Session) -> None:
    selected.check(OTHER)
    selected.agent.lose(selected.path())
    assert selected.agent.path == selected.path(OTHER)
    selected.agent.lose(selected.path())
    assert selected.agent.state is AgentState.CHECKED
    selected.agent.lose(selected.path(OTHER))
    assert selected.agent.path is None


def test_after_the_end_nobody_finds_the_agent(selected: Session) -> None:
    selected.agent.restart(NEW, now=1.0)
    selected.agent.close()
    selected.agent.close()
    assert len(selected.table) == 0
    assert selected.table.owner_of(selected.path()) is None
    assert selected.check() is None
    assert selected.take(b"\x80" + bytes(20)) is None
    assert (selected.data, selected.agent.path) == ([], None)
    assert selected.states == [AgentState.SELECTED]


def test_another_peer_takes_no_path_that_is_in_use() -> None:
    table = PeerTable()
    one, two = Session(table, name="one"), Session(table, name="two")
    two.outlet = one.outlet
    one.check(nominates=True)
    assert two.check(nominates=True, now=1.0) is None
    assert two.refused == {"address_taken": 1}
    assert table.owner_of(one.path()) is one.agent
    assert two.check(nominates=True, now=MIN_TAKEOVER_S) is not None
    assert table.owner_of(one.path()) is two.agent
    assert one.agent.path is None
