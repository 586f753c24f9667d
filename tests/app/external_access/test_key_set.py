"""The keys of an issuer: which are taken, and which documents are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import RSAAlgorithm

from app.external_access.key_set import ALGORITHMS, MAX_BYTES, parse_key_set
from tests.app.external_access.issuer import jwk, jwks, key_set, private_key


@pytest.mark.parametrize(
    ("algorithm", "taken"),
    [
        ("RS256", {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
        ("ES256", {"ES256"}),
        ("ES384", {"ES384"}),
        ("EdDSA", {"EdDSA"}),
    ],
)
def test_a_key_has_the_algorithms_of_its_kind(algorithm: str, taken: set[str]) -> None:
    (key,) = key_set(jwk(algorithm)).keys
    assert (key.id, key.algorithms) == ("one", taken)
    assert taken <= ALGORITHMS
    assert "PublicKey" not in repr(key)


def test_a_key_for_one_algorithm_has_that_alone() -> None:
    (key,) = key_set(jwk("RS256", alg="PS256")).keys
    assert key.algorithms == {"PS256"}


def test_only_algorithms_with_two_keys_are_taken() -> None:
    assert not any(name == "none" or name.startswith("HS") for name in ALGORITHMS)


def _rsa(bits: int) -> Any:
    public = rsa.generate_private_key(65537, bits).public_key()
    return json.loads(RSAAlgorithm.to_jwk(public))


@pytest.mark.parametrize(
    "other",
    [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "x"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "x", "alg": "HS256"},
        jwk(use="enc"),
        jwk(key_ops=["sign"]),
        jwk(alg="none"),
        jwk(alg="HS256"),
        jwk(alg="RS256"),
        {**jwk(), "crv": "P-521"},
        {**jwk(), "crv": "secp256k1"},
        {**jwk(), "x": "AAAA"},
        {**jwk(), "x": "*"},
        {**jwk("EdDSA"), "x": "AAAA"},
        {**jwk("RS256"), "n": "A" * 5000},
        json.loads(RSAAlgorithm.to_jwk(private_key("RS256"))),
        {"kid": "x"},
        {**jwk(), "kid": 7},
        {**jwk(), "kid": "x" * 300},
        "x",
        None,
    ],
)
def test_other_keys_are_left_out(other: Any) -> None:
    with pytest.raises(ValueError, match="no public key"):
        key_set(other)
    # One that cannot be used does not spoil the others.
    assert [key.id for key in key_set(other, jwk(key_id="two")).keys] == ["two"]


def test_a_short_rsa_key_is_left_out() -> None:
    with pytest.raises(ValueError, match="no public key"):
        key_set(_rsa(1024))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<html>", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 200_000, "not JSON"),
        (b"[]", "no JWKS"),
        (b'{"keys": {}}', "no JWKS"),
        (b'{"keys": []}', "no public key"),
        (b" " * (MAX_BYTES + 1), "larger than 256 KiB"),
        (json.dumps({"keys": [{}] * 10_000}).encode(), "has 10000 keys"),
    ],
)
def test_a_document_without_use_is_refused_with_the_reason(data: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_key_set(data)


def test_ten_thousand_real_keys_are_refused_unread() -> None:
    data = jwks(*[jwk("EdDSA")] * 10_000)
    with pytest.raises(ValueError, match="larger than"):
        parse_key_set(data)


def test_the_digest_tells_whether_it_changed() -> None:
    assert key_set(jwk()).digest == key_set(jwk()).digest
    assert key_set(jwk()).digest != key_set(jwk(key_id="two")).digest


@given(st.binary(max_size=200), st.sampled_from(["kty", "kid", "crv", "x", "y", "alg", "n", "e"]))
def test_no_document_does_more_than_be_refused(data: bytes, name: str) -> None:
    for content in (data, jwks({**jwk(), name: data.decode("latin-1")})):
        try:
            parse_key_set(content)
        except ValueError:
            continue
