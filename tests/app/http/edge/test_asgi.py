"""``asgi.py``: what every route answers, whatever it is asked."""

from __future__ import annotations

import dataclasses

import httpx
import pytest

from app.http.edge.addresses import TrustedProxies
from tests.app.http.answers import check_problem
from tests.app.http.conftest import ADMIN_TOKEN, BASE, MakeSite, Site
from tests.app.webrtc.offer_texts import offer

ABROAD = {"Origin": "https://a.example"}
SDP = {"Content-Type": "application/sdp"}
EVERY = [
    ("POST", "/whip/cam1"), ("DELETE", "/whip/cam1/x"), ("PATCH", "/whip/cam1/x"),
    ("GET", "/whip/cam1"), ("POST", "/whep/cam1"), ("DELETE", "/whep/cam1/x"),
    ("PATCH", "/whep/cam1/x"), ("GET", "/whep/cam1"), ("GET", "/api/v1/server"),
    ("GET", "/api/v1/streams"), ("GET", "/api/v1/streams/cam1"), ("PATCH", "/api/v1/streams/cam1"),
    ("DELETE", "/api/v1/streams/cam1"), ("GET", "/api/v1/workers"), ("GET", "/api/v1/models"),
    ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics"), ("GET", "/openapi.json"),
    ("GET", "/"), ("GET", "/watch/cam1"), ("GET", "/docs"), ("GET", "/static/css/base.css"),
    ("GET", "/nothing"), ("PUT", "/whip/cam1"), ("POST", "/"), ("POST", "/api/v1/streams"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), EVERY)
async def test_pages_of_other_origins_can_read_every_answer_where_tokens_guard(
    method: str, path: str, guarded: Site
) -> None:
    response = await guarded.client.request(method, path, headers=ABROAD, content=b"?")
    assert response.headers["access-control-allow-origin"] == "*"
    assert "Retry-After" in response.headers["access-control-expose-headers"]
    assert "origin" in response.headers["vary"].lower()
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cross-origin-opener-policy"] == "same-origin"


async def test_every_address_answers_with_a_slash_at_its_end_and_without_a_redirect(
    site: Site,
) -> None:
    for method, path in EVERY:
        plain = await site.client.request(method, path, content=b"?")
        slash = await site.client.request(method, path + "/", content=b"?")
        assert slash.status_code == plain.status_code, path
        assert "location" not in slash.headers


@pytest.mark.parametrize(
    "path", ["/whip/cam1/", "/whep/cam1", "/whep/cam1/x/", "/api/v1/streams/a/", "/no/such"]
)
async def test_a_preflight_is_answered_at_any_path(path: str, guarded: Site) -> None:
    headers = {**ABROAD, "Access-Control-Request-Method": "POST"}
    response = await guarded.client.options(path, headers=headers)
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == "*"
    assert "OPTIONS" in response.headers["access-control-allow-methods"]
    assert "Authorization" in response.headers["access-control-allow-headers"]


async def test_an_offer_with_a_slash_at_its_end_is_answered(site: Site) -> None:
    response = await site.post_offer("/whip/cam1/", offer("obs"))
    assert response.status_code == 201
    assert (await site.client.delete(response.headers["location"] + "/")).status_code == 200


async def test_without_tokens_a_foreign_page_may_do_nothing(site: Site) -> None:
    for method, path in (
        ("POST", "/whip/cam1"), ("DELETE", "/whip/cam1/x"), ("PATCH", "/api/v1/streams/cam1"),
        ("DELETE", "/api/v1/streams/cam1"), ("GET", "/api/v1/streams"), ("GET", "/metrics"),
        ("OPTIONS", "/whip/cam1"), ("OPTIONS", "/api/v1/streams/cam1"),
    ):  # fmt: skip
        wanted = {"Access-Control-Request-Method": "PATCH"} if method == "OPTIONS" else SDP
        headers = {**ABROAD, **wanted}
        response = await site.client.request(method, path, headers=headers, content=offer("obs"))
        check_problem(response, 403)
        assert "access-control-allow-origin" not in response.headers
    assert site.node.publishers.ingest_session("cam1") is None


async def test_a_foreign_page_is_told_why_it_cannot_watch(site: Site) -> None:
    play = offer("chromium_play")
    absent = await site.client.post("/whep/cam1", headers={**ABROAD, **SDP}, content=play)
    check_problem(absent, 409)
    assert absent.headers["access-control-allow-origin"] == "*"
    assert int(absent.headers["retry-after"]) > 0
    own = {"Origin": BASE, **SDP}
    accepted = await site.client.post("/whip/cam1", headers=own, content=offer("obs"))
    assert accepted.status_code == 201
    present = await site.client.post("/whep/cam1", headers={**ABROAD, **SDP}, content=play)
    check_problem(present, 403)
    assert present.headers["access-control-allow-origin"] == "*"


