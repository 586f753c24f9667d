"""The common parts of WHIP and WHEP: names, bodies, addresses and sessions."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.requests import Request

from app.errors import BadName, BadOffer, WrongContentType
from app.http.whip_common import check_name, read_offer, route
from tests.app.http.answers import check_problem
from tests.app.http.conftest import BASE, MakeSite, Site
from tests.app.webrtc.offer_texts import offer

FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}


def request(body: bytes = b"", kind: str = "application/sdp", **scope: Any) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"content-type", kind.encode())] if kind else []
    return Request({"type": "http", "headers": headers, "state": {}, **scope}, receive)


@pytest.mark.parametrize("name", ["a", "cam1", "A.b-c_9", "a" * 64])
def test_a_name_is_given_back(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", "-a", ".a", "a b", "a/b", "\u00e9", "a" * 65, "a\n"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(BadName):
        check_name(name)


@pytest.mark.parametrize("kind", ["application/sdp", "APPLICATION/SDP ; charset=utf-8"])
async def test_an_offer_is_the_text_of_the_body(kind: str) -> None:
    assert await read_offer(request("v=0 \u00e9".encode(), kind)) == "v=0 \u00e9"


@pytest.mark.parametrize("kind", ["", "text/plain", "application/sdpx", "sdp", "application/json"])
async def test_another_type_is_refused_before_the_body_is_looked_at(kind: str) -> None:
    with pytest.raises(WrongContentType, match="must be application/sdp"):
        await read_offer(request(b"\xff", kind))


async def test_bytes_that_are_no_text_are_no_offer() -> None:
    with pytest.raises(BadOffer, match="not UTF-8"):
        await read_offer(request(b"v=0\r\n\xff"))


def test_the_route_of_an_offer_is_what_the_server_saw() -> None:
    found = route(request(server=("192.0.2.1", 80), client=("198.51.100.7", 4711)))
    assert (found.served_at, found.client, found.key) == ("192.0.2.1", "198.51.100.7", "")
    keyed = request(client=("2001:db8::5", 1), state={"address": "2001:db8::/64"})
    assert (route(keyed).served_at, route(keyed).key) == ("", "2001:db8::/64")
    assert route(request()).client == ""


@pytest.mark.parametrize("kind", ["whip", "whep"])
async def test_getting_an_endpoint_shows_nothing(kind: str, site: Site) -> None:
    for path in (f"/{kind}/cam1", f"/{kind}/cam1/x"):
        response = await site.client.get(path)
        assert (response.status_code, response.content) == (204, b"")
    head = await site.client.head(f"/{kind}/cam1/x")
    assert (head.status_code, head.content) == (204, b"")


@pytest.mark.parametrize("kind", ["whip", "whep"])
@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
async def test_a_session_that_is_none_is_not_found(kind: str, method: str, site: Site) -> None:
    for session in ("x", f"{site.node.name}.x", "nowhere.x", f"{site.node.name}."):
        response = await site.client.request(
            method, f"/{kind}/cam1/{session}", content="a=end-of-candidates", headers=FRAGMENT
        )
        check_problem(response, 404)
    check_problem(await site.client.request(method, f"/{kind}/-/x", headers=FRAGMENT), 400)


async def test_candidates_are_read_before_the_session_is_looked_for(site: Site) -> None:
    for content, headers, status in (
        ("v=0", FRAGMENT, 400),
        ("a=end-of-candidates", {"Content-Type": "application/sdp"}, 415),
        (b"a=\xff", FRAGMENT, 400),
    ):
        response = await site.client.patch("/whip/cam1/x", content=content, headers=headers)
        check_problem(response, status)


@pytest.mark.parametrize("public_url", ["", "https://live.example", "https://live.example/cast"])
async def test_the_address_of_a_session_is_absolute_and_names_its_node(
    public_url: str, make_site: MakeSite
) -> None:
    site = make_site(public_url=public_url, name="node7")
    response = await site.post_offer("/whip/cam1", offer("obs"))
    location = response.headers["location"]
    assert location.startswith(f"{public_url or BASE}/whip/cam1/node7.")
    assert (await site.client.delete(location)).status_code == 200
