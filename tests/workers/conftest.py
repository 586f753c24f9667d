"""A real Redis, a zoo of tiny nets, and an engine."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from wire.connection import Redis
from workers.engines.registry import make_engine
from workers.upscale.model_cache import ModelCache

from .zoo import make_model, make_video_model


@pytest.fixture(scope="session")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``tiny`` and ``other`` (inverted), ``tiny4`` that takes multiples of four, ``tiny3`` that
    makes three times as large, ``looks`` with a strength, ``follows`` with the previous picture,
    ``large`` in whose place the inverted ``small`` may serve, and two nets for torch.
    """
    root = tmp_path_factory.mktemp("zoo")
    make_model(root, "tiny")
    make_model(root, "tiny4", size_multiple=4)
    make_model(root, "other", inverted=True)
    make_model(root, "tiny3", scale=3)
    make_model(root, "looks", strength=True)
    make_model(root, "follows", previous=True)
    make_model(root, "large", macs=100)
    make_model(root, "small", macs=40, inverted=True)
    if importlib.util.find_spec("torch") is not None:
        make_video_model(root, "window", colour="luma")
        make_video_model(root, "colours", colour="rgb")
    return root


@pytest.fixture
def nets(zoo: Path) -> Iterator[ModelCache]:
    """Compiled nets on one thread of the preferred engine."""
    cache = ModelCache(make_engine("auto", threads=1), zoo=zoo)
    yield cache
    cache.close()


@pytest.fixture
def client(redis_client: Redis) -> Redis:
    """A client of the shared server, with nothing stored; tests may restart that server."""
    return redis_client
