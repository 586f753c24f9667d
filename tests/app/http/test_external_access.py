"""JWTs and the hook over real requests: who gets in, and what an absent server does to whom."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import http.server
import io
import json
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from app.external_access import jwks_keeper
from app.external_access.external_access import ExternalAccess, ExternalOptions
from tests.app import coding
from tests.app.external_access.issuer import (
    ISSUER,
    Answers,
    forged,
    jwk,
    running,
    token,
)
from tests.app.http.answers import check_problem
from tests.app.http.conftest import ADMIN_TOKEN, PUBLISH_TOKEN, MakeSite, Site
from tests.app.http.test_whep import Http, until_live
from tests.app.peers import publishing
from tests.app.webrtc.offer_texts import offer
from wire.access_settings import JwtIssuer
from wire.stream_keys import View

PAGES = Path(__file__).parents[3] / "docs"
UNITS = coding.h264(98, 54, 10)
MakeExternal = Callable[..., contextlib.AbstractAsyncContextManager[Site]]


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


@pytest.fixture
def serving(make_site: MakeSite) -> MakeExternal:
    """A site that takes the JWTs of a key server, or asks a hook."""

    @contextlib.asynccontextmanager
    async def serve(
        *, keys: Answers | None = None, hook: Answers | None = None
    ) -> AsyncIterator[Site]:
        issuer = dataclasses.replace(ISSUER, keys=keys.url) if keys else None
        address = hook.url if hook else ""
        external = ExternalAccess(ExternalOptions(issuer, address, "a long random word"))
        async with running(external.run()):
            await asyncio.sleep(0.01)
            site = make_site(
                publish_token=PUBLISH_TOKEN, admin_token=ADMIN_TOKEN, external=external
            )
            await site.access.store.load()
            yield site

    return serve


async def test_a_jwt_publishes_watches_and_owns_what_it_names(
    serving: MakeExternal, keys: Answers
) -> None:
    rights = {"publish": ["cam1"], "view": ["cam*"], "own": ["cam1"]}
    text = token(sharpcast=rights)
    async with serving(keys=keys) as site, publishing(Http(site, "/whip/cam1", text), UNITS):
        await until_live(site)
        check_problem(await site.post_offer("/whip/cam2", offer("obs"), token=text), 403)
        path = "/api/v1/streams/cam1"
        changed = await site.client.patch(path, json={"view": "token"}, headers=bearer(text))
        assert changed.json()["view"] == "token"
        check_problem(await site.client.get(path), 401)
        # Players set no headers.
        assert (await site.client.get(f"{path}?token={text}")).status_code == 200
        watched = await site.post_offer(f"/whep/cam1?token={text}", offer("chromium_play"))
        assert watched.status_code == 201
        listed = await site.client.get(f"/api/v1/streams?token={text}")
        assert [each["id"] for each in listed.json()["streams"]] == ["cam1"]
        # Everything about the server stays the operator's, unless the claim says so.
        check_problem(await site.client.get("/api/v1/audit", headers=bearer(text)), 403)
        admin = bearer(token(sub="boss", sharpcast={"admin": True}))
        log = (await site.client.get("/api/v1/audit", headers=admin)).json()
        assert any(entry["who"] == "jwt ann" for entry in log["entries"])
        assert text not in json.dumps(log)


async def test_limits_of_a_jwt_are_those_of_its_subject(
    serving: MakeExternal, keys: Answers
) -> None:
    rights = {"publish": ["*"], "limits": {"streams": 1, "viewers": 1}}
    async with serving(keys=keys) as site:
        ann = [token(sharpcast=rights, jti=each) for each in "ab"]
        assert (await site.post_offer("/whip/a", offer("obs"), token=ann[0])).status_code == 201
        # Another token of the same subject does not help.
        check_problem(await site.post_offer("/whip/b", offer("obs"), token=ann[1]), 409)
        ben = token(sub="ben", sharpcast=rights)
        assert (await site.post_offer("/whip/b", offer("obs"), token=ben)).status_code == 201
        record = await site.node.directory.record("b")
        assert record is not None
        assert (record.key, record.max_viewers) == ("jwt:ben", 1)


async def test_attacks_are_wrong_tokens_and_limited_like_them(
    serving: MakeExternal, keys: Answers
) -> None:
    public = json.dumps(jwk()).encode()
    wrong = [
        forged({"alg": "none", "kid": "one"}),
        forged({"alg": "HS256", "kid": "one"}, public),
        forged({"alg": "ES256", "kid": "../../dev/null"}, public),
        token(iss="https://evil.example"),
        token(aud="other"),
        token(exp=1),
        token(number=1),
        token(sharpcast={"root": True}),
        "eyJ" + "x" * 8200,
        "eyJ.a.b",
        token(exp=1),
        token(exp=1),
    ]
    async with serving(keys=keys) as site:
        got = [await site.post_offer("/whip/cam1", offer("obs"), token=text) for text in wrong]
        assert [each.status_code for each in got] == [401] * 10 + [429] * 2
        for each in got[:10]:
            assert check_problem(each, 401)
            assert "WWW-Authenticate" in each.headers
        assert len(keys.got) == 1
        metrics = (await site.client.get("/metrics")).text
    assert 'sharpcast_jwts_refused_total{reason="algorithm"} 2.0' in metrics
    assert 'sharpcast_jwks_fetches_total{result="ok"} 1.0' in metrics


async def test_an_absent_key_server_touches_nothing_that_is_live(
    serving: MakeExternal, keys: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks_keeper, "PATIENCE_S", 0.2)
    async with serving(keys=keys) as site:
        made = await site.post_offer("/whip/cam1", offer("obs"), token=token())
        assert made.status_code == 201
        await keys.stop()
        # By a known key others get in; the fetch for an unknown one was just now.
        known = token(sub="ben")
        assert (await site.post_offer("/whip/cam2", offer("obs"), token=known)).status_code == 201
        # The session that is there ends with its token, and with one that has expired meanwhile.
        over = bearer(token(exp=1))
        assert (await site.client.delete(made.headers["location"], headers=over)).status_code == 200
        await keys.start()


async def test_where_the_keys_were_never_there_a_publisher_is_told_to_come_again(
    serving: MakeExternal, keys: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks_keeper, "PATIENCE_S", 0.2)
    keys.delay_s = 60
    async with serving(keys=keys) as site:
        refused = await site.post_offer("/whip/cam1", offer("obs"), token=token())
        assert "try again" in check_problem(refused, 503)
        assert int(refused.headers["retry-after"]) >= 5
        # Others are served meanwhile.
        by_token = await site.post_offer("/whip/cam1", offer("obs"), token=PUBLISH_TOKEN)
        assert by_token.status_code == 201


async def test_a_server_with_an_issuer_or_a_hook_needs_tokens_to_publish(
    make_site: MakeSite, hook: Answers
) -> None:
    for options in (ExternalOptions(jwt=ISSUER), ExternalOptions(hook=hook.url, secret="x" * 16)):
        site = make_site(external=ExternalAccess(options))
        said = (await site.client.get("/api/v1/server")).json()
        assert said["publish_token_needed"] is True


async def test_the_hook_says_who_publishes_and_watches(
    serving: MakeExternal, hook: Answers
) -> None:
    hook.body = b'{"subject": "ann", "permission": "token", "limits": {"streams": 1}}'
    async with serving(hook=hook) as site, publishing(Http(site, "/whip/cam1", "opaque"), UNITS):
        await until_live(site, token=ADMIN_TOKEN)
        asked = json.loads(hook.got[0][1])
        assert asked["act"] == "publish"
        assert (asked["stream"], asked["token"]) == ("cam1", "opaque")
        assert asked["address"]
        path = "/api/v1/streams/cam1"
        hook.body = b"{}"
        assert (await site.client.get(f"{path}?token=viewer")).status_code == 200
        assert json.loads(hook.got[-1][1])["act"] == "view"
        hook.status = b"403 Forbidden"
        check_problem(await site.client.get(f"{path}?token=stranger"), 401)
        check_problem(await site.client.get(path), 401)
        record = await site.node.directory.record("cam1")
        assert record is not None
        assert record.key == "hook:ann"


async def test_viewers_of_others_exchange_their_token_for_addresses(
    serving: MakeExternal, hook: Answers
) -> None:
    hook.body = b'{"acts": ["view"]}'
    path, short = "/api/v1/streams/cam1/view-tokens", {"life_s": 3600}
    async with serving(hook=hook) as site:
        made = await site.client.post(path, json=short, headers=bearer("viewer"))
        assert made.status_code == 201
        longer = {"life_s": 24 * 3600}
        check_problem(await site.client.post(path, json=longer, headers=bearer("viewer")), 403)
        # The hook lets everybody watch, so there is nothing to exchange.
        check_problem(await site.client.post(path, json=short), 403)


async def test_refusals_of_the_hook_are_limited_like_wrong_keys(
    serving: MakeExternal, hook: Answers
) -> None:
    hook.status = b"403 Forbidden"
    async with serving(hook=hook) as site:
        got = [
            (await site.post_offer("/whip/cam1", offer("obs"), token=f"word{n}")).status_code
            for n in range(12)
        ]
        assert got == [401] * 10 + [429] * 2
        assert len(hook.got) == 10


async def test_while_the_hook_is_away_new_ones_come_again_and_others_go_on(
    serving: MakeExternal, hook: Answers
) -> None:
    async with serving(hook=hook) as site:
        made = await site.post_offer("/whip/cam1", offer("obs"), token="opaque")
        assert made.status_code == 201
        await hook.stop()
        again = await site.post_offer("/whip/cam1", offer("obs"), token="opaque")
        assert again.status_code == 201
        refused = await site.post_offer("/whip/cam2", offer("obs"), token="new")
        assert "try again" in check_problem(refused, 503)
        assert refused.headers["retry-after"]
        # Neither the session's end nor its token is asked for.
        ended = await site.client.delete(again.headers["location"], headers=bearer("opaque"))
        assert ended.status_code == 200
        metrics = (await site.client.get("/metrics")).text
        await hook.start()
    assert 'sharpcast_access_hook_questions_total{result="failed"} 1.0' in metrics


async def test_a_revoked_key_does_not_come_back_by_the_hook(
    serving: MakeExternal, hook: Answers, keys: Answers
) -> None:
    async with serving(keys=keys, hook=hook) as site:
        await site.access.store.set_view("cam1", View.TOKEN)
        asked: dict[str, Any] = {"streams": "cam1"}
        made = (
            await site.client.post("/api/v1/keys", json=asked, headers=bearer(ADMIN_TOKEN))
        ).json()
        secret = made["secret"]
        assert (await site.post_offer("/whip/cam1", offer("obs"), token=secret)).status_code == 201
        path = f"/api/v1/keys/{made['key']['id']}"
        await site.client.delete(path, headers=bearer(ADMIN_TOKEN))
        check_problem(await site.post_offer("/whip/cam1", offer("obs"), token=secret), 401)
        check_problem(await site.client.get("/api/v1/streams/cam1?token=vt_x.y"), 401)
        assert hook.got == []


def _code(page: str, place: str) -> str:
    """The first piece of Python on a page behind these words."""
    text = (PAGES / page).read_text().partition(place)[2]
    return text.partition("```python\n")[2].partition("```")[0]


async def test_the_key_and_token_of_the_page_are_good(
    make_site: MakeSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(_code("keys.md", "## JWTs"), {})
    text = printed.getvalue().strip()
    issuer = JwtIssuer("https://id.example", "sharpcast", str(tmp_path / "jwks.json"))
    external = ExternalAccess(ExternalOptions(jwt=issuer))
    async with running(external.run()):
        site = make_site(admin_token=ADMIN_TOKEN, external=external)
        for stream, status in (("cam1", 201), ("cam9", 201), ("cam3", 409), ("cam10", 403)):
            answer = await site.post_offer(f"/whip/{stream}", offer("obs"), token=text)
            assert answer.status_code == status


async def test_the_hook_of_the_page_answers(make_site: MakeSite) -> None:
    names: dict[str, Any] = {"SECRET": "a long random word"}
    exec(_code("webhooks.md", "## Verification") + _code("keys.md", "## Access hook"), names)
    names["Hook"].log_message = lambda *_: None
    hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), names["Hook"])
    thread = threading.Thread(target=hook.serve_forever, name="hook of the page")
    thread.start()
    address = f"http://127.0.0.1:{hook.server_port}/"
    external = ExternalAccess(ExternalOptions(hook=address, secret=names["SECRET"]))
    try:
        async with running(external.run()):
            await asyncio.sleep(0.01)
            site = make_site(external=external)
            for token_, status in (("a-word-of-ann", 201), ("another", 401), ("", 401)):
                answer = await site.post_offer("/whip/cam1", offer("obs"), token=token_)
                assert answer.status_code == status
    finally:
        hook.shutdown()
        thread.join()
        hook.server_close()


async def test_whoever_may_publish_by_a_jwt_or_the_hook_lets_the_stream_be_recorded(
    serving: MakeExternal, keys: Answers, hook: Answers
) -> None:
    path, wanted = "/api/v1/streams/cam1/recording", {"mode": "off"}
    good = token(sharpcast={"publish": ["cam1"]})
    async with (
        serving(keys=keys, hook=hook) as site,
        publishing(Http(site, "/whip/cam1", good), UNITS),
    ):
        await until_live(site)
        for text in (good, token(sharpcast={"own": ["cam1"]}), "opaque"):
            answer = await site.client.put(path, json=wanted, headers=bearer(text))
            assert answer.status_code in (200, 204), answer.text
        # To publish another stream is not enough.
        other = token(sharpcast={"publish": ["cam2"]})
        check_problem(await site.client.put(path, json=wanted, headers=bearer(other)), 403)
        hook.status = b"403 Forbidden"
        check_problem(await site.client.put(path, json=wanted, headers=bearer("other")), 401)
