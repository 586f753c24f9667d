"""Datagrams find their peer or are counted: ``peer_table.py``."""

from __future__ import annotations

import random

import pytest

from app.ice.peer_table import PeerTable
from app.ice.stun import COOKIE, MAX_MESSAGE_BYTES, StunKind, encode_message, new_transaction
from tests.app.ice.full_agent import ADDRESS, OTHER, Session


@pytest.fixture
def session() -> Session:
    """A peer that has shown itself at ``ADDRESS``."""
    made = Session()
    made.check(nominates=True)
    return made


@pytest.mark.parametrize("first", [20, 63, 128, 191])
def test_dtls_and_srtp_are_taken_of_the_peer(session: Session, first: int) -> None:
    data = bytes([first]) + bytes(40)
    assert session.take(data) is None
    assert session.data == [data]
    assert (session.refused, session.table.refused) == ({}, {})


@pytest.mark.parametrize("first", [20, 22, 63, 128, 191])
def test_of_a_stranger_nothing_is_taken_but_stun(session: Session, first: int) -> None:
    for address in (OTHER, ("192.0.2.7", ADDRESS[1])):
        session.take(bytes([first]) + bytes(40), address)
    assert session.data == []
    assert session.table.refused == {"stranger": 2}
    assert session.check(OTHER) is not None


def test_the_same_address_at_another_socket_of_ours_is_a_strangers(session: Session) -> None:
    session.outlet = type(session.outlet)()
    session.take(b"\x80" + bytes(40))
    assert session.table.refused == {"stranger": 1}


def test_empty_and_oversize_datagrams_are_dropped_whoever_sent_them(session: Session) -> None:
    for address in (ADDRESS, OTHER):
        session.take(b"", address)
        session.take(b"\x80" * (MAX_MESSAGE_BYTES + 1), address)
    session.take(b"\x80" * MAX_MESSAGE_BYTES)
    assert session.refused == session.table.refused == {"empty": 1, "oversize": 1}
    assert len(session.data) == 1


@pytest.mark.parametrize("first", [4, 19, 64, 127, 192, 255])
def test_what_shares_no_port_with_us_is_dropped(session: Session, first: int) -> None:
    session.take(bytes([first]) + bytes(40))
    assert session.refused == {"unknown": 1}


def test_stun_without_its_cookie_or_header_is_malformed(session: Session) -> None:
    whole = session.request()
    for address in (ADDRESS, OTHER):
        session.take(whole[:19], address)
        session.take(whole[:4] + b"\0\0\0\0" + whole[8:], address)
    assert session.refused == session.table.refused == {"stun_malformed": 2}


def test_stun_is_parsed_only_for_whoever_knows_a_name_of_ours(session: Session) -> None:
    unknown = session.request().replace(b"ours:theirs", b"else:theirs")
    assert session.take(unknown, OTHER) is None
    assert session.table.refused == {"stun_stranger": 1}
    # Under our name what follows the header is read, and must be whole.
    known = session.request()
    assert session.take(known[:-1], OTHER) is None
    assert session.refused == {"stun_malformed": 1}


def test_a_request_goes_to_the_peer_whose_name_it_has() -> None:
    table = PeerTable()
    one, two = Session(table, name="one"), Session(table, name="two")
    two.outlet = one.outlet
    one.check(nominates=True)
    assert two.check(OTHER, nominates=True) is not None
    assert table.owner_of(one.path()) is one.agent
    assert table.owner_of(two.path(OTHER)) is two.agent
    one.take(b"\x80one")
    one.take(b"\x80two", OTHER)
    assert (one.data, two.data) == ([b"\x80one"], [b"\x80two"])
    assert table.agents() == {one.agent, two.agent}


def test_answers_are_parsed_only_of_a_peer(session: Session) -> None:
    for kind in (StunKind.RESPONSE, StunKind.ERROR):
        answer = encode_message(kind, new_transaction())
        assert session.take(answer, OTHER) is None
        assert session.take(answer) is None
    assert session.table.refused == {"stun_stranger": 2}
    assert session.refused == {"stun_stranger": 2}


def test_other_messages_of_stun_are_not_for_us(session: Session) -> None:
    allocate = b"\x00\x03\x00\x00" + COOKIE + bytes(12)
    for address in (ADDRESS, OTHER):
        assert session.take(allocate, address) is None
    assert session.refused == session.table.refused == {"stun_stranger": 1}


def test_a_keep_alive_is_neither_answered_nor_counted(session: Session) -> None:
    for address in (ADDRESS, OTHER):
        assert session.take(encode_message(StunKind.INDICATION, new_transaction()), address) is None
    assert (session.refused, session.table.refused) == ({}, {})


def test_names_and_paths_that_are_unknown_can_be_forgotten() -> None:
    session = Session()
    session.table.remove_name(b"nobody")
    session.table.release_path(session.path(), session.agent)
    assert len(session.table) == 1


def test_a_path_of_another_agent_is_not_released(session: Session) -> None:
    other = Session(session.table, name="other")
    session.table.release_path(session.path(), other.agent)
    assert session.table.owner_of(session.path()) is session.agent


def test_whatever_comes_is_handed_on_answered_or_counted(session: Session) -> None:
    of = random.Random(7)
    dropped = answered = kept_alive = 0
    for n in range(20_000):
        data = of.randbytes(of.choice((0, 1, 2, 12, 19, 20, 21, 100, 1500, 1501)))
        if n % 3 == 0 and len(data) > 8:
            data = data[:4] + COOKIE + data[8:]
        taken = len(session.data)
        kept_alive += data[:2] == b"\x00\x11" and data[4:8] == COOKIE and len(data) >= 20
        answer = session.take(data, of.choice((ADDRESS, OTHER)), now=n / 100)
        answered += answer is not None
        dropped += answer is None and len(session.data) == taken
    counted = sum(session.refused.values()) + session.table.refused.total()
    assert dropped == counted + kept_alive
    assert answered == 0
