"""Who may do what, asked by routes over real requests."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from app.access.key_store import KeyRequest
from app.access.view_token import ViewToken, make_view_token
from app.errors import NotAllowed, NotAuthorized
from app.http.access import NOBODY
from tests.app import coding
from tests.app.http.answers import check_problem
from tests.app.http.conftest import ADMIN_TOKEN, PUBLISH_TOKEN, MakeSite, Site
from tests.app.http.test_api import ADMIN
from tests.app.http.test_whep import Http, until_live
from tests.app.peers import publishing
from tests.app.webrtc.offer_texts import offer
from wire.clock import now_us
from wire.stream_keys import KeyLimits, View

UNITS = coding.h264(98, 54, 10)


def asked(token: str = "", query: str = "", stream: str = "") -> Request:
    """A request with a token in the header or in the query."""
    headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
    scope = {"type": "http", "headers": headers, "query_string": query.encode()}
    return Request({**scope, "path_params": {"stream": stream} if stream else {}})


async def key(site: Site, streams: str = "cam*", view: View = View.PUBLIC) -> str:
    """The secret of a new key."""
    return (await site.access.store.add(KeyRequest(streams, view=view))).secret


async def test_a_key_publishes_its_streams_and_no_other(guarded: Site) -> None:
    secret = await key(guarded, "cam1")
    answer = await guarded.post_offer("/whip/cam1", offer("obs"), token=secret)
    assert answer.status_code == 201
    session = answer.headers["location"]
    check_problem(await guarded.post_offer("/whip/cam2", offer("obs"), token=secret), 403)
    wrong = secret[:-1] + ("a" if secret[-1] != "a" else "b")
    for token in ("", wrong, "sk_", "vt_x.y"):
        check_problem(await guarded.post_offer("/whip/cam1", offer("obs"), token=token), 401)
    # The sessions below take the same key, and the global token still publishes everything.
    check_problem(await guarded.client.delete(session), 401)
    bearer = {"Authorization": f"Bearer {secret}"}
    assert (await guarded.client.delete(session, headers=bearer)).status_code == 200
    other = await guarded.post_offer("/whip/cam2", offer("obs"), token=PUBLISH_TOKEN)
    assert other.status_code == 201


async def test_with_the_first_key_publishing_needs_one(site: Site) -> None:
    assert (await site.client.get("/api/v1/server")).json()["publish_token_needed"] is False
    secret = await key(site)
    assert (await site.client.get("/api/v1/server")).json()["publish_token_needed"] is True
    check_problem(await site.post_offer("/whip/cam1", offer("obs")), 401)
    assert (await site.post_offer("/whip/cam1", offer("obs"), token=secret)).status_code == 201


async def test_a_revoked_key_ends_no_stream_unless_asked(guarded: Site) -> None:
    made = await guarded.access.store.add(KeyRequest("cam1"))
    async with publishing(Http(guarded, "/whip/cam1", made.secret), UNITS):
        await until_live(guarded)
        path = f"/api/v1/keys/{made.key.id}"
        assert (await guarded.client.delete(path, headers=ADMIN)).status_code == 204
        assert (await guarded.client.get("/api/v1/streams/cam1")).json()["state"] == "live"
    check_problem(await guarded.post_offer("/whip/cam1", offer("obs"), token=made.secret), 401)


async def test_the_holder_of_a_key_changes_its_stream(guarded: Site) -> None:
    secret, other = await key(guarded, "cam1"), await key(guarded, "cam2")
    bearer = {"Authorization": f"Bearer {secret}"}
    async with publishing(Http(guarded, "/whip/cam1", secret), UNITS):
        await until_live(guarded)
        path = "/api/v1/streams/cam1"
        changed = await guarded.client.patch(path, json={"enhance": False}, headers=bearer)
        assert changed.json()["enhancement"]["enabled"] is False
        changed = await guarded.client.patch(path, json={"view": "token"}, headers=bearer)
        assert changed.json()["view"] == "token"
        wrong = {"Authorization": f"Bearer {other}"}
        check_problem(await guarded.client.patch(path, json={}, headers=wrong), 403)
        token = {"Authorization": f"Bearer {PUBLISH_TOKEN}"}
        check_problem(await guarded.client.patch(path, json={}, headers=token), 403)
        # Ending a stream and everything about the server stay the operator's.
        for method, place in (("DELETE", path), ("GET", "/api/v1/keys"), ("GET", "/api/v1/audit")):
            answer = await guarded.client.request(method, place, headers=bearer)
            check_problem(answer, 403)


async def test_a_stream_by_token_is_shown_to_whoever_has_one(guarded: Site) -> None:
    secret = await key(guarded, "cam1", View.TOKEN)
    async with publishing(Http(guarded, "/whip/cam1", secret), UNITS):
        await until_live(guarded, token=secret)
        path, bearer = "/api/v1/streams/cam1", {"Authorization": f"Bearer {secret}"}
        # Pages show these two sentences, and have them in other languages.
        missing = check_problem(await guarded.client.get(path), 401)
        assert missing == "This stream can be watched with a token only."
        wrong = check_problem(await guarded.client.get(f"{path}?token=vt_a.b"), 401)
        assert wrong == "This server does not know the token."
        check_problem(await guarded.client.get(f"{path}/renditions/enhanced/map"), 401)
        check_problem(await guarded.post_offer("/whep/cam1", offer("chromium_play")), 401)
        made = await guarded.client.post(f"{path}/view-tokens", json={}, headers=bearer)
        assert made.headers["cache-control"] == "no-store"
        token = made.json()["token"]
        assert (await guarded.client.get(f"{path}?token={token}")).status_code == 200
        for given in (token, secret, PUBLISH_TOKEN, ADMIN_TOKEN):
            by_header = {"Authorization": f"Bearer {given}"}
            assert (await guarded.client.get(path, headers=by_header)).status_code == 200
        watched = await guarded.post_offer(f"/whep/cam1?token={token}", offer("chromium_play"))
        assert watched.status_code == 201
        assert (await guarded.client.get("/api/v1/streams")).json() == {"streams": [], "total": 0}
        for given in (token, secret):
            listed = await guarded.client.get(f"/api/v1/streams?token={given}")
            assert [each["id"] for each in listed.json()["streams"]] == ["cam1"]


async def test_an_unlisted_stream_is_open_to_who_knows_its_name(guarded: Site) -> None:
    secret = await key(guarded, "cam1", View.UNLISTED)
    async with publishing(Http(guarded, "/whip/cam1", secret), UNITS):
        await until_live(guarded)
        assert (await guarded.client.get("/api/v1/streams")).json()["total"] == 0
        listed = await guarded.client.get("/api/v1/streams?all=true", headers=ADMIN)
        assert [each["id"] for each in listed.json()["streams"]] == ["cam1"]
        check_problem(await guarded.client.get("/api/v1/streams?all=true"), 401)
        watched = await guarded.post_offer("/whep/cam1", offer("chromium_play"))
        assert watched.status_code == 201


async def test_a_stream_has_as_many_viewers_as_its_key_allows(guarded: Site) -> None:
    asked = KeyRequest("cam1", limits=KeyLimits(viewers=1))
    secret = (await guarded.access.store.add(asked)).secret
    async with publishing(Http(guarded, "/whip/cam1", secret), UNITS):
        await until_live(guarded)
        first = await guarded.post_offer("/whep/cam1", offer("chromium_play"))
        assert first.status_code == 201
        problem = await guarded.post_offer("/whep/cam1", offer("chromium_play"))
        assert "as many viewers as its publisher may have" in check_problem(problem, 503)
        await guarded.client.delete(first.headers["location"])
        again = await guarded.post_offer("/whep/cam1", offer("chromium_play"))
        assert again.status_code == 201


async def test_a_key_in_the_path_publishes_where_the_operator_allows_it(
    make_site: MakeSite, guarded: Site
) -> None:
    secret = await key(guarded, "cam1")
    check_problem(await guarded.post_offer(f"/whip/cam1/{secret}", offer("obs")), 405)
    site = make_site(publish_token=PUBLISH_TOKEN, admin_token=ADMIN_TOKEN, key_in_path=True)
    await site.access.store.load()
    check_problem(await site.post_offer("/whip/cam1/sk_wrong", offer("obs")), 401)
    check_problem(await site.post_offer(f"/whip/cam2/{secret}", offer("obs")), 403)
    made = await site.post_offer(f"/whip/cam1/{secret}", offer("obs"))
    assert made.status_code == 201
    assert secret not in made.headers["location"]
    # Such an encoder sends no header later on; a wrong one is refused all the same.
    wrong = {"Authorization": "Bearer wrong"}
    check_problem(await site.client.delete(made.headers["location"], headers=wrong), 401)
    assert (await site.client.delete(made.headers["location"])).status_code == 200


async def test_wrong_tokens_in_query_and_path_are_limited_like_others(guarded: Site) -> None:
    await guarded.access.store.load()
    await guarded.access.store.set_view("cam1", View.TOKEN)
    asked = [await guarded.client.get("/api/v1/streams/cam1?token=x") for _ in range(12)]
    assert [each.status_code for each in asked] == [401] * 10 + [429] * 2
    # Without a token it is told what is missing.
    check_problem(await guarded.client.get("/api/v1/streams/cam1"), 401)


async def test_may_view_says_what_check_view_raises(guarded: Site) -> None:
    access = guarded.access
    await access.store.set_view("cam1", View.TOKEN)
    signing, later = access.store.tables.signing, now_us() // 1_000_000 + 60
    good = make_view_token(ViewToken("cam1", later), signing)
    over = make_view_token(ViewToken("cam1", 1), signing)
    other = make_view_token(ViewToken("cam2", later), signing)
    for token, passes in ((good, True), (over, False), (other, False), ("x", False), ("", False)):
        for request in (asked(token), asked(query=f"token={token}")):
            assert await access.may_view(request, "cam1") is passes
            assert await access.may_view(request, "cam2")
    with pytest.raises(NotAuthorized):
        await access.check_view(asked(over), "cam1")
    with pytest.raises(NotAllowed):
        await access.check_view(asked(other), "cam1")


async def test_a_bad_token_lists_what_none_does(guarded: Site) -> None:
    assert await guarded.access.lister(asked()) is NOBODY
    assert await guarded.access.lister(asked("wrong")) is NOBODY
    assert (await guarded.access.lister(asked(ADMIN_TOKEN))).is_admin


async def test_secrets_are_in_no_answer_and_no_log(
    guarded: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    secret = await key(guarded, "cam1", View.TOKEN)
    for path in (f"/api/v1/streams/cam1?token={secret}", f"/api/v1/none?token={secret}"):
        assert secret not in (await guarded.client.get(path)).text
    answer = await guarded.post_offer(f"/whep/cam1?token={secret}", offer("chromium_play"))
    assert secret not in answer.text
    # The test's own client logs what it asks for.
    own = [each for each in caplog.records if not each.name.startswith("http")]
    assert all(secret not in each.getMessage() for each in own)
