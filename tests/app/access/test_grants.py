"""What the holder of a token may do."""

from __future__ import annotations

from app.access.grants import OPEN, Act, Grant, GrantKind


def test_a_grant_holds_for_its_streams_and_acts_alone() -> None:
    grant = Grant(GrantKind.KEY, frozenset({Act.PUBLISH}), "k1", ("cam1", "studio-*"))
    assert grant.allows(Act.PUBLISH, "cam1")
    assert grant.allows(Act.PUBLISH, "studio-7")
    assert not grant.allows(Act.PUBLISH, "cam2")
    assert not grant.allows(Act.OWN, "cam1")
    assert not grant.is_admin


def test_a_grant_names_its_kind_and_holder() -> None:
    assert Grant(GrantKind.KEY, frozenset(), "1f0a").name == "key 1f0a"
    assert Grant(GrantKind.ADMIN_TOKEN, frozenset()).name == "admin-token"


def test_where_no_token_is_needed_everything_is_granted() -> None:
    assert OPEN.is_admin
    assert all(OPEN.allows(act, "cam1") for act in Act)
