"""Rights as others write them: what is understood, and what is refused with a reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.access.grants import Act, GrantKind
from app.external_access.rights import HookAnswer, JwtClaims, RightsClaim, fault_of
from wire.stream_keys import KeyLimits, View


def test_each_act_has_patterns_of_its_own() -> None:
    claim = RightsClaim.model_validate({"publish": ["cam*"], "view": ["a", "b"]})
    grant = claim.grant("ann")
    assert (grant.kind, grant.who, grant.name) == (GrantKind.JWT, "ann", "jwt ann")
    assert grant.allows(Act.PUBLISH, "cam1")
    assert not grant.allows(Act.PUBLISH, "a")
    assert grant.allows(Act.VIEW, "b")
    assert not grant.allows(Act.VIEW, "cam1")
    assert not grant.allows(Act.OWN, "cam1")
    assert grant.holder == "jwt:ann"


def test_an_empty_claim_grants_nothing() -> None:
    grant = RightsClaim.model_validate({}).grant("ann")
    assert grant.acts == frozenset()
    assert not any(grant.allows(act, "cam1") for act in Act)


def test_an_admin_does_what_the_admin_token_does() -> None:
    grant = RightsClaim.model_validate({"admin": True, "publish": ["cam1"]}).grant("ann")
    assert grant.is_admin
    assert grant.allows(Act.OWN, "x")
    assert grant.allows(Act.VIEW, "x")
    assert not grant.allows(Act.PUBLISH, "x")


def test_limits_and_permission_are_those_of_keys() -> None:
    claim = {"publish": ["a"], "limits": {"streams": 2, "kbps": 900}, "permission": "token"}
    grant = RightsClaim.model_validate(claim).grant("ann")
    assert (grant.limits, grant.view) == (KeyLimits(streams=2, kbps=900), View.TOKEN)


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ({"publsh": ["a"]}, "publsh: Extra inputs"),
        ({"publish": "cam1"}, "publish: Input should be a valid list"),
        ({"publish": ["../x"]}, "publish.0: this is neither the name"),
        ({"publish": [1]}, "publish.0: Input should be a valid string"),
        ({"view": ["a"] * 65}, "view: List should have at most 64"),
        ({"admin": "true"}, "admin: Input should be a valid boolean"),
        ({"admin": 1}, "admin: Input should be a valid boolean"),
        ({"limits": {"streams": -1}}, "limits.streams: Input should be greater"),
        ({"limits": {"fps": 1}}, "limits.fps: Extra inputs"),
        ({"permission": "secret"}, "permission: Input should be 'public'"),
        ([], "Input should be a valid dictionary"),
        ("x", "Input should be a valid dictionary"),
    ],
)
def test_a_claim_that_is_not_understood_is_refused_with_the_place(claim: Any, words: str) -> None:
    with pytest.raises(ValidationError) as error:
        RightsClaim.model_validate(claim)
    assert words in fault_of(error.value)


def test_a_reason_repeats_no_value_and_no_long_or_invisible_name() -> None:
    with pytest.raises(ValidationError) as error:
        RightsClaim.model_validate({"x\r\n" + "y" * 500: "hidden"})
    said = fault_of(error.value)
    assert "hidden" not in said
    assert said.isprintable()
    assert len(said) < 130


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": True},
        {"exp": "9"},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": None},
        {"nbf": "9"},
        {"sub": ""},
        {"sub": "x" * 129},
        {"sub": "a\nb"},
        {"sub": 7},
        {"aud": 7},
        {"aud": [7]},
        {"iss": ["x"]},
    ],
)
def test_registered_claims_have_the_types_of_the_standard(claims: dict[str, Any]) -> None:
    good = {"iss": "i", "aud": "a", "exp": 9, "sub": "s"}
    assert JwtClaims.model_validate({**good, "other": {}}).exp == 9
    with pytest.raises(ValidationError):
        JwtClaims.model_validate({**good, **claims})


def test_an_audience_is_one_or_several() -> None:
    good = {"iss": "i", "exp": 9, "sub": "s"}
    assert JwtClaims.model_validate({**good, "aud": "a"}).is_for("a")
    assert not JwtClaims.model_validate({**good, "aud": "ab"}).is_for("a")
    assert JwtClaims.model_validate({**good, "aud": ["b", "a"]}).is_for("a")
    assert not JwtClaims.model_validate({**good, "aud": []}).is_for("a")


def test_an_empty_answer_of_the_hook_grants_what_was_asked() -> None:
    said = HookAnswer.model_validate_json(b"{}")
    assert not said.is_general
    grant = said.grant(Act.PUBLISH, "cam1")
    assert grant.allows(Act.PUBLISH, "cam1")
    assert not grant.allows(Act.VIEW, "cam1")
    assert not grant.allows(Act.PUBLISH, "cam2")
    assert grant.holder == ""


def test_an_answer_of_the_hook_may_say_more() -> None:
    text = (
        b'{"acts": ["view", "own"], "streams": ["cam*"], "limits": {"streams": 1},'
        b' "subject": "ann", "life_s": 5, "permission": "unlisted"}'
    )
    said = HookAnswer.model_validate_json(text)
    grant = said.grant(Act.PUBLISH, "x")
    assert said.is_general
    assert grant.acts == {Act.VIEW, Act.OWN}
    assert grant.allows(Act.VIEW, "cam7")
    assert (grant.holder, grant.view, said.life_s) == ("hook:ann", View.UNLISTED, 5)


@pytest.mark.parametrize(
    "text",
    [
        b'{"acts": ["admin"]}',
        b'{"allow": true}',
        b'{"life_s": -1}',
        b'{"life_s": 86401}',
        b'{"life_s": "5"}',
        b'{"limits": {"streams": 1}}',
        b"[]",
        b"yes",
    ],
)
def test_an_answer_that_is_not_understood_grants_nothing(text: bytes) -> None:
    with pytest.raises(ValidationError):
        HookAnswer.model_validate_json(text)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(["publish", "view", "own", "admin", "limits"]), _JSON))
def test_no_claim_does_more_than_be_refused(claim: dict[str, Any]) -> None:
    try:
        grant = RightsClaim.model_validate(claim).grant("ann")
    except ValidationError as error:
        assert fault_of(error).isprintable()
    else:
        assert grant.is_admin is (claim.get("admin") is True)
