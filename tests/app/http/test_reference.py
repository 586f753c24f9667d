"""The page that describes the API."""

from __future__ import annotations

from tests.app.http.answers import check_problem
from tests.app.http.conftest import Site


async def test_the_description_of_the_api_needs_no_script(site: Site) -> None:
    response = await site.client.get("/docs")
    assert response.status_code == 200
    assert "<script" not in response.text
    assert "/api/v1/streams/{stream}" in response.text
    assert "default-src 'self'" in response.headers["content-security-policy"]
    check_problem(await site.client.get("/redoc"), 404)
