"""QR codes of watch addresses."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from app.access.view_token import ViewToken, make_view_token
from app.errors import BadRequest
from app.http.qr_codes import MAX_BASE, MAX_TOKEN, watch_address
from app.http.qr_encoder import MAX_WAITING, encode
from tests.app.http.answers import check_problem
from tests.app.http.conftest import BASE, Site

HOST = "sharp.example:8080"
PATH = "/api/v1/streams/cam1/qr"


@pytest.mark.parametrize(
    "base",
    [
        "http://sharp.example:8080/",
        "https://sharp.example:8080/live/tv/",
        "https://SHARP.example:8080/",
    ],
)
def test_the_address_is_below_where_the_pages_begin(base: str) -> None:
    assert watch_address(base, HOST, "cam1") == f"{base}watch/cam1"


@pytest.mark.parametrize(
    "base",
    [
        "https://evil.example/",
        "https://sharp.example/",
        "https://sharp.example:8080",
        "https://sharp.example:8080@evil.example/",
        "https://user@sharp.example:8080/",
        "javascript://sharp.example:8080/",
        "https://sharp.example:8080/../",
        "https://sharp.example:8080/?x=/",
        "https://sharp.example:8080/a/\n",
        "https://sharp.example:8080//",
        "https://sharp.example:8080/" + "a" * MAX_BASE + "/",
        "",
    ],
)
def test_other_addresses_are_refused(base: str) -> None:
    if base.endswith("/../"):
        # Dots are a path of their own; what is encoded stays on this host.
        assert watch_address(base, HOST, "cam1").startswith("https://sharp.example:8080/")
        return
    with pytest.raises(BadRequest):
        watch_address(base, HOST, "cam1")


async def test_the_route_answers_with_a_picture(site: Site) -> None:
    answer = await site.client.get(PATH, params={"base": f"{BASE}/"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.content == encode(f"{BASE}/watch/cam1")


async def test_the_code_of_a_link_to_share_has_the_token_and_lies_in_no_cache(site: Site) -> None:
    answer = await site.client.get(PATH, params={"base": f"{BASE}/", "token": "vt_a-b_c.d"})
    assert answer.content == encode(f"{BASE}/watch/cam1?token=vt_a-b_c.d")
    assert answer.headers["cache-control"] == "no-store"
    for wrong in ("secret", "vt_a&b", "vt_" + "a" * (MAX_TOKEN + 1)):
        answer = await site.client.get(PATH, params={"base": f"{BASE}/", "token": wrong})
        assert answer.status_code == 422


@pytest.mark.parametrize("base", ["https://evil.example/", "", "x" * (MAX_BASE + 1)])
async def test_the_route_refuses_other_addresses(base: str, site: Site) -> None:
    answer = await site.client.get(PATH, params={"base": base})
    assert answer.status_code in (400, 422)


async def test_the_name_must_be_that_of_a_stream(site: Site) -> None:
    answer = await site.client.get("/api/v1/streams/a%20b/qr", params={"base": f"{BASE}/"})
    check_problem(answer, 400)


def test_the_longest_of_our_tokens_has_a_code() -> None:
    token = make_view_token(ViewToken("a" * 64, 99_999_999_999, "k" * 16), "secret")
    assert len(token.removeprefix("vt_")) <= MAX_TOKEN


async def test_too_many_codes_at_once_are_refused_and_counted(site: Site) -> None:
    def ask(stream: str) -> asyncio.Task[httpx.Response]:
        path = f"/api/v1/streams/{stream}/qr"
        return asyncio.ensure_future(site.client.get(path, params={"base": f"{BASE}/"}))

    asked = [ask(f"cam{number}") for number in range(MAX_WAITING + 40)]
    answers = await asyncio.gather(*asked)
    refused = [each for each in answers if each.status_code != 200]
    assert len(answers) - len(refused) >= MAX_WAITING
    assert refused
    for each in refused:
        assert "moment" in check_problem(each, 503)
        assert int(each.headers["retry-after"]) >= 1
    name = 'sharpcast_requests_refused_total{limit="qr_codes"}'
    assert f"{name} {len(refused)}.0" in (await site.client.get("/metrics")).text
    assert (await ask("cam1")).status_code == 200
