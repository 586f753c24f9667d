"""The application as it is put together."""

from __future__ import annotations

import pytest

from tests.app.http.answers import check_problem
from tests.app.http.conftest import MakeSite, Site


@pytest.mark.parametrize(
    "path",
    ["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/", "/admin", "/api/v1/server"],
)
async def test_every_part_is_mounted(path: str, site: Site) -> None:
    response = await site.client.get(path)
    assert response.status_code == 200
    # All of it goes through the edge.
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/whip/cam1", "/whep/cam1"])
async def test_both_protocols_take_offers(path: str, site: Site) -> None:
    check_problem(await site.post_offer(path, "no offer"), 400)


@pytest.mark.parametrize("path", ["/redoc", "/docs/oauth2-redirect", "/openapi.yaml"])
async def test_the_frameworks_own_pages_are_not_there(path: str, site: Site) -> None:
    check_problem(await site.client.get(path), 404)


async def test_the_document_has_name_and_version(site: Site) -> None:
    info = (await site.client.get("/openapi.json")).json()["info"]
    assert (info["title"], info["version"]) == ("Sharpcast", "1.2.3")
    assert "RFC 9457" in info["description"]


async def test_metrics_count_what_the_edge_and_the_admission_refused(make_site: MakeSite) -> None:
    site = make_site()
    site.app.limits.tokens.refused += 2
    for _ in range(3):
        site.app.limits._tables["reads"].refused += 1
    site.node.admission.refused["pace"] += 4
    text = (await site.client.get("/metrics")).text
    assert 'sharpcast_requests_refused_total{limit="reads"} 3.0' in text
    assert 'sharpcast_requests_refused_total{limit="wrong_tokens"} 2.0' in text
    assert 'sharpcast_requests_refused_total{limit="pace"} 4.0' in text
    names = {*site.app.refused, *site.node.admission.refused}
    assert all(f'limit="{name}"' in text for name in names)
    # No name stands for two limits.
    assert len(names) == len(site.app.refused) + len(site.node.admission.refused)


async def test_a_slash_at_the_end_is_no_redirect(site: Site) -> None:
    response = await site.client.get("/api/v1/streams/")
    assert (response.status_code, response.history) == (200, [])
