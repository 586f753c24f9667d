"""What tokens grant, in virtual time."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.grants import Act, GrantKind
from app.access.policy import AccessPolicy, ServerTokens
from app.access.secret import hash_of, make_secret
from app.access.view_token import ViewToken, make_view_token
from app.errors import NotAuthorized
from wire.stream_keys import AccessTables, KeyLimits, StreamKey, View

SECRET, OLD = make_secret("0123456789"), make_secret("0123456789")
KEY = StreamKey(
    id=SECRET.id,
    streams="studio-*",
    hash=hash_of(SECRET.text),
    created_us=0,
    limits=KeyLimits(streams=2),
    view=View.TOKEN,
)
TABLES = AccessTables(version=1, signing="aa" * 32, keys={KEY.id: KEY}, views={"cam1": View.TOKEN})
POLICY = AccessPolicy(ServerTokens("publish-secret", "admin-secret"))


def with_key(**changes: object) -> AccessTables:
    key = msgspec.structs.replace(KEY, **changes)
    return msgspec.structs.replace(TABLES, keys={key.id: key})


def test_a_key_grants_publishing_watching_and_owning_its_streams() -> None:
    grant = POLICY.grant_of(SECRET.text, TABLES, now_us=1)
    assert grant is not None
    assert (grant.kind, grant.who) == (GrantKind.KEY, KEY.id)
    assert grant.acts == {Act.PUBLISH, Act.VIEW, Act.OWN}
    assert grant.allows(Act.PUBLISH, "studio-1")
    assert not grant.allows(Act.PUBLISH, "cam1")
    assert (grant.limits, grant.view) == (KEY.limits, View.TOKEN)


def test_another_secret_of_the_same_id_grants_nothing() -> None:
    assert POLICY.grant_of(OLD.text, TABLES, now_us=1) is None
    assert POLICY.grant_of(make_secret().text, TABLES, now_us=1) is None
    assert POLICY.grant_of(SECRET.text, AccessTables(), now_us=1) is None


def test_a_key_ends_at_its_time() -> None:
    tables = with_key(expires_us=100)
    assert POLICY.grant_of(SECRET.text, tables, now_us=99)
    with pytest.raises(NotAuthorized, match="expired"):
        POLICY.grant_of(SECRET.text, tables, now_us=100)
    # Only whoever has the secret is told so.
    assert POLICY.grant_of(OLD.text, tables, now_us=100) is None


def test_two_secrets_are_good_for_the_time_of_grace() -> None:
    tables = with_key(old_hash=hash_of(OLD.text), old_until_us=50)
    for text in (SECRET.text, OLD.text):
        assert POLICY.grant_of(text, tables, now_us=49)
    assert POLICY.grant_of(SECRET.text, tables, now_us=50)
    with pytest.raises(NotAuthorized, match="replaced"):
        POLICY.grant_of(OLD.text, tables, now_us=50)


def test_the_tokens_of_the_settings() -> None:
    admin = POLICY.grant_of("admin-secret", TABLES, now_us=1)
    assert admin is not None
    assert admin.is_admin
    assert not admin.allows(Act.PUBLISH, "cam1")
    publisher = POLICY.grant_of("publish-secret", TABLES, now_us=1)
    assert publisher is not None
    assert publisher.allows(Act.PUBLISH, "cam1")
    assert not publisher.allows(Act.OWN, "cam1")
    for text in ("", "admin-secretx", "Admin-secret"):
        assert POLICY.grant_of(text, TABLES, now_us=1) is None


def test_one_token_for_both_does_both() -> None:
    both = AccessPolicy(ServerTokens("one-secret", "one-secret"))
    grant = both.grant_of("one-secret", TABLES, now_us=1)
    assert grant is not None
    assert grant.is_admin
    assert grant.allows(Act.PUBLISH, "cam1")


def test_tokens_that_are_not_set_are_nobodys() -> None:
    assert AccessPolicy(ServerTokens()).grant_of("", TABLES, now_us=1) is None


def test_a_view_token_is_for_watching_one_stream_until_its_end() -> None:
    text = make_view_token(ViewToken("cam1", 10), TABLES.signing)
    grant = POLICY.grant_of(text, TABLES, now_us=9_999_999)
    assert grant is not None
    assert grant.acts == {Act.VIEW}
    assert grant.allows(Act.VIEW, "cam1")
    assert not grant.allows(Act.VIEW, "cam2")
    with pytest.raises(NotAuthorized, match="expired"):
        POLICY.grant_of(text, TABLES, now_us=10_000_000)


def test_a_view_token_ends_with_the_key_that_it_was_made_with() -> None:
    text = make_view_token(ViewToken("studio-1", 10, KEY.id), TABLES.signing)
    assert POLICY.grant_of(text, TABLES, now_us=1)
    with pytest.raises(NotAuthorized, match="revoked"):
        POLICY.grant_of(text, msgspec.structs.replace(TABLES, keys={}), now_us=1)


def test_a_view_token_ends_when_its_key_expires() -> None:
    text = make_view_token(ViewToken("studio-1", 10, KEY.id), TABLES.signing)
    tables = with_key(expires_us=5_000_000)
    assert POLICY.grant_of(text, tables, now_us=4_999_999)
    with pytest.raises(NotAuthorized, match="made with has expired"):
        POLICY.grant_of(text, tables, now_us=5_000_000)


def test_streams_are_public_unless_somebody_said_otherwise() -> None:
    assert POLICY.view_of("cam1", TABLES) is View.TOKEN
    assert POLICY.view_of("cam2", TABLES) is View.PUBLIC


@given(st.text(max_size=200))
def test_no_text_makes_the_policy_fail(text: str) -> None:
    for prefix in ("", "sk_", "vt_", f"sk_{KEY.id}_"):
        assert POLICY.grant_of(prefix + text, TABLES, now_us=1) is None


@pytest.mark.parametrize(
    ("expires_us", "now_us", "is_over"),
    [(0, 10**18, False), (5, 4, False), (5, 5, True), (5, 6, True)],
)
def test_a_key_is_over_from_the_moment_that_it_names(
    expires_us: int, now_us: int, is_over: bool
) -> None:
    key = msgspec.structs.replace(KEY, expires_us=expires_us)
    assert key.is_over(now_us) is is_over
