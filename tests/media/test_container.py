"""What all containers agree on."""

from __future__ import annotations

from media.codec import Codec
from media.container import Container, FragmentPlace, Tracks, thinned
from media.matroska.webm import Webm
from tests.media import recorded


def test_a_file_has_the_codec_of_its_first_picture() -> None:
    unit = recorded.groups(Codec.VP9, 1)[0][0]
    assert Tracks(unit, False, recorded.STARTED_US).codec is Codec.VP9


def test_every_container_follows_the_interface() -> None:
    containers: list[Container] = [Webm()]
    assert all(each.suffix.startswith(".") for each in containers)
    assert all(each.media_type.startswith("video/") for each in containers)


def test_as_many_places_as_fit_are_spread_over_the_file() -> None:
    places = [FragmentPlace(n, n, begins_with_key=True) for n in range(100)]
    for most in (1, 3, 10, 99, 100, 1000):
        kept = thinned(places, most)
        assert 0 < len(kept) <= most
        assert kept[0] is places[0]
        steps = {b.offset - a.offset for a, b in zip(kept, kept[1:], strict=False)}
        assert len(steps) <= 1


def test_a_file_without_pictures_has_no_place_to_start() -> None:
    assert thinned([], 5) == []
