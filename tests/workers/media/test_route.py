"""Routes, and that each of them is one that a rendition can ask for."""

from __future__ import annotations

from workers.media.route import Route
from workers.media.source_frame import Taker

from .test_source_frame import SINK


def test_every_route_is_the_way_of_some_rendition() -> None:
    takers = [Taker(SINK, way, recodes) for way in Route for recodes in (False, True)]
    assert {taker.decoded_route or Route.COPY for taker in takers} == set(Route)


def test_routes_are_called_as_in_reports() -> None:
    assert {route.value for route in Route} == {"work", "copy", "recode", "decode"}
