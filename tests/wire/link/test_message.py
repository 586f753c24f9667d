"""Messages in bytes and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.errors import BadMessage
from wire.link.message import HEAD_BYTES, MAX_CONTENT_BYTES, Message, encode_body, parse_body


@given(
    st.integers(0, 255),
    st.integers(0, 65535),
    st.integers(0, 65535),
    st.binary(max_size=300),
    st.integers(0, 40),
)
def test_a_message_survives_with_padding_behind_it(
    kind: int, lane: int, serial: int, content: bytes, padding: int
) -> None:
    message = Message(kind, lane, serial, content)
    assert parse_body(encode_body(message) + bytes(padding)) == message


def test_the_largest_message_passes_and_a_larger_one_does_not() -> None:
    largest = Message(1, 2, 3, bytes(MAX_CONTENT_BYTES))
    assert parse_body(encode_body(largest)) == largest
    with pytest.raises(ValueError, match="at most 245760 bytes, this one has 245761"):
        encode_body(Message(1, 2, 3, bytes(MAX_CONTENT_BYTES + 1)))


@pytest.mark.parametrize("size", range(HEAD_BYTES))
def test_a_body_shorter_than_its_head_is_refused(size: int) -> None:
    with pytest.raises(BadMessage, match="has no head"):
        parse_body(bytes(size))


def test_a_body_shorter_than_it_says_is_refused() -> None:
    body = encode_body(Message(1, 2, 3, b"abcd"))
    with pytest.raises(BadMessage, match="says 4 bytes and has 3"):
        parse_body(body[:-1])
