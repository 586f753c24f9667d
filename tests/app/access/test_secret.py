"""Secrets of stream keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access import secret
from app.access.secret import hash_of, is_hash_of, key_id_of, make_secret


def test_each_secret_is_another_and_names_its_key() -> None:
    made = [make_secret() for _ in range(50)]
    assert len({each.id for each in made}) == len({each.text for each in made}) == 50
    for each in made:
        assert key_id_of(each.text) == each.id
        assert len(each.text) == 57
        assert len(each.text) <= secret.MAX_SECRET_LENGTH


def test_a_key_keeps_its_id_with_another_secret() -> None:
    first = make_secret()
    second = make_secret(first.id)
    assert second.id == first.id
    assert second.text != first.text


def test_what_is_kept_does_not_hold_the_secret() -> None:
    made = make_secret()
    kept = hash_of(made.text)
    assert len(kept) == 64
    assert made.text.rpartition("_")[2] not in kept
    assert is_hash_of(made.text, kept)
    assert not is_hash_of(made.text + "x", kept)
    assert not is_hash_of(made.text, "")


def test_hashes_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr("app.access.secret.hmac.compare_digest", compare)
    assert not is_hash_of("sk_x", "ab")
    assert compared == [(hash_of("sk_x").encode(), b"ab")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sk_",
        "sk_0123456789",
        "sk_0123456789_short",
        "sk_012345678_" + "a" * 43,
        "sk_0123456789_" + "a" * 43 + "\n",
        "SK_0123456789_" + "a" * 43,
        "sk_ABCDEF0123_" + "a" * 43,
        "sk_0123456789_" + "a" * 200,
        "sk_0123456789_" + "\u00e9" * 43,
    ],
)
def test_other_texts_name_no_key(text: str) -> None:
    assert key_id_of(text) == ""


@given(st.text(max_size=300))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    found = key_id_of(text)
    assert found == "" or text.startswith(f"sk_{found}_")
