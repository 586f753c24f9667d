"""JWTs: what is taken, and the attacks that are refused, with the time as an argument."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from app.access.grants import Act, Grant
from app.errors import NotAuthorized
from app.external_access import jwt_check
from app.external_access.jwt_check import MAX_JWT_LENGTH, JwtCheck, is_jwt
from app.external_access.key_set import KeySet
from tests.app.external_access.issuer import (
    ISSUER,
    claims,
    forged,
    jwk,
    key_set,
    part,
    private_key,
    token,
)
from wire.access_settings import JwtIssuer

SET = key_set(jwk("ES256"), jwk("RS256", "rsa"))


def by_id(key_id: str) -> KeySet:
    """The keys that a token may be checked with."""
    keys = tuple(key for key in SET.keys if not key_id or key.id == key_id)
    return KeySet(keys, SET.digest)


def checked(text: str, check: JwtCheck | None = None, *, now_s: float = 0.0) -> Grant:
    """The grant of a token, as the adapter asks for it."""
    check = check or JwtCheck(ISSUER)
    header = check.header(text)
    found = by_id(header.key_id)
    if not found.keys:
        check.refuse_key()
    return check.check(text, found, header, now_s=now_s or time.time())


def refused(text: str, words: str, reason: str, *, now_s: float = 0.0) -> None:
    """Checks that a token is refused for this reason, which is counted."""
    check = JwtCheck(ISSUER)
    with pytest.raises(NotAuthorized, match=words):
        checked(text, check, now_s=now_s)
    assert check.refused == {reason: 1}
    assert check.known(text, SET.digest, now_s=time.time()) is None


@pytest.mark.parametrize(
    "algorithm",
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"],
)
def test_a_token_of_each_algorithm_is_taken(algorithm: str) -> None:
    text = token(algorithm)
    check = JwtCheck(ISSUER)
    grant = check.check(text, key_set(jwk(algorithm)), check.header(text), now_s=time.time())
    assert grant.who == "ann"
    assert grant.allows(Act.PUBLISH, "cam1")
    assert not check.refused


def test_a_token_has_the_form_of_one() -> None:
    assert is_jwt(token())
    assert is_jwt("eyJ" + "a" * MAX_JWT_LENGTH)
    for other in ("", "sk_0123456789_abc", "vt_a.b", "a.b.c", "eyJ.b", "eyJ a.b.c", "eyJa.b.c.d"):
        assert not is_jwt(other)


def test_without_algorithm_nothing_is_granted() -> None:
    for name in ("none", "None", "NONE", "nOnE", ""):
        refused(forged({"alg": name, "kid": "one"}), "must be signed", "algorithm")
    refused(forged({"kid": "one"}), "must be signed", "algorithm")
    refused(forged({"alg": ["ES256"], "kid": "one"}), "must be signed", "algorithm")
    # The signature is cut off.
    refused(token().rpartition(".")[0] + ".", "not signed by", "signature")


def test_hmac_with_the_public_key_is_refused() -> None:
    public = private_key("RS256").public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for key in (pem, json.dumps(jwk("RS256", "rsa")).encode()):
        for name in ("HS256", "HS384", "HS512"):
            refused(forged({"alg": name, "kid": "rsa"}, key), "must be signed", "algorithm")
        # A name of the list does not help either.
        refused(forged({"alg": "RS256", "kid": "rsa"}, key), "not signed by", "signature")


def test_a_token_does_not_choose_another_algorithm_than_its_keys() -> None:
    refused(forged({"alg": "ES384", "kid": "one"}, b"k"), "not that of the key", "algorithm")
    refused(token("RS256", "one"), "not that of the key", "algorithm")
    only = key_set(jwk("RS256", "rsa", alg="RS256"))
    check, text = JwtCheck(ISSUER), token("PS256", "rsa")
    with pytest.raises(NotAuthorized):
        check.check(text, only, check.header(text), now_s=time.time())


def test_another_ones_signature_is_refused() -> None:
    refused(token(number=1), "not signed by", "signature")
    head, _, mac = token().split(".")
    refused(f"{head}.{part(claims(sub='eve'))}.{mac}", "not signed by", "signature")


def test_names_of_keys_are_looked_up_and_nothing_else() -> None:
    for key_id in ("../../../dev/null", "/etc/passwd", "one' UNION SELECT 'x", "http://e/k", "\0"):
        refused(forged({"alg": "ES256", "kid": key_id}, b"k"), "no such key", "key")
    for odd in (7, None, ["one"], {"a": 1}):
        refused(forged({"alg": "ES256", "kid": odd}, b"k"), "cannot be read", "form")
    refused(forged({"alg": "ES256", "kid": "k" * 300}, b"k"), "too long a name", "key")


def test_keys_that_a_token_brings_along_are_not_used() -> None:
    own: dict[str, Any] = {"jwk": jwk(number=1), "jku": "http://127.0.0.1:1/", "x5u": "http://e/"}
    text = jwt.encode(
        claims(), private_key("ES256", 1), algorithm="ES256", headers={"kid": "one", **own}
    )
    refused(text, "not signed by", "signature")


def test_extensions_are_refused() -> None:
    for more in ({"crit": ["b64"], "b64": False}, {"b64": False}, {"crit": ["x"], "x": 1}):
        check = JwtCheck(ISSUER)
        with pytest.raises(NotAuthorized):
            check.header(forged({"alg": "ES256", "kid": "one", **more}, b"k"))
        assert check.refused == {"form": 1}


def test_a_token_without_a_key_id_needs_one_fitting_key() -> None:
    assert checked(token(key_id=None)).who == "ann"
    check, text = JwtCheck(ISSUER), token(key_id=None)
    both = key_set(jwk(), jwk(key_id="two", number=1))
    with pytest.raises(NotAuthorized, match="which of the issuer"):
        check.check(text, both, check.header(text), now_s=time.time())


@pytest.mark.parametrize(
    ("changes", "words", "reason"),
    [
        ({"iss": "https://evil.example"}, "another issuer", "issuer"),
        ({"iss": "https://id.example/"}, "another issuer", "issuer"),
        ({"iss": None}, "iss: Field required", "claims"),
        ({"aud": "other"}, "another audience", "audience"),
        ({"aud": []}, "another audience", "audience"),
        ({"aud": None}, "aud: Field required", "claims"),
        ({"exp": None}, "exp: Field required", "claims"),
        ({"exp": 1}, "has expired", "expired"),
        ({"exp": -(10**30)}, "has expired", "expired"),
        ({"nbf": 9e9}, "not good yet", "early"),
        ({"sub": None}, "sub: Field required", "claims"),
        ({"sharpcast": None}, "no claim sharpcast", "claims"),
        ({"sharpcast": "admin"}, "valid dictionary", "claims"),
        ({"sharpcast": {"rights": "all"}}, "rights: Extra inputs", "claims"),
    ],
)
def test_claims_must_fit(changes: dict[str, Any], words: str, reason: str) -> None:
    refused(token(**changes), words, reason)


@pytest.mark.parametrize("payload", [b"", b"[]", b"7", b"{", b"\xff", b"[" * 4000, b'{"exp": NaN}'])
def test_a_signed_payload_that_is_no_object_is_refused(payload: bytes) -> None:
    text = jwt.api_jws.encode(payload, private_key("ES256"), "ES256", {"kid": "one"})
    with pytest.raises(NotAuthorized):
        checked(text)


def test_clocks_may_differ_a_little() -> None:
    text = token(exp=1000, nbf=500)
    for now_s in (471, 500, 1000, 1029):
        assert checked(text, now_s=now_s)
    refused(text, "not good yet", "early", now_s=469)
    refused(text, "has expired", "expired", now_s=1030)


def test_a_huge_token_is_not_parsed() -> None:
    text = forged({"alg": "ES256", "kid": "one"}, b"k", padding="x" * MAX_JWT_LENGTH)
    refused(text, "more than 8192 characters", "form")
    refused("eyJ" + "." * 100_000, "more than 8192 characters", "form")


def test_the_claim_may_have_another_name() -> None:
    name = "https://cast.example/rights"
    check = JwtCheck(JwtIssuer(ISSUER.issuer, ISSUER.audience, "x", name))
    more: dict[str, Any] = {name: {"view": ["a"]}}
    text = token(sharpcast=None, **more)
    assert checked(text, check).allows(Act.VIEW, "a")


def test_a_token_is_checked_once_and_known_until_it_ends() -> None:
    check, text = JwtCheck(ISSUER), token(exp=1000)
    assert check.known(text, SET.digest, now_s=900) is None
    grant = checked(text, check, now_s=900)
    assert check.known(text, SET.digest, now_s=1029) is grant
    assert check.known(text + "x", SET.digest, now_s=1029) is None
    assert check.known(text, SET.digest, now_s=1030) is None


def test_with_other_keys_every_token_is_checked_again() -> None:
    check, text = JwtCheck(ISSUER), token()
    grant = checked(text, check)
    assert check.known(text, SET.digest, now_s=time.time()) is grant
    assert check.known(text, b"other", now_s=time.time()) is None


def test_only_so_many_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwt_check, "MAX_CHECKED", 2)
    check, texts = JwtCheck(ISSUER), [token(sub=name) for name in "abc"]
    for text in texts:
        checked(text, check)
    known = [check.known(text, SET.digest, now_s=time.time()) for text in texts]
    assert [grant is not None for grant in known] == [False, True, True]


@given(st.text(max_size=60), st.binary(max_size=60), st.integers(0, 2))
def test_no_text_does_more_than_be_refused(text: str, data: bytes, place: int) -> None:
    parts = token().split(".")
    parts[place] = part(data)
    for attempt in (text, "eyJ" + text, ".".join(parts)):
        if attempt == token():
            continue
        with pytest.raises(NotAuthorized):
            checked(attempt)
