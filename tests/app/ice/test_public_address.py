"""Our address as a STUN server sees it, in virtual time: ``public_address.py``."""

from __future__ import annotations

import pytest

from app.ice.public_address import MAX_TRIES, RENEW_S, RETRY_S, PublicAddress
from app.ice.stun import (
    Attribute,
    StunKind,
    encode_address,
    encode_message,
    new_transaction,
    parse_message,
)

OURS = ("203.0.113.5", 4567)


def answer(question: bytes, address: tuple[str, int] = OURS) -> bytes:
    """A server's answer."""
    transaction = parse_message(question).transaction
    value = encode_address(*address, transaction)
    return encode_message(StunKind.RESPONSE, transaction, [(Attribute.XOR_MAPPED_ADDRESS, value)])


def asked(public: PublicAddress, now: float) -> bytes:
    """The question that is due."""
    found = public.question(now=now)
    assert found is not None
    return found


@pytest.fixture
def public() -> PublicAddress:
    return PublicAddress(now=0.0)


def test_the_server_is_asked_at_once_and_then_seldom(public: PublicAddress) -> None:
    question = asked(public, 0.0)
    assert parse_message(question).kind is StunKind.REQUEST
    assert public.question(now=0.5) is None
    assert public.take(answer(question), now=0.6)
    assert public.address == OURS
    assert public.question(now=RENEW_S) is None
    moved = asked(public, 0.6 + RENEW_S)
    assert public.take(answer(moved, ("203.0.113.6", 1)), now=26.0)
    assert public.address == ("203.0.113.6", 1)


def test_a_question_that_is_lost_is_repeated(public: PublicAddress) -> None:
    first = asked(public, 0.0)
    second = asked(public, RETRY_S)
    assert not public.take(answer(first), now=1.1), "the round trips of both may differ"
    assert public.take(answer(second), now=1.2)


def test_a_server_that_is_gone_makes_the_address_unknown_and_is_asked_seldom(
    public: PublicAddress,
) -> None:
    public.take(answer(asked(public, 0.0)), now=0.0)
    now, questions = 0.0, 0
    while now < 20 * RENEW_S:
        now += RETRY_S
        questions += public.question(now=now) is not None
    assert public.address is None
    assert questions < MAX_TRIES + 20
    assert public.take(answer(asked(public, now + RENEW_S)), now=now + RENEW_S)
    assert public.address == OURS


@pytest.mark.parametrize("kind", [StunKind.ERROR, StunKind.REQUEST])
def test_other_messages_are_no_answers(public: PublicAddress, kind: StunKind) -> None:
    question = asked(public, 0.0)
    assert not public.take(encode_message(kind, parse_message(question).transaction), now=0.1)
    assert not public.take(question[:-1], now=0.1)
    assert not public.take(answer(encode_message(kind, new_transaction())), now=0.1)
    assert not public.take(b"", now=0.1)
    assert public.address is None


def test_an_answer_that_names_no_address_is_none(public: PublicAddress) -> None:
    transaction = parse_message(asked(public, 0.0)).transaction
    assert not public.take(encode_message(StunKind.RESPONSE, transaction), now=0.1)


def test_an_answer_counts_once(public: PublicAddress) -> None:
    found = answer(asked(public, 0.0))
    assert public.take(found, now=0.1)
    assert not public.take(found, now=0.2)


def test_before_a_question_nothing_is_taken(public: PublicAddress) -> None:
    assert not public.take(answer(encode_message(StunKind.REQUEST, bytes(12))), now=0.0)
