from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.fmtp import parse_parameters, without_junk


def test_parameters_are_read_without_regard_to_case_and_space() -> None:
    assert parse_parameters("A=1; b = x=y;;c;a=2") == {"a": "1", "b": "x=y", "": "", "c": ""}
    assert parse_parameters("") == {"": ""}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("profile-level-id=42e01f;packetization-mode=1",
         {"profile-level-id": "42e01f", "packetization-mode": "1"}),
        ("Packetization-Mode=0 ; PACKETIZATION-MODE=1", {"packetization-mode": "0"}),
        ("sprop-parameter-sets=Z0IA,aM48gA==", {"sprop-parameter-sets": "Z0IA,aM48gA=="}),
        ("apt=96", {"apt": "96"}),
        ("0-15", {"0-15": ""}),
        ("a=1;", {"a": "1", "": ""}),
    ],
)  # fmt: skip
def test_what_clients_write_is_read(text: str, found: dict[str, str]) -> None:
    assert parse_parameters(text) == found


NAMES = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12)
VALUES = st.text("abcABC012=,/+", max_size=12)


@given(st.dictionaries(NAMES, VALUES, min_size=1))
def test_parameters_come_back_however_they_are_spaced(parameters: dict[str, str]) -> None:
    for separator in (";", "; ", " ; "):
        text = separator.join(f"{name.upper()}={value}" for name, value in parameters.items())
        assert parse_parameters(text) == parameters


@given(st.text(" ;=aA0\t\xa0\n-", max_size=40))
def test_any_text_is_read(text: str) -> None:
    assert all(name == name.strip().lower() for name in parse_parameters(text))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("stereo=prs1; minptime=10", " minptime=10"),
        ("minptime=10;useinbandfec=1", "minptime=10;useinbandfec=1"),
        ("apt=96", "apt=96"),
        ("Apt=x;a=b", "a=b"),
        ("stereo", ""),
        ("stereo=;STEREO= 1 ", "STEREO= 1 "),
        ("max-fs=-1;max-fr=1e3;max-fs=12345678901", ""),
        ("profile-level-id=64002A;sprop-parameter-sets=Z2QAK,aO4=",
         "profile-level-id=64002A;sprop-parameter-sets=Z2QAK,aO4="),
        ("0-15", "0-15"),
        ("", ""),
    ],
)  # fmt: skip
def test_what_must_be_a_number_and_is_none_is_left_out(text: str, kept: str) -> None:
    assert without_junk(text) == kept
