from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers.errors import NetUnusable
from workers.upscale.model_cache import ModelCache
from workers.upscale.stream_models import StreamModels

from ..clips import picture
from ..fakes import PacedEngine
from ..zoo import make_model

SIZE = (64, 48)
OTHER = (80, 48)


@pytest.fixture
def cache(zoo: Path) -> Iterator[ModelCache]:
    cache = ModelCache(PacedEngine(0.0), zoo=zoo)
    for model in ("large", "small"):
        for size in (SIZE, OTHER):
            cache.load(model, *size)
    yield cache
    cache.close()


def test_the_wanted_net_and_the_smaller_one_are_taken_with_the_first_picture(
    cache: ModelCache,
) -> None:
    models = StreamModels(cache, model="large", expected=lambda *_: 20.0)
    assert models.full.net is None and models.size == (0, 0)
    assert models.select(picture(0, *SIZE))
    assert models.full.net is not None and models.full.net.manifest.name == "large"
    assert models.small.net is not None and models.small.net.manifest.name == "small"
    assert models.expected_s(models.full.net) == pytest.approx(0.020)
    assert (models.size, models.scale) == (SIZE, 2)
    assert not models.select(picture(1, *SIZE))


def test_another_size_and_another_net_are_told(cache: ModelCache) -> None:
    models = StreamModels(cache, model="large")
    models.select(picture(0, *SIZE))
    before = models.full.net
    assert models.select(picture(0, *OTHER)) and models.size == OTHER
    assert models.full.net is not before
    models.model = "small"
    assert models.select(picture(1, *OTHER))
    assert models.full.net is not None and models.full.net.manifest.name == "small"
    # The zoo has none that is smaller still.
    assert models.small.net is None
    assert models.expected_s(models.full.net) is None


def test_a_net_that_cannot_be_had_leaves_the_previous_one_and_a_sentence(cache: ModelCache) -> None:
    models = StreamModels(cache, model="large")
    models.select(picture(0, *SIZE))
    models.model = "nowhere"
    deadline = time.monotonic() + 5
    while not models.fault:
        assert time.monotonic() < deadline
        models.select(picture(1, *SIZE))
    assert "nowhere" in models.fault
    assert models.full.net is not None and models.full.net.manifest.name == "large"


def test_at_the_sources_size_there_is_no_smaller_net_and_the_scale_is_one(
    cache: ModelCache,
) -> None:
    models = StreamModels(cache, model="large", factor=1)
    models.select(picture(0, *SIZE))
    assert models.full.net is not None and models.small.net is None
    assert (models.scale, models.full.scale) == (1, 2)


def test_the_streams_own_net_takes_over_once_it_is_ready(cache: ModelCache, tmp_path: Path) -> None:
    models = StreamModels(cache, model="large", expected=lambda model, *_: len(model))
    models.select(picture(0, *SIZE))
    make_model(tmp_path, "large.tuned-1")
    cache.add_variant("large.tuned-1", "large", tmp_path)
    models.own = "large.tuned-1"
    cache.load("large.tuned-1", *SIZE)
    assert models.select(picture(1, *SIZE))
    assert models.full.net is not None and models.full.net.manifest.name == "large.tuned-1"
    assert models.model_in_use == "large"
    assert models.expected_s(models.full.net) == pytest.approx(0.005)
    assert not models.select(picture(2, *SIZE))
    models.own = ""
    assert models.select(picture(3, *SIZE))
    assert models.full.net.manifest.name == "large"


def test_an_own_net_whose_files_are_gone_leaves_the_shipped_one(
    cache: ModelCache, tmp_path: Path
) -> None:
    models = StreamModels(cache, model="large")
    models.select(picture(0, *SIZE))
    cache.add_variant("large.tuned-9", "large", tmp_path)
    models.own = "large.tuned-9"
    with pytest.raises(NetUnusable):
        cache.load("large.tuned-9", *SIZE)
    models.select(picture(1, *SIZE))
    assert models.model_in_use == "large" and models.own == "" and models.fault == ""


def test_an_own_net_of_another_model_is_not_taken(cache: ModelCache, tmp_path: Path) -> None:
    models = StreamModels(cache, model="large")
    models.select(picture(0, *SIZE))
    cache.add_variant("small.tuned-1", "small", tmp_path)
    models.own = "small.tuned-1"
    assert not models.select(picture(1, *SIZE))
    assert models.model_in_use == "large"
