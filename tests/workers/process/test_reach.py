from __future__ import annotations

from pathlib import Path

import pytest

from tests.wire.remote.test_device_link import TOKEN, Gateway
from wire.embedded import EmbeddedServer
from wire.errors import ServerAway, ServerRefuses
from wire.remote.link_site import LinkSite
from wire.settings import Settings, load_settings
from wire.site import RedisSite
from workers.process import reach
from workers.process.reach import missing, reached

JOIN = {"SHARPCAST_JOIN": "127.0.0.1:9443", "SHARPCAST_JOIN_TOKEN": TOKEN}
REDIS = {"SHARPCAST_REDIS_URL": "redis://127.0.0.1:1"}


def settings_of(folder: Path, environ: dict[str, str]) -> Settings:
    own = {"SHARPCAST_ENGINE_CACHE": str(folder / "engines"), "SHARPCAST_WORKER_NAME": "dev1"}
    return load_settings({**own, **environ})


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "SHARPCAST_REDIS_URL: a worker needs the address of the Redis server"),
        ({"SHARPCAST_JOIN": "a:1"}, "SHARPCAST_JOIN_TOKEN: "),
        (JOIN | {"SHARPCAST_WORKER_ROLE": "compose"}, "composers work beside Redis"),
        (JOIN | REDIS, "unset it or SHARPCAST_REDIS_URL"),
    ],
)
def test_what_is_missing_is_said_in_a_sentence(
    tmp_path: Path, environ: dict[str, str], words: str
) -> None:
    sentence = missing(settings_of(tmp_path, environ))
    assert words in sentence and sentence.endswith(".")


@pytest.mark.parametrize("environ", [JOIN, REDIS])
def test_one_way_is_enough(tmp_path: Path, environ: dict[str, str]) -> None:
    assert missing(settings_of(tmp_path, environ)) == ""


async def test_next_to_redis_the_site_is_in_redis(
    tmp_path: Path, redis_server: EmbeddedServer
) -> None:
    settings = settings_of(tmp_path, {"SHARPCAST_REDIS_URL": redis_server.url})
    async with reached(settings) as site:
        assert isinstance(site, RedisSite)
        assert await site.stream("cam").time_us() > 0


async def test_without_a_redis_it_begins_all_the_same(tmp_path: Path) -> None:
    async with reached(settings_of(tmp_path, REDIS)) as site:
        with pytest.raises((ServerAway, OSError)):
            await site.stream("cam").time_us()


async def test_behind_a_gateway_the_site_is_at_the_end_of_a_link(tmp_path: Path) -> None:
    async with Gateway().serving() as gateway:
        environ = JOIN | {"SHARPCAST_JOIN": f"127.0.0.1:{gateway.port}"}
        async with reached(settings_of(tmp_path, environ)) as site:
            assert isinstance(site, LinkSite) and site.is_attached
            await site.heartbeats.leave("dev1")
        assert not site.is_attached
        assert [hello.name for hello in gateway.hellos] == ["dev1"]
        async with reached(settings_of(tmp_path, environ)):
            pass
        # The key is kept, so that it can be pinned.
        assert len(set(gateway.fingerprints)) == 1 and len(gateway.fingerprints) == 2
    assert (tmp_path / "device-1.pem").exists() and (tmp_path / "gateways.json").exists()


async def test_a_device_that_is_refused_does_not_begin(tmp_path: Path) -> None:
    gateway = Gateway()
    gateway.refusal = "This device was removed."
    async with gateway.serving():
        environ = JOIN | {"SHARPCAST_JOIN": f"127.0.0.1:{gateway.port}"}
        with pytest.raises(ServerRefuses, match="This device was removed"):
            async with reached(settings_of(tmp_path, environ)):
                pass


async def test_a_gateway_that_is_not_there_is_waited_for_while_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "_JOIN_S", 0.1)
    async with reached(settings_of(tmp_path, JOIN | {"SHARPCAST_JOIN": "127.0.0.1:9"})) as site:
        with pytest.raises(ServerAway):
            await site.heartbeats.leave("dev1")
