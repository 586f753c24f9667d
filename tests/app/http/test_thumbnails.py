"""The small picture of a stream: the route, and what it keeps of Redis."""

from __future__ import annotations

import pytest

from app.errors import RedisAway
from app.http.thumbnails import MAX_AGE_S, KeptThumbnails
from tests.app import coding
from tests.app.http.answers import check_problem
from tests.app.http.conftest import Site
from tests.app.http.test_whep import Http, until_live
from tests.app.peers import publishing
from tests.records import begin_stream, enhanced
from wire import keys
from wire.connection import Redis, connect
from wire.thumbnail import JPEG_START, Thumbnail, Thumbnails

UNITS = coding.h264(98, 54, 10)
PATH = "/api/v1/streams/cam1/thumbnail"
FIRST = Thumbnail(1_700_000_000_000_000, JPEG_START + b"first")
SECOND = Thumbnail(1_700_000_005_000_000, JPEG_START + b"second")


async def test_a_picture_is_served_with_its_age_and_its_tag(site: Site) -> None:
    check_problem(await site.client.get(PATH), 404)
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        epoch = (await enhanced(site.redis)).source_epoch
        assert await Thumbnails(site.redis).put("cam1", epoch, FIRST)
        answer = await site.client.get(PATH)
        assert (answer.status_code, answer.content) == (200, FIRST.jpeg)
        headers = answer.headers
        assert headers["content-type"] == "image/jpeg"
        assert headers["cache-control"].startswith("private, max-age=")
        assert headers["last-modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"
        tag = headers["etag"]
        for known in (tag, f'"x", W/{tag}'):
            again = await site.client.get(PATH, headers={"If-None-Match": known})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == tag
        other = await site.client.get(PATH, headers={"If-None-Match": '"x"'})
        assert other.status_code == 200


async def test_a_stream_that_nobody_decodes_has_none(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        answer = await site.client.get(PATH)
        check_problem(answer, 404)
        assert "no picture" in answer.json()["detail"]
    check_problem(await site.client.get("/api/v1/streams/a%20b/thumbnail"), 400)


async def test_redis_is_asked_once_in_a_while_however_many_ask(own_client: Redis) -> None:
    epoch = await begin_stream(own_client)
    written, kept = Thumbnails(own_client), KeptThumbnails(own_client)
    assert await kept.get("cam1", now=10.0) is None
    await written.put("cam1", epoch, FIRST)
    assert await kept.get("cam1", now=10.0 + MAX_AGE_S - 0.1) is None
    assert await kept.get("cam1", now=10.0 + MAX_AGE_S) == FIRST
    await written.put("cam1", epoch, SECOND)
    assert await kept.get("cam1", now=11.0 + MAX_AGE_S) == FIRST
    assert await kept.get("cam1", now=10.0 + 2 * MAX_AGE_S) == SECOND


async def test_the_streams_that_are_kept_are_bounded(own_client: Redis) -> None:
    kept = KeptThumbnails(own_client, most=2)
    epoch = await begin_stream(own_client, "a")
    for name in ("a", "b", "c"):
        assert await kept.get(name, now=0.0) is None
    await Thumbnails(own_client).put("a", epoch, FIRST)
    assert await kept.get("c", now=0.0) is None
    # The first was forgotten, so it is read again.
    assert await kept.get("a", now=0.0) == FIRST


async def test_what_is_no_picture_is_none(own_client: Redis) -> None:
    await own_client.execute("HSET", own_client.key(keys.thumbnail("cam1")), "jpeg", "text")
    assert await KeptThumbnails(own_client).get("cam1", now=0.0) is None


async def test_without_redis_the_answer_says_so() -> None:
    client = connect("redis://127.0.0.1:1/0")
    with pytest.raises(RedisAway):
        await KeptThumbnails(client).get("cam1", now=0.0)
    await client.aclose()
