"""A real Redis, a zoo of tiny nets, and an engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from wire.connection import Redis
from workers.engines import make_engine
from workers.enhance.nets import NetCache

from .zoo import make_model


@pytest.fixture(scope="session")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``tiny`` and ``other`` (inverted), and ``tiny4`` that takes multiples of four."""
    root = tmp_path_factory.mktemp("zoo")
    make_model(root, "tiny")
    make_model(root, "tiny4", size_multiple=4)
    make_model(root, "other", inverted=True)
    return root


@pytest.fixture
def nets(zoo: Path) -> Iterator[NetCache]:
    """Compiled nets on one thread of the preferred engine."""
    cache = NetCache(make_engine("auto", threads=1), zoo=zoo)
    yield cache
    cache.close()


@pytest.fixture
def client(redis_client: Redis) -> Redis:
    """A client of the shared server, with nothing stored; tests may restart that server."""
    return redis_client
