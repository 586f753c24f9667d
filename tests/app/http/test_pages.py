"""The pages and their files."""

from __future__ import annotations

import httpx
import pytest

from tests.app.http.answers import check_problem
from tests.app.http.conftest import Site


@pytest.mark.parametrize(
    "path", ["/", "/broadcast", "/watch/cam1", "/admin", "/favicon.ico", "/static/admin.html"]
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
