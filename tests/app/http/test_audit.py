"""The audit log in the API."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from starlette.requests import Request

from app.access.grants import Act, Grant, GrantKind
from tests.app.http.answers import check_problem
from tests.app.http.conftest import MakeSite, Site
from tests.app.http.test_api import ADMIN
from wire.audit_log import MAX_ENTRIES
from wire.connection import connect


async def test_acts_are_listed_with_who_did_them(guarded: Site) -> None:
    path = "/api/v1/keys"
    made = await guarded.client.post(path, json={"streams": "cam1"}, headers=ADMIN)
    key = made.json()["key"]["id"]
    bearer = {"Authorization": f"Bearer {made.json()['secret']}"}
    view = {"view": "token"}
    await guarded.client.put("/api/v1/streams/cam1/view", json=view, headers=bearer)
    found = (await guarded.client.get("/api/v1/audit", headers=ADMIN)).json()["entries"]
    assert [(each["who"], each["act"], each["target"]) for each in found] == [
        (f"key {key}", "view_changed", "cam1"),
        ("admin-token", "key_made", key),
    ]
    assert all(each["address"] == "127.0.0.1" for each in found)
    assert made.json()["secret"] not in str(found)
    one = (await guarded.client.get("/api/v1/audit?limit=1", headers=ADMIN)).json()["entries"]
    assert one == found  # one of the operator, one of others


async def test_an_owner_does_not_push_out_what_the_operator_did(guarded: Site) -> None:
    made = await guarded.client.post("/api/v1/keys", json={"streams": "cam1"}, headers=ADMIN)
    bearer = {"Authorization": f"Bearer {made.json()['secret']}"}
    request = SimpleNamespace(client=None, state=SimpleNamespace())
    request.state.grant = Grant(GrantKind.KEY, frozenset({Act.OWN}), "a")
    for _ in range(MAX_ENTRIES):
        await guarded.access.note(cast(Request, request), "view_changed", "cam1")
    view = {"view": "token"}
    await guarded.client.put("/api/v1/streams/cam1/view", json=view, headers=bearer)
    path = f"/api/v1/audit?limit={MAX_ENTRIES}"
    found = (await guarded.client.get(path, headers=ADMIN)).json()["entries"]
    assert [each["act"] for each in found] == ["view_changed"] * MAX_ENTRIES + ["key_made"]


async def test_the_list_is_the_operators(guarded: Site) -> None:
    check_problem(await guarded.client.get("/api/v1/audit"), 401)
    check_problem(await guarded.client.get("/api/v1/audit?limit=0", headers=ADMIN), 422)


async def test_without_redis_it_is_away(make_site: MakeSite) -> None:
    site = make_site(redis=connect("unix:///nowhere/redis.sock"))
    check_problem(await site.client.get("/api/v1/audit"), 503)
