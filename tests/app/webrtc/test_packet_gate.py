"""``packet_gate.py``: datagrams that are read or dropped, in virtual time and without sockets."""

from __future__ import annotations

import random

import pytest
from aioice import stun

from app.webrtc.packet_gate import (
    MAX_ADDRESSES,
    MAX_DATAGRAM,
    MAX_WAITING,
    PacketGate,
    PacketVerdict,
    Refusals,
)

PEER = ("192.0.2.1", 5000)
STRANGER = ("192.0.2.2", 5000)


class Gate:
    """A gate of a peer whose address is known."""

    def __init__(self) -> None:
        self.totals = Refusals()
        self.gate = PacketGate(self.totals)
        self.gate.username = b"abcd:"
        self.gate.admit(PEER)
        self.ours: set[bytes] = set()

    def __call__(
        self, data: bytes, source: tuple[str, int] = PEER, *, waiting: int = 0, now: float = 0.0
    ) -> PacketVerdict:
        return self.gate.sort(data, source, waiting=waiting, transactions=self.ours, now=now)

    @property
    def reasons(self) -> dict[str, int]:
        return dict(self.gate.refused)


@pytest.fixture
def gate() -> Gate:
    return Gate()


def request(username: str = "abcd:efgh") -> bytes:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = username
    message.add_message_integrity(b"secret")
    return bytes(message)


@pytest.mark.parametrize("first", [20, 63, 128, 191])
def test_dtls_and_srtp_are_taken_of_the_peer(gate: Gate, first: int) -> None:
    assert gate(bytes([first]) + bytes(40)) is PacketVerdict.DATA
    assert gate.reasons == {}


@pytest.mark.parametrize("first", [20, 22, 63, 128, 191])
def test_of_a_stranger_nothing_is_taken_but_stun(gate: Gate, first: int) -> None:
    assert gate(bytes([first]) + bytes(40), STRANGER) is PacketVerdict.DROP
    assert gate(bytes([first]) + bytes(40), (PEER[0], 5001)) is PacketVerdict.DROP
    assert gate.reasons == {"stranger": 2}
    assert gate(request(), STRANGER) is PacketVerdict.STUN


def test_an_address_that_is_forgotten_is_a_strangers(gate: Gate) -> None:
    gate.gate.forget(PEER)
    gate.gate.forget(STRANGER)
    assert gate(b"\x80" + bytes(40)) is PacketVerdict.DROP


def test_empty_and_oversize_datagrams_are_dropped_whoever_sent_them(gate: Gate) -> None:
    for source in (PEER, STRANGER):
        assert gate(b"", source) is PacketVerdict.DROP
        assert gate(b"\x80" * (MAX_DATAGRAM + 1), source) is PacketVerdict.DROP
    assert gate(b"\x80" * MAX_DATAGRAM) is PacketVerdict.DATA
    assert gate.reasons == {"empty": 2, "oversize": 2}


@pytest.mark.parametrize("first", [4, 19, 64, 127, 192, 255])
def test_what_shares_no_port_with_us_is_dropped(gate: Gate, first: int) -> None:
    assert gate(bytes([first]) + bytes(40)) is PacketVerdict.DROP
    assert gate.reasons == {"unknown": 1}


def test_what_waits_is_bounded(gate: Gate) -> None:
    assert gate(b"\x16" + bytes(40), waiting=MAX_WAITING - 1) is PacketVerdict.DATA
    assert gate(b"\x16" + bytes(40), waiting=MAX_WAITING) is PacketVerdict.DROP
    assert gate.reasons == {"overflow": 1}


def test_stun_is_parsed_only_for_whoever_knows_our_name(gate: Gate) -> None:
    assert gate(request("wxyz:abcd")) is PacketVerdict.DROP
    assert gate(request("abcd:")) is PacketVerdict.STUN
    assert gate.reasons == {"stun_stranger": 1}


def test_answers_are_parsed_only_to_requests_of_ours(gate: Gate) -> None:
    for kind in (stun.Class.RESPONSE, stun.Class.ERROR):
        answer = stun.Message(stun.Method.BINDING, kind)
        assert gate(bytes(answer)) is PacketVerdict.DROP
        gate.ours.add(answer.transaction_id)
        assert gate(bytes(answer)) is PacketVerdict.STUN
    assert gate.reasons == {"stun_stranger": 2}


def test_a_keep_alive_is_neither_answered_nor_counted(gate: Gate) -> None:
    indication = stun.Message(stun.Method.BINDING, stun.Class.INDICATION)
    assert gate(bytes(indication)) is PacketVerdict.DROP
    assert gate.reasons == {}


def test_stun_without_its_cookie_or_header_is_malformed(gate: Gate) -> None:
    whole = request()
    assert gate(whole[:19]) is PacketVerdict.DROP
    assert gate(whole[:4] + b"\0\0\0\0" + whole[8:]) is PacketVerdict.DROP
    assert gate.reasons == {"stun_malformed": 2}


def test_checks_come_at_a_bounded_rate(gate: Gate) -> None:
    taken = sum(gate(request(), now=n / 1000) is PacketVerdict.STUN for n in range(5000))
    assert 600 <= taken <= 701
    assert gate.reasons == {"stun_flood": 5000 - taken}


def test_addresses_are_learned_at_a_bounded_rate(gate: Gate) -> None:
    joined = [gate.gate.may_join(now=0.0) for _ in range(100)]
    assert sum(joined) == MAX_ADDRESSES
    assert gate.gate.may_join(now=2.0)
    assert not gate.gate.may_join(now=2.1)
    assert gate.reasons == {"addresses": 100 - MAX_ADDRESSES + 1}


def test_all_peers_are_counted_together_too() -> None:
    totals = Refusals()
    for _ in range(3):
        PacketGate(totals).refuse("empty")
    assert totals == {"empty": 3}


def test_whatever_comes_is_sorted_and_counted() -> None:
    random_ = random.Random(7)
    gate = Gate()
    dropped = 0
    for n in range(20_000):
        data = random_.randbytes(random_.choice((0, 1, 2, 12, 19, 20, 21, 100, 1500, 1501)))
        if n % 3 == 0 and len(data) > 8:
            data = data[:4] + b"\x21\x12\xa4\x42" + data[8:]
        verdict = gate(data, random_.choice((PEER, STRANGER)), now=n / 100)
        dropped += verdict is PacketVerdict.DROP
    assert dropped == sum(gate.reasons.values()) + 0
