"""``hls.py``: playlists and segments over HTTP, from a stream that is really published."""

from __future__ import annotations

import asyncio
import io
import re

import av
import pytest

from app.access.view_token import ViewToken, make_view_token
from app.http import hls
from tests.app import coding
from tests.app.http.answers import check_problem
from tests.app.http.conftest import MakeSite, Site
from tests.app.http.test_whep import Http, until_live
from tests.app.peers import publishing, watching
from wire.clock import now_us
from wire.stream_keys import View

UNITS = coding.h264(98, 54, 10)
INDEX = "/hls/cam1/source/index.m3u8"


async def playlist(site: Site, path: str = INDEX) -> str:
    answer = await site.client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.apple.mpegurl"
    return answer.text


def addresses(text: str) -> tuple[str, list[str], list[str]]:
    """(initialization segment, whole segments, parts) that a playlist names."""
    init = re.findall(r'#EXT-X-MAP:URI="([^"]+)"', text)[-1]
    parts = re.findall(r'#EXT-X-PART:DURATION=[\d.]+,URI="([^"]+)"', text)
    return init, re.findall(r"^(\d+\.m4s.*)$", text, re.MULTILINE), parts


async def test_a_published_stream_can_be_played(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        text = await playlist(site)
        init, whole, _ = addresses(text)
        begin = (await site.client.get(f"/hls/cam1/source/{init}")).content
        segment = await site.client.get(f"/hls/cam1/source/{whole[0]}")
        assert segment.headers["content-type"] == "video/mp4"
        assert "immutable" in segment.headers["cache-control"]
        with av.open(io.BytesIO(begin + segment.content), "r") as opened:
            pictures = list(opened.decode(video=0))
        assert len(pictures) > 5 and (pictures[0].width, pictures[0].height) == (98, 54)


async def test_all_renditions_of_the_stream_are_listed(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        text = await playlist(site, "/hls/cam1/index.m3u8")
        # No worker is there, so nothing is offered that would never come.
        assert "enhanced" not in text
        assert re.search(r"\nsource/index\.m3u8\?viewer=[\w-]{12}\n", text)
        assert 'CODECS="avc1.640028' in text and "RESOLUTION=98x54" in text
        await playlist(site)
        again = await playlist(site, "/hls/cam1/index.m3u8?viewer=anna")
        assert "source/index.m3u8?viewer=anna" in again and 'CODECS="avc1.42' in again


async def test_a_player_may_wait_for_a_part_that_is_to_come(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        hint = re.findall(r'HINT:TYPE=PART,URI="((\d+)\.(\d+)\.m4s)"', await playlist(site))[0]
        name, number, place = hint
        waited, part = await asyncio.gather(
            playlist(site, f"{INDEX}?_HLS_msn={number}&_HLS_part={place}"),
            site.client.get(f"/hls/cam1/source/{name}"),
        )
        assert f'URI="{name}"' in waited
        assert part.status_code in (200, 404)  # the segment may have ended before it


async def test_sessions_and_players_of_one_viewer_count_once(site: Site) -> None:
    play = Http(site, "/whep/cam1?rendition=source&viewer=anna")
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        async with watching(play), watching(play):
            await playlist(site, f"{INDEX}?viewer=anna")
            stream = (await site.client.get("/api/v1/streams/cam1")).json()
            assert (stream["viewers"], stream["sessions"]) == (1, 3)
            await playlist(site, INDEX)
            stream = (await site.client.get("/api/v1/streams/cam1")).json()
            assert (stream["viewers"], stream["sessions"]) == (2, 4)
            assert stream["hls"] == "/hls/cam1/index.m3u8"


async def test_addresses_carry_the_token_on(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        text = await playlist(site, "/hls/cam1/index.m3u8?token=se%26cret")
        assert "token=se%26cret" in text
        init, whole, parts = addresses(await playlist(site, f"{INDEX}?token=se%26cret"))
        assert all(each.endswith("?token=se%26cret") for each in (init, *whole, *parts))


async def test_all_nodes_give_the_same_segments_the_same_numbers(make_site: MakeSite) -> None:
    # One is fed from memory, the other reads the log, and it begins later.
    one, two = (make_site(name=name, runs=True) for name in ("one", "two"))
    async with publishing(Http(one, "/whip/cam1"), UNITS):
        await until_live(two)
        await playlist(one)
        await playlist(two)
        async with asyncio.timeout(60):
            while True:
                found = [set(addresses(await playlist(site))[1]) for site in (one, two)]
                # The first one of each begins where it began to read.
                common = sorted(found[0] & found[1])[1:]
                if len(common) >= 2:
                    break
                await asyncio.sleep(0.2)
        for name in common:
            answers = [await site.client.get(f"/hls/cam1/source/{name}") for site in (one, two)]
            assert _pictures(answers[0].content) == _pictures(answers[1].content)


def _pictures(segment: bytes) -> list[int]:
    """Times at which the parts of a segment begin, of the first track, which has the pictures."""
    found, at = [], segment.find(b"tfdt")
    while at >= 0:
        found.append(int.from_bytes(segment[at + 8 : at + 16], "big"))
        at = segment.find(b"moof", at)
        at = segment.find(b"tfdt", at) if at >= 0 else -1
    return found


async def test_a_token_is_asked_for_where_the_stream_needs_one(guarded: Site) -> None:
    await guarded.access.store.set_view("cam1", View.TOKEN)
    signing = guarded.access.store.tables.signing
    token = make_view_token(ViewToken("cam1", now_us() // 1_000_000 + 60), signing)
    for path in ("index.m3u8", "source/index.m3u8", "source/1.m4s"):
        check_problem(await guarded.client.get(f"/hls/cam1/{path}"), 401)
        check_problem(await guarded.client.get(f"/hls/cam1/{path}?token={token}"), 404)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/hls/cam1/index.m3u8", 404),
        ("/hls/cam1/source/index.m3u8", 404),
        ("/hls/cam1/source/5.m4s", 404),
        ("/hls/cam1/source/5.3.m4s", 404),
        ("/hls/cam1/source/init-0123456789ab.mp4", 404),
        ("/hls/cam1/source/else.txt", 404),
        ("/hls/-cam/index.m3u8", 400),
        ("/hls/cam1/UPPER/index.m3u8", 404),
        ("/hls/cam1/source/index.m3u8?_HLS_part=1", 400),
        ("/hls/cam1/source/index.m3u8?_HLS_msn=x", 422),
        ("/hls/cam1/source/index.m3u8?viewer=a%20b", 422),
    ],
)
async def test_what_is_not_there_is_a_problem(site: Site, path: str, status: int) -> None:
    check_problem(await site.client.get(path), status)


async def test_what_is_too_far_ahead_is_refused(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        await playlist(site)
        answer = await site.client.get(f"{INDEX}?_HLS_msn=99999999999")
        check_problem(answer, 400)
        assert "two segments ahead" in answer.json()["detail"]
        check_problem(await site.client.get("/hls/cam1/source/1.m4s"), 404)


async def test_a_rendition_that_nobody_makes_is_told_in_time(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hls, "START_S", 0.2)
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        answer = await site.client.get("/hls/cam1/enhanced/index.m3u8")
        check_problem(answer, 503)
        assert "retry-after" in answer.headers


async def test_a_head_is_answered_as_a_get_without_body(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        answer = await site.client.head(INDEX)
        assert answer.status_code == 200


async def test_pages_of_other_origins_may_play_where_publishing_needs_a_token(
    make_site: MakeSite,
) -> None:
    origin = {"Origin": "https://else.example"}
    answer = await make_site(publish_token="x").client.get(INDEX, headers=origin)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (404, "*")
    answer = await make_site().client.get(INDEX, headers=origin)
    assert answer.status_code == 403


async def test_it_can_be_switched_off(make_site: MakeSite) -> None:
    site = make_site(hls=False)
    answer = await site.client.get("/hls/cam1/index.m3u8")
    check_problem(answer, 404)
    assert "SHARPCAST_HLS" in answer.json()["detail"]
