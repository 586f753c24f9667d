"""Bearer tokens."""

from __future__ import annotations

import pytest
from pydantic import SecretStr
from starlette.requests import Request

from app.http.auth import Guard
from tests.app.http.answers import check_problem
from tests.app.http.conftest import ADMIN_TOKEN, MakeSite
from tests.app.http.test_api import ADMIN


def test_a_token_is_compared_in_constant_time_and_never_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    # The only way to see that no shortcut is taken before the comparison.
    monkeypatch.setattr("app.http.auth.hmac.compare_digest", compare)
    guard = Guard(SecretStr(ADMIN_TOKEN))
    header = [(b"authorization", f"Bearer {ADMIN_TOKEN}".encode())]
    guard(Request({"type": "http", "headers": header}))
    assert compared == [(ADMIN_TOKEN.encode(), ADMIN_TOKEN.encode())]
    assert ADMIN_TOKEN not in repr(vars(guard))
    assert not Guard(SecretStr("")).is_on


async def test_changes_and_workers_need_the_admin_token(make_site: MakeSite) -> None:
    site = make_site(admin_token=ADMIN_TOKEN)
    for method, path in (
        ("PATCH", "/api/v1/streams/cam1"),
        ("DELETE", "/api/v1/streams/cam1"),
        ("GET", "/api/v1/workers"),
    ):
        response = await site.client.request(method, path)
        check_problem(response, 401)
        assert response.headers["www-authenticate"].startswith("Bearer")
        wrong = {b"Authorization": "Bearer wr\u00f6ng".encode("latin-1")}
        check_problem(await site.client.request(method, path, headers=wrong), 401)
    assert (await site.client.get("/api/v1/workers", headers=ADMIN)).status_code == 200
    for open_path in ("/api/v1/streams", "/api/v1/models", "/api/v1/server"):
        assert (await site.client.get(open_path)).status_code == 200