async def test_a_viewers_session_is_nothing_to_a_foreign_page(site: Site) -> None:
    for method, path in (
        ("PATCH", "/whep/cam1/x"), ("DELETE", "/whep/cam1/x"), ("GET", "/whep/cam1/x"),
        ("POST", "/whep/cam1/x/layer"), ("DELETE", "/whep/cam1/x/layer"),
        ("POST", "/whep/cam1/x/events"), ("GET", "/whep/cam1/x/events/y"),
    ):  # fmt: skip
        asked = {**ABROAD, "Access-Control-Request-Method": method}
        for response in (
            await site.client.request(method, path, headers=ABROAD),
            await site.client.options(path, headers=asked),
        ):
            check_problem(response, 403)
            assert "access-control-allow-origin" not in response.headers
        own = await site.client.request(method, path, headers={"Origin": BASE})
        assert own.status_code != 403
    # What a page may ask for in order to read why it cannot watch.
    asked = {**ABROAD, "Access-Control-Request-Method": "POST"}
    preflight = await site.client.options("/whep/cam1", headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8080", "x.example.evil"])
async def test_a_name_that_was_rebound_to_this_server_gets_nothing(host: str, site: Site) -> None:
    for method, path in EVERY:
        response = await site.client.request(method, path, headers={"Host": host}, content=b"?")
        if path in ("/healthz", "/readyz"):
            assert response.status_code == 200
        else:
            assert "ALLOWED_HOSTS" in check_problem(response, 421)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Host", "Forwarded"])
async def test_a_proxy_in_front_of_a_server_without_tokens_is_refused(
    header: str, site: Site, guarded: Site
) -> None:
    forwarded = {header: "198.51.100.1"}
    detail = check_problem(await site.client.get("/api/v1/streams", headers=forwarded), 403)
    assert "SHARPCAST_PUBLISH_TOKEN" in detail
    assert (await guarded.client.get("/api/v1/streams", headers=forwarded)).status_code == 200


async def test_too_many_header_lines_are_refused(site: Site) -> None:
    many = {f"x-{n}": "1" for n in range(80)}
    for method, path in EVERY:
        check_problem(await site.client.request(method, path, headers=many), 431)


async def test_wrong_tokens_are_counted_by_the_clients_address(guarded: Site) -> None:
    proxies = TrustedProxies.parse(("127.0.0.1",))
    guarded.app._options = dataclasses.replace(guarded.app._options, proxies=proxies)

    async def guess(address: str, token: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": f"6.6.6.6, {address}"}
        return await guarded.client.get("/api/v1/workers", headers=headers)

    for n in range(10):
        check_problem(await guess("198.51.100.1", f"guess-{n}"), 401)
    response = await guess("198.51.100.1", ADMIN_TOKEN)
    check_problem(response, 429)
    assert int(response.headers["retry-after"]) >= 1
    assert response.headers["access-control-allow-origin"] == "*"
    assert (await guess("198.51.100.2", ADMIN_TOKEN)).status_code == 200


async def test_what_did_not_change_is_not_sent_again(site: Site) -> None:
    first = await site.client.get("/api/v1/streams")
    tag = first.headers["etag"]
    again = await site.client.get("/api/v1/streams", headers={"If-None-Match": f'"x", W/{tag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    other = await site.client.get("/api/v1/streams", headers={"If-None-Match": '"x"'})
    assert (other.status_code, other.content) == (200, first.content)


async def test_the_public_address_may_have_a_path_that_proxies_keep_or_take_away(
    make_site: MakeSite,
) -> None:
    site = make_site(public_url="https://live.example/some/where")
    for prefix in ("", "/some/where"):
        response = await site.post_offer(f"{prefix}/whip/cam1", offer("obs"))
        location = response.headers["location"]
        assert location.startswith("https://live.example/some/where/whip/cam1/")
        assert (await site.client.delete(httpx.URL(location).path)).status_code == 200
        assert (await site.client.get(f"{prefix}/api/v1/models")).status_code == 200
        assert (await site.client.get(f"{prefix}/static/css/base.css")).status_code == 200
        assert (await site.client.get(f"{prefix}/watch/cam1/")).status_code == 200
        site = make_site(public_url="https://live.example/some/where")
    bare = await site.client.get("/some/where")
    assert (bare.status_code, bare.headers["location"]) == (308, "https://live.example/some/where/")
    check_problem(await site.client.get("/some/wherever"), 404)


async def test_https_is_said_to_stay_where_the_host_is_ours(make_site: MakeSite) -> None:
    for public_url, stays in (
        ("https://live.example", True),
        ("https://live.example:8443", False),
        ("http://live.example", False),
        ("", False),
    ):
        response = await make_site(public_url=public_url).client.get("/")
        assert ("strict-transport-security" in response.headers) is stays


@pytest.mark.parametrize("path", sorted({path for method, path in EVERY if method == "GET"}))
async def test_head_is_answered_as_get_without_a_body(path: str, site: Site) -> None:
    got = await site.client.get(path)
    head = await site.client.head(path)
    assert head.content == b""
    if path.startswith("/whep/cam1"):
        return  # asked by HEAD, it says what it speaks
    assert head.status_code == got.status_code
    changing = ("date", "etag", "content-length") if path == "/metrics" else ("date",)
    for name in {*got.headers, *head.headers} - set(changing):
        assert head.headers.get(name) == got.headers.get(name), name


async def test_head_tells_whether_a_list_has_changed(site: Site) -> None:
    head = await site.client.head("/api/v1/streams")
    known = {"If-None-Match": head.headers["etag"]}
    assert (await site.client.head("/api/v1/streams", headers=known)).status_code == 304
    assert (await site.client.get("/api/v1/streams", headers=known)).status_code == 304


async def test_head_changes_nothing_and_needs_what_get_needs(guarded: Site) -> None:
    check = await guarded.client.head("/api/v1/workers")
    assert (check.status_code, check.content) == (401, b"")
    for path in ("/api/v1/streams/cam1/renditions/r", "/whip/cam1/x/y"):
        assert (await guarded.client.head(path)).status_code in (404, 405)
