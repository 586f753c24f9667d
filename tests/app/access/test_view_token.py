"""Signed tokens to watch one stream."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.view_token import (
    MAX_VIEW_TOKEN_LENGTH,
    ViewToken,
    end_of,
    is_view_token,
    make_view_token,
    parse_view_token,
)

SIGNING = "5e" * 32
TOKEN = ViewToken("cam1", 1_700_000_000, "0123456789")


@pytest.mark.parametrize("token", [TOKEN, ViewToken("a" * 64, 2**40), ViewToken("a.b-c_d", 0)])
def test_a_token_says_what_was_signed(token: ViewToken) -> None:
    text = make_view_token(token, SIGNING)
    assert is_view_token(text)
    assert len(text) <= MAX_VIEW_TOKEN_LENGTH
    # It stands in addresses as it is.
    assert text.isascii()
    assert not set(text) & set("&=+/ %#?")
    assert parse_view_token(text, SIGNING) == token


def test_another_secret_signs_others() -> None:
    text = make_view_token(TOKEN, SIGNING)
    assert parse_view_token(text, "00" * 32) is None
    # A server that has no secret yet takes none, also none that is signed by nothing.
    assert parse_view_token(make_view_token(TOKEN, ""), "") is None


@given(st.integers(0, 200), st.integers(0, 255))
def test_any_other_byte_makes_it_worthless(place: int, value: int) -> None:
    data = bytearray(make_view_token(TOKEN, SIGNING).encode())
    place %= len(data)
    if data[place] == value:
        return
    data[place] = value
    assert parse_view_token(data.decode("latin-1"), SIGNING) is None


@given(st.text(max_size=600))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    assert parse_view_token(text, SIGNING) is None
    assert parse_view_token(f"vt_{text}", SIGNING) is None


def test_a_token_without_its_end_is_none() -> None:
    text = make_view_token(TOKEN, SIGNING)
    for cut in range(len(text)):
        assert parse_view_token(text[:cut], SIGNING) is None


@pytest.mark.parametrize(
    "key_expires_us,ends_s", [(0, 160), (200_000_000, 160), (130_999_999, 130), (1, 0)]
)
def test_a_token_ends_at_the_latest_with_its_key(key_expires_us: int, ends_s: int) -> None:
    assert end_of(60, key_expires_us, now_s=100) == ends_s
