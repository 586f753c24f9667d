"""The OpenAPI document."""

from __future__ import annotations

import concurrent.futures
import json
import re
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.http import whep_extensions
from app.http.openapi import ANSWER, GUARDED, OFFER, complete
from app.http.problems import problem
from app.webrtc.ice import IceServer
from app.webrtc.trickle import MEDIA_TYPE as FRAGMENT_TYPE
from tests.app import coding
from tests.app.http.answers import matches
from tests.app.http.conftest import MakeSite, Site
from tests.app.http.test_api import document
from tests.app.http.test_whep import Http, until_live
from tests.app.peers import publishing
from tests.app.webrtc.offer_texts import offer
from tests.source_tree import ROOT

PAGE = ROOT / "docs" / "api.md"


def documented(text: str) -> dict[tuple[str, str], bool]:
    """(path, method) of the routes in a page's tables to whether they need a token."""
    rows = re.findall(r"^\| (`[A-Z]+ /.*?) \| (\w+) \|", text, re.MULTILINE)
    return {
        (_plain(path), method.lower()): token != "none"
        for cell, token in rows
        for method, path in re.findall(r"`([A-Z]+) (/[^`]*)`", cell)
    }


def _plain(path: str) -> str:
    """The path without the names of its parts: the page calls a stream's `{id}`."""
    return re.sub(r"{\w+}", "{}", path)


def test_rows_of_routes_are_found() -> None:
    text = "| `GET /a/{id}`, `PUT /b` | admin | x |\n| `/c?d=e` | y |\n| `HEAD /c` | none | z |\n"
    assert documented(text) == {("/a/{}", "get"): True, ("/b", "put"): True, ("/c", "head"): False}


async def test_the_page_of_the_api_has_a_row_for_every_route_and_no_other(site: Site) -> None:
    found = {
        (_plain(path), method): bool(operation.get("security"))
        for path, methods in (await document(site))["paths"].items()
        for method, operation in methods.items()
        if method != "head"  # is answered wherever GET is
    }
    assert documented(PAGE.read_text()) == found


async def test_every_operation_of_the_openapi_document_has_a_name_of_its_own(site: Site) -> None:
    paths = (await document(site))["paths"]
    names = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(set(names)) == len(names) > 10


async def test_the_openapi_document_says_what_is_taken_and_answered(site: Site) -> None:
    whole = await document(site)
    assert "HTTPValidationError" not in str(whole)
    guarded = {
        (path, method)
        for path, methods in whole["paths"].items()
        for method, operation in methods.items()
        if operation.get("security")
    }
    assert guarded == {
        ("/whip/{stream}", "post"), ("/whip/{stream}/{session}", "delete"),
        ("/whip/{stream}/{session}", "patch"), ("/api/v1/workers", "get"), ("/api/v1/nodes", "get"),
        ("/api/v1/streams/{stream}", "patch"), ("/api/v1/streams/{stream}", "delete"),
        ("/api/v1/streams/{stream}/consent", "put"),
        ("/api/v1/streams/{stream}/renditions/{name}", "put"),
        ("/api/v1/streams/{stream}/renditions/{name}", "delete"),
        ("/api/v1/devices", "get"), ("/api/v1/devices", "post"),
        ("/api/v1/streams/{stream}/recording", "get"),
        ("/api/v1/streams/{stream}/recording", "put"),
        ("/api/v1/recordings/{stream}/{file}", "delete"),
        ("/api/v1/devices/{name}", "delete"), ("/api/v1/devices/tokens/{token}", "delete"),
        ("/api/v1/keys", "get"), ("/api/v1/keys", "post"), ("/api/v1/keys/{key}", "delete"),
        ("/api/v1/keys/{key}/rotation", "post"), ("/api/v1/audit", "get"),
        ("/api/v1/streams/{stream}/view", "put"), ("/api/v1/streams/{stream}/view", "delete"),
        ("/api/v1/streams/{stream}/view-tokens", "post"),
    }  # fmt: skip
    for path in ("/whip/{stream}", "/whep/{stream}"):
        operation = whole["paths"][path]["post"]
        assert list(operation["requestBody"]["content"]) == ["application/sdp"]
        assert list(operation["responses"]["201"]["content"]) == ["application/sdp"]
        assert "Location" in operation["responses"]["201"]["headers"]
    for path in ("/api/v1/nothing", "/api/v1/streams/-"):
        schema = whole["components"]["schemas"]["Problem"]
        matches((await site.client.get(path)).json(), schema, whole)


def check(whole: dict[str, Any], path: str, answer: httpx.Response) -> tuple[str, str]:
    """An answer and what was sent for it are as the document says; the operation."""
    method = answer.request.method.lower()
    operation = whole["paths"][path][method]
    status = str(answer.status_code)
    assert status in operation["responses"].keys() - {"default"}, (method, path)
    described = operation["responses"][status]
    for kinds, headers in (
        (described.get("content", {}), answer.headers),
        (operation.get("requestBody", {}).get("content", {}), answer.request.headers),
    ):
        kind = headers.get("content-type")
        assert list(kinds) == ([kind] if kind else []), (method, path)
    for each in described.get("headers", {}):
        assert each in answer.headers
    return path, method


