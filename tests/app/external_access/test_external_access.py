"""Who is asked about which token, with a real key server and a real hook."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator

import pytest

from app.access.grants import Act, GrantKind
from app.access.secret import make_secret
from app.errors import IssuerAway, NotAuthorized
from app.external_access import external_access
from app.external_access.external_access import ExternalAccess, ExternalOptions
from tests.app.external_access.issuer import ISSUER, Answers, running, token
from tests.app.peers import until

HOME = "192.0.2.1"


@pytest.fixture
async def both(keys: Answers, hook: Answers) -> AsyncIterator[ExternalAccess]:
    issuer = dataclasses.replace(ISSUER, keys=keys.url)
    made = ExternalAccess(ExternalOptions(issuer, hook.url, "a long random word"))
    async with running(made.run()):
        await until(lambda: bool(made.key_fetches))
        yield made


async def test_without_settings_nobody_is_asked() -> None:
    nobody = ExternalAccess()
    assert not nobody.is_set
    await nobody.run()
    for text in ("", "x", token()):
        assert not nobody.decides(text)
        assert await nobody.grant_of(Act.PUBLISH, "cam1", text, HOME) is None
        assert nobody.known(text, HOME) is None
    assert not nobody.key_fetches
    assert not nobody.jwts_refused
    assert not nobody.hook_questions


async def test_jwts_are_checked_and_other_tokens_asked_for(
    both: ExternalAccess, hook: Answers
) -> None:
    grant = await both.grant_of(Act.PUBLISH, "cam1", token(), HOME)
    assert grant is not None
    assert (grant.kind, grant.who) == (GrantKind.JWT, "ann")
    assert hook.got == []
    grant = await both.grant_of(Act.PUBLISH, "cam1", "opaque", HOME)
    assert grant is not None
    assert grant.kind is GrantKind.HOOK
    assert len(hook.got) == 1
    assert both.key_fetches == {"ok": 1}
    assert both.hook_questions == {"granted": 1}


async def test_a_wrong_jwt_is_not_asked_for_again_at_the_hook(
    both: ExternalAccess, hook: Answers
) -> None:
    for text in (token(number=1), token(exp=1), token(key_id="other")):
        with pytest.raises(NotAuthorized):
            await both.grant_of(Act.PUBLISH, "cam1", text, HOME)
    assert both.jwts_refused == {"signature": 1, "expired": 1, "key": 1}
    assert hook.got == []


async def test_our_own_tokens_are_told_nobody(both: ExternalAccess, hook: Answers) -> None:
    for text in (make_secret().text, "vt_x.y"):
        assert not both.decides(text)
        assert await both.grant_of(Act.PUBLISH, "cam1", text, HOME) is None
    assert hook.got == []


async def test_the_hook_makes_nobody_an_admin_and_sees_no_odd_names(
    both: ExternalAccess, hook: Answers
) -> None:
    assert await both.grant_of(Act.ADMIN, "", "opaque", HOME) is None
    assert await both.grant_of(Act.PUBLISH, "../x", "opaque", HOME) is None
    assert hook.got == []
    grant = await both.grant_of(Act.ADMIN, "", token(sharpcast={"admin": True}), HOME)
    assert grant is not None
    assert grant.is_admin


async def test_only_the_hook_is_asked_without_a_token(both: ExternalAccess, hook: Answers) -> None:
    assert both.decides("")
    assert await both.grant_of(Act.VIEW, "cam1", "", HOME)
    assert json.loads(hook.got[0][1])["act"] == "view"
    alone = ExternalAccess(ExternalOptions(jwt=ISSUER))
    assert not alone.decides("")
    assert not alone.decides("opaque")
    assert alone.decides(token())


async def test_only_what_nobody_else_can_judge_may_be_the_hooks(both: ExternalAccess) -> None:
    assert both.may_be_hooks("opaque")
    for text in (make_secret().text, "vt_x.y", token()):
        assert not both.may_be_hooks(text)
    alone = ExternalAccess(ExternalOptions(hook="https://app.example", secret="x" * 16))
    assert alone.may_be_hooks(token())
    for other in (ExternalAccess(), ExternalAccess(ExternalOptions(jwt=ISSUER))):
        assert not other.may_be_hooks("opaque")
        assert not other.may_be_hooks(token())


async def test_a_token_is_known_while_its_key_is(both: ExternalAccess, keys: Answers) -> None:
    text = token()
    first = await both.grant_of(Act.PUBLISH, "cam1", text, HOME)
    await keys.stop()
    assert await both.grant_of(Act.PUBLISH, "cam1", text, HOME) is first
    assert await both.grant_of(Act.VIEW, "cam1", token(sub="ben"), HOME)
    await keys.start()


async def test_an_absent_key_server_is_no_fault_of_the_token(
    both: ExternalAccess, keys: Answers
) -> None:
    alone = ExternalAccess(
        ExternalOptions(dataclasses.replace(ISSUER, keys="http://127.0.0.1:9/jwks"))
    )
    async with running(alone.run()):
        with pytest.raises(IssuerAway):
            await alone.grant_of(Act.PUBLISH, "cam1", token(), HOME)
    assert not alone.jwts_refused
    assert alone.key_fetches == {"unreachable": 1}


async def test_lists_ask_nobody_and_check_few(
    both: ExternalAccess, hook: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert both.known("opaque", HOME) is None
    assert both.known(token(key_id="other"), HOME) is None
    assert hook.got == []
    grant = both.known(token(), HOME)
    assert grant is not None
    assert grant.allows(Act.VIEW, "cam1")
    monkeypatch.setattr(external_access, "LIST_CHECKS_PER_S", 0.0001)
    checked = 0
    for _ in range(200):
        try:
            checked += both.known(token(number=1), HOME) is not None
        except NotAuthorized:
            checked += 1
    assert checked < 100
