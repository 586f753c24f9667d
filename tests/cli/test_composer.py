from __future__ import annotations

import asyncio

import pytest

from cli.composer import composers_of
from wire.settings import load_settings

GATEWAY = {"SHARPCAST_GATEWAY_HOST": "127.0.0.1", "SHARPCAST_REDIS_URL": "redis://127.0.0.1:1"}


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"SHARPCAST_GATEWAY_COMPOSERS": "2"},
        GATEWAY | {"SHARPCAST_GATEWAY_COMPOSERS": "0"},
    ],
)
def test_without_a_gateway_or_where_it_is_off_there_is_none(environ: dict[str, str]) -> None:
    assert composers_of(load_settings(environ)) is None


async def test_a_gateway_has_some_that_end_with_it() -> None:
    beside = composers_of(load_settings(GATEWAY))
    assert beside is not None
    stop = asyncio.Event()
    stop.set()
    async with asyncio.timeout(2):
        await beside(stop)