async def check_extensions(whole: dict[str, Any], site: Site, session: str) -> set[tuple[str, str]]:
    """The routes below a viewer's session are as the document says; their operations."""
    path, seen, kind = "/whep/{stream}/{session}", set(), {"Content-Type": "application/json"}
    made = await site.client.post(f"{session}/events", content='["active"]', headers=kind)
    seen.add(check(whole, f"{path}/events", made))
    for method in ("GET", "DELETE"):
        answer = await site.client.request(method, made.headers["location"])
        answer.headers["content-type"] = answer.headers.get("content-type", "").split(";")[0]
        seen.add(check(whole, f"{path}/events/{{event_stream}}", answer))
    answer = await site.client.post(f"{session}/layer", content="{}", headers=kind)
    seen.add(check(whole, f"{path}/layer", answer))
    seen.add(check(whole, f"{path}/layer", await site.client.delete(f"{session}/layer")))
    return seen


async def test_whip_and_whep_take_and_answer_what_the_document_says(
    make_site: MakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whep_extensions, "POLL_S", 0.1)
    monkeypatch.setattr(whep_extensions, "REFRESH_S", 0.05)
    site = make_site(ice_servers=(IceServer("stun:a"),))
    whole = await document(site)
    seen = set()
    async with publishing(Http(site, "/whip/cam1"), coding.h264(98, 54, 10)):
        await until_live(site)
        for kind, stream, name in (("whip", "cam2", "obs"), ("whep", "cam1", "chromium_play")):
            endpoint = f"/{kind}/{stream}"
            made = await site.post_offer(endpoint, offer(name))
            session = made.headers["location"]
            seen.add(check(whole, f"/{kind}/{{stream}}", made))
            for method in ("GET", "HEAD"):
                answer = await site.client.request(method, endpoint)
                seen.add(check(whole, f"/{kind}/{{stream}}", answer))
            if kind == "whep":
                seen |= await check_extensions(whole, site, session)
            for method in ("GET", "HEAD", "PATCH", "DELETE"):
                sent = {
                    "content": "a=end-of-candidates",
                    "headers": {"Content-Type": FRAGMENT_TYPE, "If-Match": made.headers["etag"]},
                }
                more: dict[str, Any] = sent if method == "PATCH" else {}
                answer = await site.client.request(method, session, **more)
                seen.add(check(whole, f"/{kind}/{{stream}}/{{session}}", answer))
    assert seen == {
        (path, method)
        for path, methods in whole["paths"].items()
        for method in methods
        if path.startswith(("/whip", "/whep"))
    }


def described() -> tuple[FastAPI, dict[str, Any]]:
    """A small application and its completed document."""
    app = FastAPI(title="t", version="1")

    @app.get("/{number}", openapi_extra=GUARDED)
    async def show(number: int) -> int:
        return number

    @app.post("/", openapi_extra=OFFER, responses=ANSWER, status_code=201)
    async def make() -> str:
        return ""

    complete(app)
    return app, app.openapi()


def test_every_operation_answers_with_problems_and_none_in_the_frameworks_form() -> None:
    _, document = described()
    for operations in document["paths"].values():
        for operation in operations.values():
            assert "422" not in operation["responses"]
            (kind,) = operation["responses"]["default"]["content"]
            assert kind == "application/problem+json"
    assert set(document["components"]["schemas"]) == {"Problem"}


def test_tokens_and_bodies_are_described_where_a_route_says_so() -> None:
    _, document = described()
    shown, made = document["paths"]["/{number}"]["get"], document["paths"]["/"]["post"]
    assert shown["security"] == [{"token": []}]
    assert "security" not in made
    scheme = document["components"]["securitySchemes"]["token"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert all(word in scheme["description"] for word in ("JWT", "SHARPCAST_ACCESS_HOOK"))
    assert made["requestBody"]["required"]
    assert set(made["responses"]["201"]["headers"]) == {"Location", "ETag", "Link"}


def test_the_document_is_made_once() -> None:
    app, document = described()
    assert app.openapi() is document
    app.openapi_schema = None
    assert app.openapi() == document


def test_a_problem_is_described_as_it_is_answered() -> None:
    _, document = described()
    schema = document["components"]["schemas"]["Problem"]
    answer = json.loads(bytes(problem(404, "Gone", "It is gone.").body))
    matches(answer, schema, document)
    assert set(schema["required"]) == set(answer)


def test_several_threads_that_ask_get_one_document() -> None:
    app = FastAPI(title="t", version="1")
    complete(app)
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: app.openapi(), range(16)))
    assert all(each is found[0] for each in found)
    assert "Problem" in found[0]["components"]["schemas"]
