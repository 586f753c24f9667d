"""``snapshot.py``: many readers, one read."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from app.errors import RedisAway
from app.streams.stream_directory import StreamDirectory
from tests.app import coding
from tests.app.http.answers import check_problem
from tests.app.http.conftest import MakeSite, Site
from tests.app.http.test_api import beat
from tests.app.http.test_whep import Http
from tests.app.peers import publishing, until
from wire.connection import command, connect
from wire.heartbeat import Heartbeats
from wire.stream_record import StreamRecord

UNITS = coding.h264(98, 54, 10)
PATHS = (
    "/api/v1/streams",
    "/api/v1/models",
    "/api/v1/workers",
    "/readyz",
    "/metrics",
)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[StreamDirectory]:
    """The directory of each read of Redis."""
    found: list[StreamDirectory] = []
    records = StreamDirectory.records

    async def counted(directory: StreamDirectory) -> list[StreamRecord]:
        found.append(directory)
        return await records(directory)

    monkeypatch.setattr(StreamDirectory, "records", counted)
    return found


async def test_a_hundred_readers_cost_one_read_while_the_copy_is_young(
    make_site: MakeSite, reads: list[StreamDirectory]
) -> None:
    site = make_site(snapshot_age_s=60.0)
    for _ in range(5):
        answers = await asyncio.gather(*(site.client.get(PATHS[n % 5]) for n in range(20)))
        assert {answer.status_code for answer in answers} == {200}
    assert len(reads) == 1


async def test_a_copy_that_is_too_old_is_read_again(
    make_site: MakeSite, reads: list[StreamDirectory]
) -> None:
    site = make_site(snapshot_age_s=0.1)
    await site.snapshot.get()
    await asyncio.sleep(0.15)
    await site.snapshot.get()
    assert len(reads) == 2


async def test_who_comes_during_a_read_waits_for_it_and_not_for_another(
    site: Site, reads: list[StreamDirectory]
) -> None:
    seen = await asyncio.gather(*(site.snapshot.get() for _ in range(50)))
    # The first one reads; the others came while it did, so the next read serves them all.
    assert len(reads) <= 2
    assert len({id(each) for each in seen}) <= 2


async def test_a_reader_that_leaves_takes_nothing_from_the_others(site: Site) -> None:
    first = asyncio.get_running_loop().create_task(site.snapshot.get())
    await asyncio.sleep(0)
    second = asyncio.get_running_loop().create_task(site.snapshot.get())
    await asyncio.sleep(0)
    first.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await first
    assert (await second).records == []


async def test_what_was_changed_here_is_seen_at_once(make_site: MakeSite) -> None:
    site = make_site(snapshot_age_s=60.0)
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until(lambda: site.node.publishers.ingest_session("cam1") is not None)
        changed = await site.client.patch("/api/v1/streams/cam1", json={"enhance": False})
        assert changed.json()["enhancement"]["enabled"] is False
        assert (await site.client.get("/api/v1/streams/cam1")).json()["enhancement"][
            "enabled"
        ] is False


async def test_readers_share_a_failure_too(
    make_site: MakeSite, reads: list[StreamDirectory]
) -> None:
    client = connect("unix:///nonexistent/redis.sock")
    site = make_site(redis=client, snapshot_age_s=0.5)
    for answer in await asyncio.gather(*(site.client.get("/readyz") for _ in range(20))):
        check_problem(answer, 503)
    assert len(reads) == 1
    with contextlib.suppress(RedisAway):
        await site.snapshot.get()
    await client.aclose()


async def test_a_read_that_breaks_off_leaves_no_older_copy(
    make_site: MakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(snapshot_age_s=60.0)
    await site.snapshot.get()

    async def broken() -> list[StreamRecord]:
        raise ZeroDivisionError

    monkeypatch.setattr(site.node.directory, "records", broken)
    site.snapshot.forget()
    with pytest.raises(ZeroDivisionError):
        await site.snapshot.get()
    with pytest.raises(RedisAway):
        await site.snapshot.get()


async def test_one_bad_key_makes_no_list_a_failure(site: Site) -> None:
    await Heartbeats(site.redis).beat(beat())
    for key in ("worker:bad", "stream:{bad}"):
        await command(site.redis, "SET", site.redis.key(key), "of another type")
    await command(site.redis, "HSET", site.redis.key("worker:torn"), "beat", b"\xff{")
    await command(site.redis, "HSET", site.redis.key("stream:{torn}"), "epoch", "\xff")
    await command(
        site.redis,
        "HSET",
        site.redis.key("stream:{far}"),
        "id",
        "far",
        "epoch",
        "5",
        "state",
        "live",
        "started_us",
        str(2**53 - 1),
    )
    for path in PATHS:
        assert (await site.client.get(path)).status_code == 200, path
    listed = (await site.client.get("/api/v1/streams")).json()["streams"]
    assert [(each["id"], each["started_at"]) for each in listed] == [
        ("far", "2255-06-05T23:47:34Z")
    ]
    assert (await site.client.get("/readyz")).json()["workers"] == 1
