"""Limits on request bodies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BodyTooLarge, BodyTooSlow, Full
from app.http.edge.body import BODY_S, MAX_BODY_BYTES, BodyReader, HeldBytes


def reader(limit: int = 10, *, held: HeldBytes | None = None) -> BodyReader:
    return BodyReader(limit, BODY_S, held or HeldBytes())


def test_a_body_may_be_as_long_as_its_limit() -> None:
    body = reader()
    body.expect("10")
    body.feed(b"12345", now=0.0)
    body.feed(b"67890", now=BODY_S)
    assert bytes(body.data) == b"1234567890"
    with pytest.raises(BodyTooLarge):
        body.feed(b"1", now=0.0)


@pytest.mark.parametrize("length", ["11", "99999999999999999999999"])
def test_a_length_that_is_too_large_is_refused_before_anything_is_read(length: str) -> None:
    with pytest.raises(BodyTooLarge):
        reader().expect(length)


@pytest.mark.parametrize("length", ["", "-1", "ten", "\u0661"])
def test_what_is_no_length_is_left_to_the_parser(length: str) -> None:
    reader().expect(length)


def test_a_body_that_trickles_is_refused_in_the_end() -> None:
    body = reader()
    body.feed(b"1", now=BODY_S - 0.1)
    with pytest.raises(BodyTooSlow):
        body.feed(b"2", now=BODY_S + 0.1)


def test_all_bodies_together_have_a_limit() -> None:
    held = HeldBytes(15)
    one, two = reader(held=held), reader(held=held)
    one.feed(b"1234567890", now=0.0)
    with pytest.raises(Full):
        two.feed(b"1234567890", now=0.0)
    one.release()
    two.feed(b"1234567890", now=0.0)
    two.release()
    assert held.held == 0


@given(st.lists(st.binary(max_size=8), max_size=12), st.integers(0, 60))
def test_a_body_is_assembled_of_any_parts_or_refused_whole(parts: list[bytes], limit: int) -> None:
    held = HeldBytes(200)
    body = reader(limit, held=held)
    whole = b"".join(parts)
    try:
        for part in parts:
            body.feed(part, now=0.0)
            assert held.held == len(body.data) <= limit
    except BodyTooLarge:
        assert len(whole) > limit
    else:
        assert bytes(body.data) == whole
    body.release()
    assert (held.held, bytes(body.data)) == (0, b"")


def test_a_refusal_names_the_limit() -> None:
    with pytest.raises(BodyTooLarge, match="may carry 16 KiB at most"):
        reader(MAX_BODY_BYTES).expect(str(MAX_BODY_BYTES + 1))
    reader(MAX_BODY_BYTES).expect(str(MAX_BODY_BYTES))


def test_the_last_byte_may_come_at_the_deadline() -> None:
    body = BodyReader(10, deadline=5.0, held=HeldBytes())
    body.feed(b"1", now=5.0)
    with pytest.raises(BodyTooSlow):
        body.feed(b"", now=5.000001)


def test_a_second_release_takes_nothing_of_others() -> None:
    held = HeldBytes()
    one, two = reader(held=held), reader(held=held)
    one.feed(b"123", now=0.0)
    two.feed(b"45678", now=0.0)
    one.release()
    one.release()
    assert held.held == 5


def test_the_sum_may_be_reached_and_not_passed() -> None:
    held = HeldBytes(4)
    held.add(4)
    with pytest.raises(Full):
        held.add(1)
    assert held.held == 4
    held.drop(4)
    held.add(4)
