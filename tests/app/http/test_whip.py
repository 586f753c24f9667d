"""``whip.py`` and ``whip_common.py``: publishing by HTTP."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator

import httpx
import pytest
from aiortc.sdp import SessionDescription

from app.webrtc.ice import IceServer
from app.webrtc.sdp_offer import MAX_OFFER_BYTES
from app.webrtc.turn import LOGIN_S
from tests.app.http.answers import check_problem
from tests.app.http.conftest import BASE, PUBLISH_TOKEN, MakeSite, Site
from tests.app.webrtc.offer_texts import offer, publish_codec, without
from wire.connection import command, connect
from wire.stream_record import StreamRegistry


async def check_nothing_made(site: Site) -> None:
    assert await command(site.redis, "KEYS", "stream:*") == []
    assert site.node.publishers.ingest_session("cam1") is None
    assert site.node.publishers._reserved == {}


@pytest.mark.parametrize("name", ["obs", "ffmpeg", "chromium_publish"])
async def test_an_offer_is_answered_by_201_and_an_absolute_location(name: str, site: Site) -> None:
    response = await site.post_offer("/whip/cam1", offer(name))
    assert response.status_code == 201
    assert response.headers["content-type"] == "application/sdp"
    assert response.headers["access-control-allow-origin"] == "*"
    assert "Location" in response.headers["access-control-expose-headers"]
    location = response.headers["location"]
    assert location.startswith(f"{BASE}/whip/cam1/")
    assert len(location.rpartition("/")[2]) >= 24
    assert response.text.startswith("v=0\r\n")
    assert len(SessionDescription.parse(response.text).media) == 2
    assert await command(site.redis, "EXISTS", "stream:{cam1}") == 1
    deleted = await site.client.delete(location)
    assert (deleted.status_code, deleted.content) == (200, b"")
    check_problem(await site.client.delete(location), 404)


async def test_secrets_are_never_the_same(site: Site) -> None:
    answers = [await site.post_offer(f"/whip/cam{n}", offer("obs")) for n in range(3)]
    assert len({a.headers["location"].rpartition("/")[2] for a in answers}) == 3


async def test_the_public_address_is_used_where_it_is_set(make_site: MakeSite) -> None:
    site = make_site(public_url="https://live.example")
    response = await site.post_offer("/whip/cam1", offer("obs"))
    assert response.headers["location"].startswith("https://live.example/whip/cam1/")


async def test_ice_servers_are_linked(make_site: MakeSite) -> None:
    servers = (IceServer("stun:a"), IceServer("turn:b", "u", "p"))
    site = make_site(ice_servers=servers)
    response = await site.post_offer("/whip/cam1", offer("obs"))
    assert response.headers.get_list("link") == [server.link_header() for server in servers]


async def test_a_session_gets_a_turn_login_that_expires(make_site: MakeSite) -> None:
    site = make_site(ice_servers=(IceServer("turn:b?transport=tcp"),), turn_secret="shared")
    before_s = int(time.time())
    response = await site.post_offer("/whip/cam1", offer("obs"))
    [link] = response.headers.get_list("link")
    match = re.search(r'username="(\d+):one"; credential="[^"]{28}"', link)
    assert match is not None, link
    assert before_s + LOGIN_S <= int(match[1]) <= time.time() + LOGIN_S
    assert "shared" not in link


@pytest.mark.parametrize("kind", ["application/sdp;charset=utf-8", "Application/SDP"])
async def test_the_content_type_is_read_as_http_says(kind: str, site: Site) -> None:
    assert (await site.post_offer("/whip/cam1", offer("obs"), kind=kind)).status_code == 201


@pytest.mark.parametrize(
    "sdp,kind,status",
    [
        ("", "application/sdp", 400),
        ("hello", "application/sdp", 400),
        (b"v=0\r\n\xff", "application/sdp", 400),
        (without(offer("obs"), "a=fingerprint:"), "application/sdp", 400),
        (offer("obs"), "", 415),
        (offer("obs"), "text/plain", 415),
        (offer("obs"), "application/json", 415),
        (offer("chromium_play"), "application/sdp", 422),
        (publish_codec("H265"), "application/sdp", 422),
        ("v=0\r\n" + "a=x\r\n" * MAX_OFFER_BYTES, "application/sdp", 413),
    ],
)
async def test_what_cannot_be_answered_says_why_and_leaves_nothing(
    sdp: str | bytes, kind: str, status: int, site: Site
) -> None:
    check_problem(await site.post_offer("/whip/cam1", sdp, kind=kind), status)
    await check_nothing_made(site)


@pytest.mark.parametrize("name", ["-cam", "a" * 65, "cam 1", "cam%7B1%7D", "%C3%A9", ".."])
async def test_a_bad_name_is_refused(name: str, site: Site) -> None:
    response = await site.post_offer(f"/whip/{name}", offer("obs"))
    assert response.status_code in (400, 404, 405)
    check_problem(response, response.status_code)
    await check_nothing_made(site)


async def test_a_second_publisher_takes_over_unless_it_would_rather_not(site: Site) -> None:
    first = await site.post_offer("/whip/cam1", offer("obs"))
    refused = await site.post_offer("/whip/cam1?takeover=false", offer("ffmpeg"))
    check_problem(refused, 409)
    assert (await site.post_offer("/whip/cam1", offer("ffmpeg"))).status_code == 201
    # The first one's session is over: what it says of it concerns nobody any more.
    location = first.headers["Location"].removeprefix(BASE)
    check_problem(await site.client.delete(location), 404)
    assert site.node.publishers.ingest_session("cam1") is not None


async def test_a_full_server_says_when_to_try_again(make_site: MakeSite) -> None:
    site = make_site(max_streams=1)
    await site.post_offer("/whip/cam1", offer("obs"))
    response = await site.post_offer("/whip/cam2", offer("obs"))
    check_problem(response, 503)
    assert int(response.headers["retry-after"]) > 0


async def test_without_redis_publishers_are_told_to_come_back(make_site: MakeSite) -> None:
    client = connect("unix:///nonexistent/redis.sock")
    response = await make_site(redis=client).post_offer("/whip/cam1", offer("obs"))
    check_problem(response, 503)
    assert int(response.headers["retry-after"]) > 0
    await client.aclose()


@pytest.mark.parametrize("secret", ["guess", "%C3%A9", "a" * 500])
async def test_a_guessed_session_ends_nothing(secret: str, site: Site) -> None:
    await site.post_offer("/whip/cam1", offer("obs"))
    check_problem(await site.client.delete(f"/whip/cam1/{secret}"), 404)
    check_problem(await site.client.delete(f"/whip/cam2/{secret}"), 404)
    assert site.node.publishers.ingest_session("cam1") is not None


async def test_preflight_needs_no_token(make_site: MakeSite) -> None:
    site = make_site(publish_token=PUBLISH_TOKEN)
    for path in ("/whip/cam1", "/whip/cam1/session", "/whep/cam1", "/whep/cam1/session"):
        response = await site.client.options(path)
        assert response.status_code == 200
        assert response.headers["accept-post"] == "application/sdp"
        assert response.headers["access-control-allow-origin"] == "*"
        assert "Authorization" in response.headers["access-control-allow-headers"]
        assert "DELETE" in response.headers["access-control-allow-methods"]
        assert "link" not in response.headers


async def test_get_and_head_have_nothing_to_show(site: Site) -> None:
    for path in ("/whip/cam1", "/whip/cam1/session"):
        response = await site.client.get(path)
        assert (response.status_code, response.content) == (204, b"")
        assert (await site.client.head(path)).status_code == 204


@pytest.mark.parametrize("protocol", ["whip", "whep"])
async def test_addresses_say_what_they_take(protocol: str, site: Site) -> None:
    """RFC 9110 section 15.5.6: an endpoint takes no PATCH, a session no POST."""
    for path, takes in (
        (f"/{protocol}/cam1", "GET, HEAD, OPTIONS, POST"),
        (f"/{protocol}/cam1/session", "DELETE, GET, HEAD, OPTIONS, PATCH"),
    ):
        for method in ("PUT", "PATCH" if takes.endswith("POST") else "POST"):
            response = await site.client.request(method, path)
            check_problem(response, 405)
            assert response.headers["allow"] == takes
        preflight = await site.client.options(path)
        patchable = "application/trickle-ice-sdpfrag" if "PATCH" in takes else None
        assert preflight.headers.get("accept-patch") == patchable


FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}
CREDENTIALS = "a=ice-ufrag:tVqb\r\na=ice-pwd:1Ah2rDYXtbfJ8PgzxwCRHw\r\n"
CANDIDATES = (
    "m=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
    "a=candidate:1 1 udp 2122 192.0.2.9 5000 typ host generation 0 ufrag tVqb\r\n"
    "a=candidate:2 1 udp 2122 a.local 5000 typ host\r\na=end-of-candidates\r\n"
)


@pytest.mark.parametrize("body", [CREDENTIALS + CANDIDATES, CANDIDATES, "a=end-of-candidates"])
async def test_further_candidates_are_taken(body: str, site: Site) -> None:
    """RFC 9725 section 4.3.2: 204 without a body and without an entity tag."""
    made = (await site.post_offer("/whip/cam1", offer("obs"))).headers
    more = {"Origin": "http://sharp.example:8080", "If-Match": made["etag"]}
    response = await site.client.patch(made["location"], content=body, headers=FRAGMENT | more)
    assert (response.status_code, response.content) == (204, b"")
    assert "etag" not in response.headers


@pytest.mark.parametrize(
    "body,headers,status",
    [
        ("a=ice-ufrag:new1\r\n", {}, 400),
        ("a=ice-ufrag:new1\r\na=ice-pwd:1Ah2rDYXtbfJ8PgzxwCRHw\r\n", {}, 422),
        (CREDENTIALS, {"If-Match": ""}, 428),
        (CREDENTIALS, {"If-Match": '"other"'}, 412),
        (CREDENTIALS, {"Content-Type": "application/sdp"}, 415),
        ("", {}, 400),
        ("a=x", {}, 400),
        ("{}", {}, 400),
        ("a=candidate:1\r\nx\r\n", {}, 400),
        ("a=ice-ufrag:a\r\na=ice-ufrag:b\r\n", {}, 400),
        (b"a=candidate:\xff", {}, 400),
        ("a=candidate:1\r\n" * 2000, {}, 413),
    ],
)
async def test_what_a_fragment_may_not_say(
    body: str | bytes, headers: dict[str, str], status: int, site: Site
) -> None:
    location = (await site.post_offer("/whip/cam1", offer("obs"))).headers["location"]
    sent = FRAGMENT | {"If-Match": "*"} | headers
    response = await site.client.patch(location, content=body, headers=sent)
    check_problem(response, status)
    assert site.node.publishers.ingest_session("cam1") is not None


async def test_candidates_of_no_session_are_refused(site: Site) -> None:
    await site.post_offer("/whip/cam1", offer("obs"))
    for path in ("/whip/cam1/guess", "/whip/cam2/guess", "/whep/cam1/guess"):
        check_problem(await site.client.patch(path, content=CANDIDATES, headers=FRAGMENT), 404)


@pytest.mark.parametrize(
    "lines,status",
    [
        (["*"], 204),
        (['"*"'], 204),
        (['"a"', "{}"], 204),
        (['"a", {}'], 204),
        (["W/{}"], 412),
        (["{}x"], 412),
        (["{}"[:1]], 412),
        (['"a"'] * 30, 412),
        ([" "], 428),
    ],
)
async def test_entity_tags_are_compared_strongly(lines: list[str], status: int, site: Site) -> None:
    made = (await site.post_offer("/whip/cam1", offer("obs"))).headers
    assert re.fullmatch(r'"[\w-]+"', made["etag"])
    sent = [("if-match", line.replace("{}", made["etag"])) for line in lines]
    response = await site.client.patch(
        made["location"], content=CREDENTIALS, headers=[*FRAGMENT.items(), *sent]
    )
    assert response.status_code == status


async def test_ice_is_restarted_under_another_tag(site: Site) -> None:
    """RFC 9725 section 4.3.3."""
    made = await site.post_offer("/whip/cam1", offer("obs"))
    location, tag = made.headers["location"], made.headers["etag"]
    restart = "a=ice-ufrag:new1\r\na=ice-pwd:0123456789012345678901\r\n"

    async def patch(body: str, if_match: str) -> httpx.Response:
        headers = FRAGMENT | {"If-Match": if_match}
        return await site.client.patch(location, content=body, headers=headers)

    answer = await patch(restart, "*")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == FRAGMENT["Content-Type"]
    (before,) = set(re.findall(r"a=ice-ufrag:(\S+)", made.text))
    after = answer.text
    assert before not in re.findall(r"a=ice-ufrag:(\S+)", after)
    assert "a=ice-lite\r\n" in after and "a=candidate:" in after
    assert answer.headers["etag"] != tag
    check_problem(await patch(CREDENTIALS, tag), 412)
    assert (await patch(restart, answer.headers["etag"])).status_code == 204
    assert (await site.client.delete(location)).status_code == 200


async def test_every_session_has_another_tag_and_its_end_asks_for_none(site: Site) -> None:
    first = (await site.post_offer("/whip/cam1", offer("obs"))).headers
    second = (await site.post_offer("/whip/cam2", offer("obs"))).headers
    assert first["etag"] != second["etag"]
    ended = await site.client.delete(first["location"], headers={"If-Match": second["etag"]})
    assert ended.status_code == 200
    assert "etag" not in ended.headers


class Upload:
    """A body that counts what is read of it."""

    def __init__(self, chunks: int, *, breaks: bool = False) -> None:
        self.chunks = chunks
        self.read = 0
        self._breaks = breaks

    def scope(self, path: str) -> dict[str, object]:
        return {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "scheme": "http",
            "headers": [(b"content-type", b"application/sdp"), (b"host", b"sharp.example")],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
            "asgi": {"version": "3.0"},
        }

    async def receive(self) -> dict[str, object]:
        if self.read >= self.chunks:
            if self._breaks:
                return {"type": "http.disconnect"}
            await asyncio.Event().wait()
        self.read += 1
        return {"type": "http.request", "body": b"a" * 4096, "more_body": True}


@pytest.fixture
async def sent() -> AsyncIterator[list[dict[str, object]]]:
    yield []


async def test_an_endless_body_is_cut_off_at_128_kib(
    site: Site, sent: list[dict[str, object]]
) -> None:
    upload = Upload(1000)

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    await asyncio.wait_for(site.app(upload.scope("/whip/cam1"), upload.receive, send), 10)  # type: ignore[arg-type]
    assert sent[0]["status"] == 413
    # As many chunks as the limit holds and one more; the middleware may look one ahead.
    assert upload.read <= MAX_OFFER_BYTES // 4096 + 2
    await check_nothing_made(site)


async def test_an_upload_that_breaks_off_leaves_nothing(
    site: Site, sent: list[dict[str, object]], caplog: pytest.LogCaptureFixture
) -> None:
    upload = Upload(3, breaks=True)

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    await asyncio.wait_for(site.app(upload.scope("/whip/cam1"), upload.receive, send), 10)  # type: ignore[arg-type]
    assert upload.read == 3
    await check_nothing_made(site)


async def test_publishing_needs_the_token(
    make_site: MakeSite, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    site = make_site(publish_token=PUBLISH_TOKEN)
    for token in ("", "wrong", PUBLISH_TOKEN + "x", PUBLISH_TOKEN[:-1]):
        response = await site.post_offer("/whip/cam1", offer("obs"), token=token)
        check_problem(response, 401)
        assert response.headers["www-authenticate"].startswith("Bearer")
    basic = {"Content-Type": "application/sdp", "Authorization": f"Basic {PUBLISH_TOKEN}"}
    check_problem(await site.client.post("/whip/cam1", content="", headers=basic), 401)
    # A token in the address does not count.
    path = f"/whip/cam1?token={PUBLISH_TOKEN}&access_token={PUBLISH_TOKEN}"
    check_problem(await site.post_offer(path, offer("obs")), 401)
    await check_nothing_made(site)
    response = await site.post_offer("/whip/cam1", offer("obs"), token=PUBLISH_TOKEN)
    assert response.status_code == 201
    check_problem(await site.client.delete(response.headers["location"]), 401)
    check_problem(await site.client.patch(response.headers["location"]), 401)
    authorized = {"Authorization": f"bearer {PUBLISH_TOKEN}"}
    deleted = await site.client.delete(response.headers["location"], headers=authorized)
    assert deleted.status_code == 200
    own = [r.getMessage() for r in caplog.records if not r.name.startswith("httpx")]
    assert own
    assert not any(PUBLISH_TOKEN in message for message in own)


async def test_a_token_may_have_any_letters(make_site: MakeSite) -> None:
    site = make_site(publish_token="schl\u00fcssel-\u9375")
    headers = [
        (b"content-type", b"application/sdp"),
        (b"authorization", "Bearer schl\u00fcssel-\u9375".encode()),
    ]
    response = await site.client.post("/whip/cam1", content=offer("obs"), headers=headers)
    assert response.status_code == 201
    wrong = [headers[0], (b"authorization", "Bearer schl\u00fcssel-\u9376".encode())]
    check_problem(await site.client.post("/whip/cam2", content=offer("obs"), headers=wrong), 401)


async def test_the_broadcaster_says_whether_viewers_may_see_it_enhanced(
    make_site: MakeSite,
) -> None:
    site = make_site()
    await site.post_offer("/whip/cam1?enhance=false", offer("obs"))

    async def is_original() -> bool:
        return (await StreamRegistry(site.redis).get("cam1")).original

    assert await is_original()
    # Another connection that says nothing changes nothing; one that says so takes it back.
    await site.post_offer("/whip/cam1", offer("obs"))
    assert await is_original()
    await site.post_offer("/whip/cam1?enhance=true", offer("obs"))
    assert not await is_original()
    wrong = await site.post_offer("/whip/cam1?enhance=perhaps", offer("obs"))
    check_problem(wrong, 422)
