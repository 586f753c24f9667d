"""Stream keys in the API."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.access.key_store import KeyRequest
from app.http.snapshot import Seen
from app.http.stream_keys import key_view, live_under
from tests.app import coding
from tests.app.http.answers import check_problem
from tests.app.http.conftest import ADMIN_TOKEN, PUBLISH_TOKEN, MakeSite, Site
from tests.app.http.test_api import ADMIN
from tests.app.http.test_whep import Http, until_live
from tests.app.peers import publishing
from tests.app.webrtc.offer_texts import offer
from wire.stream_keys import MAX_HELD, View
from wire.stream_record import StreamRecord

UNITS = coding.h264(98, 54, 10)
PATH = "/api/v1/keys"


async def add(site: Site, **settings: Any) -> Any:
    answer = await site.client.post(PATH, json={"streams": "cam1", **settings}, headers=ADMIN)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


async def listed(site: Site) -> Any:
    answer = await site.client.get(PATH, headers=ADMIN)
    assert answer.status_code == 200
    return answer.json()["keys"]


async def listed_streams(site: Site) -> Any:
    return (await site.client.get("/api/v1/streams")).json()["streams"]


async def test_a_key_is_made_listed_rotated_and_revoked(guarded: Site) -> None:
    made = await add(
        guarded, note="Ann", life_s=3600, view="token", limits={"streams": 2, "kbps": 3000}
    )
    key = made["key"]
    assert (key["note"], key["view"], key["is_expired"]) == ("Ann", "token", False)
    assert key["limits"] == {"streams": 2, "kbps": 3000, "pixels": 0, "viewers": 0}
    assert key["expires_at"] > key["created_at"]
    assert await listed(guarded) == [key]
    path = f"{PATH}/{key['id']}"
    turned = await guarded.client.post(f"{path}/rotation", json={"grace_s": 60}, headers=ADMIN)
    assert turned.json()["secret"] != made["secret"]
    assert turned.json()["key"]["old_secret_until"] is not None
    assert (await guarded.client.delete(path, headers=ADMIN)).status_code == 204
    assert await listed(guarded) == []
    check_problem(await guarded.client.delete(path, headers=ADMIN), 404)
    again = await guarded.client.post(f"{path}/rotation", json={}, headers=ADMIN)
    check_problem(again, 404)


@pytest.mark.parametrize(
    "settings",
    [
        {"streams": "a/b"},
        {"streams": "x" * 65},
        {"life_s": -1},
        {"view": "friends"},
        {"limits": {"streams": -1}},
        {"limits": {"cores": 1}},
        {"more": 1},
    ],
)
async def test_what_cannot_be_a_key_is_refused(guarded: Site, settings: dict[str, Any]) -> None:
    answer = await guarded.client.post(PATH, json={"streams": "cam1"} | settings, headers=ADMIN)
    assert answer.status_code in (400, 422)
    assert await listed(guarded) == []


async def test_ending_its_streams_with_a_key(guarded: Site) -> None:
    made = await add(guarded)
    async with publishing(Http(guarded, "/whip/cam1", made["secret"]), UNITS):
        await until_live(guarded)
        assert (await listed(guarded))[0]["live"] == ["cam1"]
        path = f"{PATH}/{made['key']['id']}?end=true"
        assert (await guarded.client.delete(path, headers=ADMIN)).status_code == 204

        async with asyncio.timeout(15):
            while await listed_streams(guarded):  # noqa: ASYNC110 - another task ends it
                await asyncio.sleep(0.02)
    acts = (await guarded.client.get("/api/v1/audit", headers=ADMIN)).json()["entries"]
    assert [each["act"] for each in acts] == ["stream_ended", "key_revoked", "key_made"]


async def test_a_key_has_so_many_streams_at_a_time(guarded: Site) -> None:
    made = await add(guarded, streams="*", limits={"streams": 1})
    token = made["secret"]
    assert (await guarded.post_offer("/whip/a", offer("obs"), token=token)).status_code == 201
    check_problem(await guarded.post_offer("/whip/b", offer("obs"), token=token), 409)
    # `sharpcast publish` learns the reason so, as FFmpeg keeps the status alone.
    check_problem(await guarded.post_offer("/whip/b", "", token=token), 409)
    # The same stream is taken over.
    assert (await guarded.post_offer("/whip/a", offer("obs"), token=token)).status_code == 201


async def test_who_may_watch_is_set_before_there_is_a_stream(guarded: Site) -> None:
    made = await add(guarded)
    bearer = {"Authorization": f"Bearer {made['secret']}"}
    path = "/api/v1/streams/cam1/view"
    assert (
        await guarded.client.put(path, json={"view": "token"}, headers=bearer)
    ).status_code == 204
    check_problem(await guarded.client.get("/api/v1/streams/cam1"), 401)
    check_problem(await guarded.client.put(path, json={"view": "public"}), 401)
    check_problem(await guarded.client.put(path, json={"view": "x"}, headers=bearer), 422)


async def test_an_owner_does_not_use_up_the_permissions_of_all(guarded: Site) -> None:
    made = await add(guarded, streams="own-*", view="token")
    bearer = {"Authorization": f"Bearer {made['secret']}"}

    async def put(number: int, headers: dict[str, str], *, what: str, body: object) -> int:
        path = f"/api/v1/streams/own-{number}/{what}"
        return (await guarded.client.put(path, json=body, headers=headers)).status_code

    for what, body in (("view", {"view": "public"}), ("recording", {"mode": "off"})):
        for number in range(MAX_HELD):
            assert await put(number, bearer, what=what, body=body) in (200, 204)
        assert await put(MAX_HELD, bearer, what=what, body=body) == 409
        assert await put(MAX_HELD, ADMIN, what=what, body=body) in (200, 204)
    path = "/api/v1/streams/own-1/view"
    check_problem(await guarded.client.delete(path), 401)
    assert (await guarded.client.delete(path, headers=ADMIN)).status_code == 204
    view = {"view": "token"}
    assert await put(MAX_HELD + 1, bearer, what="view", body=view) == 204


async def test_who_is_refused_leaves_no_permission(guarded: Site) -> None:
    made = await add(guarded, streams="own-*", view="token", limits={"streams": 1})
    token, views = made["secret"], guarded.access.store
    for number in range(3):
        check_problem(await guarded.post_offer(f"/whip/own-{number}", "", token=token), 400)
    bad = offer("obs").replace("a=fingerprint", "a=finger")
    check_problem(await guarded.post_offer("/whip/own-4", bad, token=token), 400)
    assert views.tables.views == {}
    assert (await guarded.post_offer("/whip/own-1", offer("obs"), token=token)).status_code == 201
    check_problem(await guarded.post_offer("/whip/own-2", offer("obs"), token=token), 409)
    assert views.tables.views == {"own-1": View.TOKEN}


async def test_an_operators_view_token_needs_no_key(make_site: MakeSite) -> None:
    site = make_site(admin_token=ADMIN_TOKEN)
    await site.access.store.load()
    path = "/api/v1/streams/cam1/view-tokens"
    made = await site.client.post(path, json={"life_s": 5}, headers=ADMIN)
    assert made.status_code == 201
    assert made.json()["stream"] == "cam1"
    check_problem(await site.client.post(path, json={"life_s": 0}, headers=ADMIN), 422)
    check_problem(await site.client.post("/api/v1/streams/-/view-tokens", json={}), 401)


async def test_a_view_token_ends_with_its_key(guarded: Site) -> None:
    made = await add(guarded, life_s=60)
    bearer = {"Authorization": f"Bearer {made['secret']}"}
    path = "/api/v1/streams/cam1/view-tokens"
    long = await guarded.client.post(path, json={"life_s": 30 * 24 * 3600}, headers=bearer)
    assert long.json()["expires_at"] == made["key"]["expires_at"]
    short = await guarded.client.post(path, json={"life_s": 5}, headers=bearer)
    assert short.json()["expires_at"] < long.json()["expires_at"]


async def test_who_may_watch_gets_a_short_token_for_addresses(guarded: Site) -> None:
    path, publisher = (
        "/api/v1/streams/cam1/view-tokens",
        {"Authorization": f"Bearer {PUBLISH_TOKEN}"},
    )
    await guarded.access.store.set_view("cam1", View.TOKEN)
    short = {"life_s": 6 * 3600}
    made = await guarded.client.post(path, json=short, headers=publisher)
    assert made.status_code == 201
    listed = await guarded.client.get(f"/api/v1/recordings/cam1?token={made.json()['token']}")
    assert listed.status_code == 200
    # It gave nobody a right, so the audit log has the acts of others.
    assert await guarded.access.audit.list(10) == []
    longer = {"life_s": 6 * 3600 + 1}
    check_problem(await guarded.client.post(path, json=longer, headers=publisher), 403)
    assert (await guarded.client.post(path, json=longer, headers=ADMIN)).status_code == 201
    # Else it could be prolonged for ever.
    again = {"Authorization": f"Bearer {made.json()['token']}"}
    check_problem(await guarded.client.post(path, json=short, headers=again), 403)
    other = (await add(guarded, streams="other"))["secret"]
    of_other = {"Authorization": f"Bearer {other}"}
    check_problem(await guarded.client.post(path, json=short, headers=of_other), 403)
    check_problem(await guarded.client.post(path, json=short), 401)


async def test_the_view_of_a_key_has_no_hash(guarded: Site) -> None:
    made = await guarded.access.store.add(KeyRequest("cam1"))
    records = [StreamRecord(id="a", epoch=1, key=made.key.id), StreamRecord(id="b", epoch=2)]
    seen = Seen(records=records)
    assert live_under(made.key.id, seen) == ["a"]
    shown = key_view(made.key, seen).model_dump_json()
    assert made.key.hash not in shown
    assert made.secret not in shown
