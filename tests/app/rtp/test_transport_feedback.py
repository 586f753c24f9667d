"""Feedback packets of transport-wide congestion control: ``transport_feedback.py``."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rtp.transport_feedback import (
    MAX_STATUSES,
    TransportFeedback,
    is_transport_feedback,
    parse_transport_feedback,
)

HEADER_BYTES = 20


def feedback(*arrivals: int | None, base: int = 1, reference: int = 5) -> TransportFeedback:
    return TransportFeedback(0x11, 0x22, base, 7, reference, arrivals)


def packet(chunks: Sequence[int], deltas: bytes, *, count: int, spare: int = 0) -> bytes:
    """Returns a packet written by hand, with the padding that it needs."""
    body = struct.pack(f"!{len(chunks)}H", *chunks) + deltas
    body += bytes(-len(body) % 4)
    length = (HEADER_BYTES + len(body)) // 4 - 1 + spare
    return struct.pack("!BBHIIHHI", 0x8F, 205, length, 1, 2, 100, count, 3 << 8 | 9) + body


def test_a_small_feedback_has_the_bytes_of_the_draft() -> None:
    data = feedback(4, None, 260, 10).encode()
    # Header, SSRCs, base 1, four statuses, reference time 5, feedback 7.
    assert data[:20].hex() == "afcd0006" + "00000011" + "00000022" + "00010004" + "00000507"
    # A vector of two-bit symbols: small, none, large, large.
    assert data[20:22].hex() == f"{0b11_01_00_10_10_000000:04x}"
    assert data[22:27].hex() == "04" + "0100" + "ff06"
    assert data[27:] == bytes((1,)), "one byte of padding, counted by itself"
    assert len(data) == 28


def test_a_run_of_packets_in_time_takes_one_chunk() -> None:
    data = feedback(*range(0, 100 * 20, 20)).encode()
    assert struct.unpack_from("!H", data, 20)[0] == 1 << 13 | 100
    assert len(data) == HEADER_BYTES + 2 + 100 + 2


def test_a_loss_among_small_deltas_takes_one_bit_for_each_packet() -> None:
    data = feedback(0, 1, 2, None, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13).encode()
    assert struct.unpack_from("!H", data, 20)[0] == 0b10_11101111111111


def test_a_long_outage_takes_runs_and_not_vectors() -> None:
    data = feedback(0, *[None] * 4000, 9000).encode()
    assert len(data) <= HEADER_BYTES + 8 + 3 + 3


def test_padding_is_announced_only_where_there_is_some() -> None:
    assert feedback(4, 5).encode()[0] == 0x8F
    assert feedback(4, 5, 6).encode()[0] == 0xAF


TICKS = st.one_of(st.integers(0, 255), st.integers(-0x8000, 0x7FFF))


@st.composite
def feedbacks(draw: st.DrawFn) -> TransportFeedback:
    arrivals: list[int | None] = []
    last = 0
    while len(arrivals) < draw(st.integers(1, 120)):
        step = draw(st.one_of(st.none(), TICKS))
        if step is None:
            arrivals += [None] * draw(st.integers(1, 40))
        else:
            last += step
            arrivals += [last + n for n in range(draw(st.integers(1, 40)))]
            last = arrivals[-1] or 0
    return TransportFeedback(
        draw(st.integers(0, 2**32 - 1)),
        draw(st.integers(0, 2**32 - 1)),
        draw(st.integers(0, 2**16 - 1)),
        draw(st.integers(0, 255)),
        draw(st.integers(-(2**23), 2**23 - 1)),
        tuple(arrivals),
    )


@given(feedbacks())
def test_what_is_written_is_read(given_feedback: TransportFeedback) -> None:
    data = given_feedback.encode()
    assert len(data) % 4 == 0
    assert is_transport_feedback(data)
    assert parse_transport_feedback(data) == given_feedback
    behind = parse_transport_feedback(data + b"\x80\xc9\x00\x01\x00\x00\x00\x01")
    assert behind == given_feedback, "a compound packet may go on"


@given(feedbacks(), st.data())
def test_a_truncated_feedback_is_refused(whole: TransportFeedback, data: st.DataObject) -> None:
    bytes_ = whole.encode()
    cut = data.draw(st.integers(0, len(bytes_) - 1))
    with pytest.raises(ValueError):
        parse_transport_feedback(bytes_[:cut])


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(rest: bytes) -> None:
    length = (4 + len(rest)) // 4 - 1
    for data in (rest, struct.pack("!BBH", 0x8F, 205, max(0, length)) + rest):
        try:
            found = parse_transport_feedback(data)
        except ValueError:
            continue
        assert 1 <= len(found.arrivals) <= MAX_STATUSES


@given(st.lists(st.integers(0, 0xFFFF), max_size=30), st.binary(max_size=200), st.integers(0, 4096))
def test_any_chunks_are_read_or_refused(chunks: list[int], deltas: bytes, count: int) -> None:
    data = packet(chunks, deltas, count=count)
    try:
        found = parse_transport_feedback(data)
    except ValueError:
        return
    assert len(found.arrivals) == count
    assert found.base == 100
    try:
        again = found.encode()
    except ValueError:
        return  # deltas of the large kind may add up to more than one can tell after a loss
    assert parse_transport_feedback(again) == found


def test_symbols_beyond_the_count_mean_nothing() -> None:
    # A run of 20 and a vector whose last eleven symbols are the reserved one.
    data = packet([1 << 13 | 2, 0xC000 | 0b01_11_11_11_11_11_11], b"\x01\x02\x03", count=3)
    with pytest.raises(ValueError, match="reserved"):
        parse_transport_feedback(packet([0xC000 | 0b11 << 12], b"", count=1))
    assert parse_transport_feedback(
        packet([1 << 13 | 2, 0xC000 | 0b01_11_11_11_11_11_11], b"\x01\x02\x03", count=3)
    ).arrivals == (1, 3, 6)
    assert parse_transport_feedback(packet([1 << 13 | 20], b"\x01\x02\x03", count=3)).arrivals == (
        1,
        3,
        6,
    )
    assert len(data) == 28


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "shorter"),
        (packet([1 << 13 | 1], b"\x01", count=0), "about 0"),
        (packet([0x1FFF], b"", count=MAX_STATUSES + 1), "about 4097"),
        (packet([1 << 13 | 1], b"\x01", count=1, spare=1), "longer"),
        (packet([], b"", count=1), "status chunks"),
        (packet([0, 0], b"", count=1), "status chunks"),
        (packet([1 << 13 | 3], b"\x01\x01", count=3), "deltas"),
        (packet([2 << 13 | 1], b"\x01", count=1)[:-1] + b"\x01", None),
        (packet([3 << 13 | 1], b"", count=1), "reserved"),
        (b"\x81" + packet([1 << 13 | 1], b"\x01", count=1)[1:], "no transport-wide"),
        (b"\x4f" + packet([1 << 13 | 1], b"\x01", count=1)[1:], "no transport-wide"),
    ],
)
def test_a_packet_that_is_none_is_refused_with_a_reason(data: bytes, why: str | None) -> None:
    if why is None:
        parse_transport_feedback(data)
        return
    with pytest.raises(ValueError, match=why):
        parse_transport_feedback(data)


def test_a_run_of_none_length_does_not_go_on_for_ever() -> None:
    with pytest.raises(ValueError, match="status chunks"):
        parse_transport_feedback(packet([0] * 50, b"", count=2))


def test_what_cannot_be_told_is_refused() -> None:
    with pytest.raises(ValueError, match="8 s"):
        feedback(0, 0x8000).encode()
    assert parse_transport_feedback(feedback(-0x8000).encode()).arrivals == (-0x8000,)
    with pytest.raises(ValueError, match="statuses"):
        feedback().encode()
    with pytest.raises(ValueError, match="statuses"):
        feedback(*[0] * (MAX_STATUSES + 1)).encode()
    with pytest.raises(ValueError, match="out of range"):
        dataclasses.replace(feedback(1), base=0x10000).encode()


def test_a_negative_reference_time_keeps_its_sign() -> None:
    assert parse_transport_feedback(feedback(3, reference=-1).encode()).reference == -1


def test_other_feedback_is_not_this_one() -> None:
    nack = struct.pack("!BBHIIHH", 0x81, 205, 3, 1, 2, 5, 0)
    pli = struct.pack("!BBHII", 0x81, 206, 2, 1, 2)
    assert not is_transport_feedback(nack)
    assert not is_transport_feedback(pli)
    assert not is_transport_feedback(b"\x8f")
