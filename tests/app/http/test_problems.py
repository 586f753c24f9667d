"""Errors as problem details."""

from __future__ import annotations

import httpx
import pytest

from tests.app.http.answers import check_problem
from tests.app.http.conftest import BASE, Site
from tests.app.http.edge.test_asgi import ABROAD
from tests.app.webrtc.offer_texts import offer


async def test_errors_carry_the_headers_too(site: Site) -> None:
    response = await site.client.get("/nothing")
    check_problem(response, 404)
    assert "content-security-policy" in response.headers


async def test_a_fault_of_ours_is_a_problem_answer_that_pages_can_read(
    guarded: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(guarded.node.directory, "records", broken)
    transport = httpx.ASGITransport(guarded.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        response = await client.get("/api/v1/streams", headers=ABROAD)
    check_problem(response, 500)
    assert response.headers["access-control-allow-origin"] == "*"


async def test_those_who_wait_are_told_to_come_back_at_different_times(site: Site) -> None:
    answers = [await site.post_offer("/whep/none", offer("chromium_play")) for _ in range(40)]
    waits = {int(answer.headers["retry-after"]) for answer in answers}
    assert waits == {2, 3, 4}
