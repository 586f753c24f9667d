"""Areas of the HTTP surface."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.edge.areas import METHODS, Area, area_of
from tests.app.http.conftest import Site


@pytest.mark.parametrize(
    ("method", "path", "area"),
    [
        ("POST", "/whip/cam1", Area.PUBLISH),
        ("DELETE", "/whep/cam1/secret", Area.WATCH),
        ("GET", "/api/v1/streams", Area.READ),
        ("HEAD", "/api/v1/streams", Area.READ),
        ("PATCH", "/api/v1/streams/cam1", Area.CHANGE),
        ("PUT", "/api", Area.CHANGE),
        ("GET", "/metrics", Area.READ),
        ("GET", "/readyz", Area.HEALTH),
        ("GET", "/", Area.PAGE),
        ("GET", "/static/js/net/api.js", Area.PAGE),
        ("POST", "*", Area.PAGE),
    ],
)
def test_a_request_belongs_to_an_area(method: str, path: str, area: Area) -> None:
    assert area_of(method, path) is area


@pytest.mark.parametrize("area", Area)
def test_every_area_may_be_read_and_asked_about(area: Area) -> None:
    assert {"GET", "HEAD", "OPTIONS"} <= set(METHODS[area].split(", "))


async def test_a_preflight_allows_every_method_that_a_route_takes(site: Site) -> None:
    document = (await site.client.get("/openapi.json")).json()
    for path, operations in document["paths"].items():
        for method in operations:
            area = area_of(method.upper(), path)
            assert method.upper() in METHODS[area].split(", "), path


@given(st.sampled_from(["GET", "POST", "PUT", "X"]), st.text(max_size=12))
def test_any_request_has_an_area_and_changes_are_guarded(method: str, rest: str) -> None:
    assert area_of(method, f"/api/{rest}") in (Area.READ, Area.CHANGE)
    assert area_of(method, f"/whip/{rest}") is Area.PUBLISH
    assert area_of(method, rest) in Area
    if method != "GET":
        assert area_of(method, f"/api/{rest}") is Area.CHANGE


def test_a_word_that_begins_like_an_area_is_none() -> None:
    for path in ("/whipped/cam1", "/wheps", "/apis/v1", "/healthz/x", "/metrics2", "whip/cam1"):
        assert area_of("POST", path) is Area.PAGE


def test_playlists_and_segments_are_an_area_of_their_own() -> None:
    assert area_of("GET", "/hls/cam1/source/index.m3u8") is Area.HLS
    assert METHODS[Area.HLS] == "GET, HEAD, OPTIONS"
