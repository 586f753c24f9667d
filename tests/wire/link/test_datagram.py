"""Datagrams in bytes and back; every cut and every bit flip is read or refused, never raised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.errors import BadMessage
from wire.link.datagram import (
    MAX_ARRIVALS,
    MAX_BLOCK_BYTES,
    MAX_DATAGRAM_BYTES,
    MAX_REQUESTS,
    ControlPiece,
    Datagram,
    Report,
    Request,
    Stripe,
    encode,
    parse,
)

U32 = st.integers(0, (1 << 32) - 1)


@st.composite
def stripes(draw: st.DrawFn) -> Stripe:
    total = draw(st.integers(1, 255))
    return Stripe(
        packet=draw(U32),
        sent_us=draw(U32),
        message=draw(U32),
        needed=draw(st.integers(1, total)),
        total=total,
        index=draw(st.integers(0, total - 1)),
        left_ms=draw(st.integers(0, 65535)),
        block=draw(st.binary(min_size=1, max_size=64)),
    )


PIECES = st.builds(
    ControlPiece,
    packet=U32,
    sent_us=U32,
    serial=U32,
    is_last=st.booleans(),
    content=st.binary(max_size=64),
)
REQUESTS = st.builds(
    Request, message=U32, indexes=st.lists(st.integers(0, 255), max_size=20).map(tuple)
)
REPORTS = st.builds(
    Report,
    echo_us=U32,
    held_us=U32,
    control=U32,
    base=U32,
    reference_us=U32,
    arrivals=st.lists(st.integers(0, 65535), max_size=50).map(tuple),
    requests=st.lists(REQUESTS, max_size=4).map(tuple),
)
DATAGRAMS = st.one_of(stripes(), PIECES, REPORTS)

STRIPE = Stripe(1, 2, 3, needed=4, total=6, index=5, left_ms=250, block=b"block")
REPORT = Report(1, 2, 3, 4, 5, (0, 1, 65535), (Request(7, (0, 3)), Request(8, ())))


@given(DATAGRAMS)
def test_a_datagram_survives(datagram: Datagram) -> None:
    assert parse(encode(datagram)) == datagram


def test_the_bytes_are_the_documented_ones() -> None:
    assert encode(STRIPE).hex() == "1100000001000000020000000304060500fa" + b"block".hex()
    assert encode(ControlPiece(1, 2, 3, True, b"x")).hex() == "130000000100000002000000030178"
    assert encode(REPORT).hex() == (
        "120000000100000002000000030000000400000005000300000001ffff000000070200030000000800"
    )


def test_the_largest_stripe_fits_into_a_datagram() -> None:
    largest = Stripe(1, 2, 3, 1, 1, 0, 0, bytes(MAX_BLOCK_BYTES))
    assert len(encode(largest)) == MAX_DATAGRAM_BYTES
    assert parse(encode(largest)) == largest


def test_a_report_with_all_that_it_may_hold_fits_into_a_datagram() -> None:
    requests = tuple(Request(number, tuple(range(12))) for number in range(MAX_REQUESTS))
    full = Report(1, 2, 3, 4, 5, (1,) * MAX_ARRIVALS, requests)
    assert len(encode(full)) <= MAX_DATAGRAM_BYTES
    assert parse(encode(full)) == full


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "1 to 1163 bytes"),
        (bytes(MAX_DATAGRAM_BYTES + 1), "1 to 1163 bytes"),
        (b"\x01", "no datagram of type 0x01"),
        (b"\x21" + bytes(40), "no datagram of type 0x21"),
        (encode(STRIPE)[:10], "ends too early"),
        (encode(STRIPE)[:18], "a stripe 5 of 4"),
        (encode(REPORT)[:20], "ends too early"),
        (encode(REPORT)[:26], "ends too early"),
        (encode(REPORT)[:-6], "cut off"),
    ],
)
def test_what_is_no_datagram_is_refused_with_a_sentence(data: bytes, words: str) -> None:
    with pytest.raises(BadMessage, match=words):
        parse(data)


@pytest.mark.parametrize(("needed", "total", "index"), [(0, 1, 0), (2, 1, 0), (1, 1, 1), (1, 2, 2)])
def test_a_stripe_that_cannot_be_is_refused(needed: int, total: int, index: int) -> None:
    with pytest.raises(BadMessage, match="cannot be"):
        parse(encode(Stripe(1, 2, 3, needed, total, index, 0, b"x")))


def test_a_report_with_more_than_it_may_hold_is_refused() -> None:
    with pytest.raises(BadMessage, match="at most 400 arrivals"):
        parse(encode(Report(1, 2, 3, 4, 5, (0,) * (MAX_ARRIVALS + 1), ())))
    many = tuple(Request(number, ()) for number in range(MAX_REQUESTS + 1))
    with pytest.raises(BadMessage, match="too many"):
        parse(encode(Report(1, 2, 3, 4, 5, (), many)))


@given(DATAGRAMS, st.data())
def test_broken_datagrams_are_read_or_refused(datagram: Datagram, data: st.DataObject) -> None:
    broken = bytearray(encode(datagram))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(broken) - 1))
        broken[at] ^= 1 << data.draw(st.integers(0, 7))
    del broken[data.draw(st.integers(1, len(broken))) :]
    try:
        found = parse(bytes(broken))
    except BadMessage:
        return
    assert encode(found)[1:] == bytes(broken)[1:] or isinstance(found, ControlPiece)
