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


def test_an_act_may_have_patterns_of_its_own() -> None:
    grant = Grant(
        GrantKind.JWT,
        frozenset({Act.PUBLISH, Act.VIEW}),
        "ann",
        ("a",),
        by_act={Act.VIEW: ("b*",), Act.OWN: ("*",)},
    )
    assert grant.allows(Act.PUBLISH, "a")
    assert not grant.allows(Act.VIEW, "a")
    assert grant.allows(Act.VIEW, "b1")
    # Patterns of an act that is not granted grant nothing.
    assert not grant.allows(Act.OWN, "a")


def test_streams_count_for_the_holder_of_a_key_a_jwt_or_an_answer() -> None:
    def holder(kind: GrantKind, who: str = "ann") -> str:
        return Grant(kind, frozenset(), who).holder

    assert holder(GrantKind.KEY, "1f0a") == "1f0a"
    assert holder(GrantKind.JWT) == "jwt:ann"
    assert holder(GrantKind.HOOK) == "hook:ann"
    assert holder(GrantKind.HOOK, "") == ""
    assert holder(GrantKind.VIEW_TOKEN, "1f0a") == ""
