"""The settings that name an issuer and a hook: what they say, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.access_settings import (
    CLAIM,
    JwtIssuer,
    check_hook,
    check_jwt,
    is_clear,
    is_loopback,
    is_web_address,
    parse_jwt_issuer,
)

GOOD = "issuer=https://id.example audience=sharpcast keys=https://id.example/jwks.json"


def test_an_issuer_has_a_name_an_audience_and_keys() -> None:
    expected = JwtIssuer("https://id.example", "sharpcast", "https://id.example/jwks.json", CLAIM)
    assert parse_jwt_issuer(GOOD) == expected
    assert parse_jwt_issuer(f"  {GOOD}   claim=https://cast.example/rights ").claim == (
        "https://cast.example/rights"
    )
    # A value may have another equals sign.
    assert parse_jwt_issuer("keys=/k.json audience=a=b issuer=i").audience == "a=b"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://id.example", "is no part of the form issuer="),
        (f"{GOOD} algorithm=HS256", "'algorithm=HS256' is no part"),
        (f"{GOOD} issuer=x", "issuer= stands there twice"),
        ("issuer=i keys=/k", "audience= is missing"),
        ("issuer=i audience= keys=/k", "'audience=' is no part"),
        (f"{GOOD} claim=a*b", "claim= has letters"),
        ("issuer=i audience=a keys=ftp://a/k", "the address of a JWKS"),
        ("issuer=i audience=a keys=https:///k", "the address of a JWKS"),
        ("issuer=i audience=a keys=http://id.example/k", "change the keys on the way"),
        ("issuer=i audience=a keys=http://192.0.43.8/k", "change the keys on the way"),
    ],
)
def test_what_is_wrong_is_said_in_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("*", r"\*")):
        check_jwt(text)


@pytest.mark.parametrize(
    "address",
    [
        "https://hook.example/access?key=x",
        "http://127.0.0.1:9000/",
        "http://[::1]/",
        "http://localhost/",
        "http://10.1.2.3/hook",
        "http://auth:8000/hook",
        "",
    ],
)
def test_a_hook_is_an_address_that_nobody_reads_on_the_way(address: str) -> None:
    assert check_hook(address) == address


@pytest.mark.parametrize(
    "address",
    ["hook.example", "ftp://hook.example/", "http://hook.example/hidden", "http://8.8.8.8/"],
)
def test_another_hook_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(ValueError, match=r"https://") as error:
        check_hook(address)
    assert "hidden" not in str(error.value)


def test_what_leaves_the_machine_in_the_clear_is_told() -> None:
    assert is_clear("http://auth:8000/hook")
    assert is_clear("http://10.0.0.1/")
    assert not is_clear("http://127.0.0.1/")
    assert not is_clear("https://hook.example/")


def test_only_this_machine_is_loopback() -> None:
    assert all(map(is_loopback, ("localhost", "a.localhost", "127.0.0.9", "::1")))
    assert not any(map(is_loopback, ("localhost.example", "10.0.0.1", "", "::2")))


def test_a_web_address_has_a_host_and_a_port_that_there_is() -> None:
    assert is_web_address("https://a")
    assert not any(map(is_web_address, ("", "a", "https://", "http://a:99999/", "http://[a/")))


def test_no_setting_is_no_issuer() -> None:
    assert check_jwt("") == ""


@given(st.text(max_size=80))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    for check in (check_jwt, check_hook):
        try:
            assert check(text) == text
        except ValueError as error:
            assert str(error)
