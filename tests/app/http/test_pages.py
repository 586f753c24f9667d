"""The pages and their files."""

from __future__ import annotations

import re

import httpx
import pytest
from fastapi import FastAPI

from app.http.pages import STATIC, install
from tests.app.http.answers import check_problem
from tests.app.http.conftest import Site


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/grid",
        "/broadcast",
        "/watch/cam1",
        "/embed/cam1",
        "/admin",
        "/favicon.ico",
        "/static/admin.html",
    ],
)
async def test_pages_are_served_with_their_headers(path: str, site: Site) -> None:
    response = await site.client.get(path)
    assert response.status_code == 200
    policy = response.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy
    assert "object-src 'none'" in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"


async def test_nothing_outside_the_static_folder_is_served(site: Site) -> None:
    for path in ("/static/../pyproject.toml", "/static/%2e%2e/pyproject.toml", "/static/nothing"):
        check_problem(await site.client.get(path), 404)


@pytest.mark.parametrize(
    "path", ["/", "/broadcast", "/broadcast/", "/watch/cam1", "/watch/cam1/", "/docs", "/admin/"]
)
async def test_a_page_finds_its_files_wherever_it_is(path: str, site: Site) -> None:
    text = (await site.client.get(path)).text
    address = text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert httpx.URL(f"http://h/live{path}").join(address).path == "/live/static/css/base.css"


async def test_only_what_browsers_need_is_served_of_the_folder(site: Site) -> None:
    for path in ("/static/__init__.py", "/static/tsconfig.json", "/static", "/static/js"):
        check_problem(await site.client.get(path), 404)
    assert (await site.client.get("/static/favicon.svg")).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/watch/cam1", "/static/js/net/api.js", "/static/admin.html"]
)
async def test_browsers_ask_whether_a_page_is_fresh(path: str, site: Site) -> None:
    response = await site.client.get(path)
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-cache")


async def test_a_file_that_did_not_change_is_not_sent_again(site: Site) -> None:
    first = await site.client.get("/static/css/base.css")
    again = await site.client.get(
        "/static/css/base.css", headers={"If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


async def test_addresses_of_other_sites_and_places_in_the_page_stay(site: Site) -> None:
    for path in ("/watch/cam1", "/watch/cam1//", "/admin///"):
        text = (await site.client.get(path)).text
        addresses = re.findall(r'(?:href|src)="([^"]*)"', text)
        assert addresses
        for address in addresses:
            assert not address.startswith(("../#", "../http", "/")), address


async def test_each_slash_too_many_is_one_level_up(site: Site) -> None:
    plain = (await site.client.get("/admin")).text
    for extra in range(1, 4):
        text = (await site.client.get("/admin" + "/" * extra)).text
        assert f'href="{"../" * extra}static/css' in text
        assert text.replace("../" * extra, "") == plain.replace("../" * extra, "")


async def test_every_file_of_the_pages_is_served_with_its_type(site: Site) -> None:
    kinds = {".js": "javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html"}
    found = [path for path in STATIC.rglob("*") if path.suffix in kinds]
    assert len(found) > 20
    for path in found:
        response = await site.client.get(f"/static/{path.relative_to(STATIC)}")
        assert response.status_code == 200, path
        assert kinds[path.suffix] in response.headers["content-type"], path


async def test_the_words_of_a_language_are_served(site: Site) -> None:
    answer = await site.client.get("/static/texts/de.json")
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-cache"
    for path in ("/static/texts/xx.json", "/static/texts/de.json/de.json", "/static/de.json"):
        check_problem(await site.client.get(path), 404)


async def test_only_the_player_alone_may_be_framed_by_those_whom_the_operator_names(
    site: Site,
) -> None:
    app = FastAPI()
    install(app, ("'self'", "https://a.example"))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://h") as client:
        policy = (await client.get("/embed/cam1")).headers["content-security-policy"]
    assert "frame-ancestors 'self' https://a.example;" in policy
    for path in ("/watch/cam1", "/embed/cam1", "/admin"):
        response = await site.client.get(path)
        assert "frame-ancestors 'self';" in response.headers["content-security-policy"]


async def test_the_module_of_the_player_can_be_loaded_by_its_stable_address(site: Site) -> None:
    response = await site.client.get("/static/sharpcast-player.js")
    assert response.status_code == 200
    assert "javascript" in response.headers["content-type"]
