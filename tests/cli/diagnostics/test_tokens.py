"""Tokens that are missing, weak or the same; a public address without encryption."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from cli.diagnostics import tokens
from cli.diagnostics.finding import Status
from tests.certificates import write_certificate
from tests.cli.diagnostics.seeds import TOKENS, assert_fault, by_name, settings


def test_on_loopback_nothing_is_needed() -> None:
    found = by_name(tokens.check(settings()))
    assert {each.status for each in found.values()} == {Status.NOTE}
    assert "sharpcast up --public" in found["TLS"].cure


@pytest.mark.parametrize(
    "weak", ["password1", "changeme", "aaaaaaaaaaaa", "12345678", "sharpcast-1"]
)
def test_a_token_that_can_be_guessed_is_a_fault(weak: str) -> None:
    found = by_name(tokens.check(settings(publish_token=weak)))
    assert_fault(found["publish token"], "SHARPCAST_PUBLISH_TOKEN", "token_urlsafe")
    assert weak not in str(found)


@pytest.mark.parametrize("size", [8, 16, 24])
def test_random_tokens_are_strong(size: int) -> None:
    for _ in range(50):
        assert tokens.strength_bits(secrets.token_urlsafe(size)) >= tokens.MIN_BITS


def test_one_word_for_both_is_a_fault() -> None:
    word = TOKENS["admin_token"]
    found = by_name(tokens.check(settings(publish_token=word, admin_token=word)))
    assert_fault(found["tokens"], "SHARPCAST_ADMIN_TOKEN")
    assert "tokens" not in by_name(tokens.check(settings(**TOKENS)))


def test_a_public_address_without_a_certificate_is_a_fault(tmp_path: Path) -> None:
    found = tokens.encryption(settings(http_host="0.0.0.0", **TOKENS))
    assert_fault(found, "without encryption", "certbot", "SHARPCAST_TLS_CERT", "reverse proxy")
    proxied = settings(public_url="https://live.example.org", **TOKENS)
    assert tokens.encryption(proxied).status is Status.GOOD
    plain = settings(public_url="http://live.example.org", **TOKENS)
    assert tokens.encryption(plain).status is Status.FAULT
    certificate, key = write_certificate(tmp_path)
    with_tls = settings(tls_cert=str(certificate), tls_key=str(key))
    assert tokens.encryption(with_tls).status is Status.GOOD
