"""Each way brings pictures that are nearer to the net's than the plain ones are."""

from __future__ import annotations

import pytest

from benchmarks.residual.ways import WAYS
from tests.benchmarks.residual.films import made_film
from tests.workers.team.residuals import energy


@pytest.mark.parametrize("kind", WAYS)
def test_a_way_brings_all_pictures(kind: str) -> None:
    film = made_film()
    for way in WAYS[kind].values():
        sent = way(film.made, film.plain, film.fps)
        assert sent.made.shape == film.made.shape and sent.made.dtype == film.made.dtype
        assert energy(sent.made, film.made) < energy(film.plain, film.made)
        assert 0 < sent.size < film.made.size


@pytest.mark.parametrize("kind", WAYS)
def test_finer_settings_are_nearer_and_take_more(kind: str) -> None:
    film = made_film()
    sent = [way(film.made, film.plain, film.fps) for way in WAYS[kind].values()]
    ordered = sorted(sent, key=lambda each: each.size)
    errors = [energy(each.made, film.made) for each in ordered]
    assert errors == sorted(errors, reverse=True)
