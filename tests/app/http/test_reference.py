"""The page that describes the API."""

from __future__ import annotations

import asyncio
import html
import json
import re
import threading
from typing import Any

import pytest

from app.http.reference import Reference, reference_page
from tests.app.http.answers import check_problem
from tests.app.http.conftest import Site


async def test_the_description_of_the_api_needs_no_script(site: Site) -> None:
    response = await site.client.get("/docs")
    assert response.status_code == 200
    assert "<script" not in response.text
    assert "/api/v1/streams/{stream}" in response.text
    assert "default-src 'self'" in response.headers["content-security-policy"]
    check_problem(await site.client.get("/redoc"), 404)


async def test_every_operation_has_its_place_and_its_words(site: Site) -> None:
    document = (await site.client.get("/openapi.json")).json()
    text = (await site.client.get("/docs")).text
    count = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert f"<h2>{method.upper()} <code>{html.escape(path)}</code></h2>" in text
            words = operation.get("description") or operation["summary"]
            assert html.escape(words) in text
            count += 1
    assert text.count("<section") == count > 20


def page(**operation: Any) -> str:
    """The page of an API with one operation."""
    return "".join(reference_page(document(**operation)))


def document(**operation: Any) -> dict[str, Any]:
    return {
        "info": {"version": "<1>", "description": "a & b"},
        "paths": {"/<x>": {"get": operation, "parameters": {}}},
    }


def test_whatever_a_document_says_is_text() -> None:
    text = page(description='<script>alert("x")</script>', responses={"200": {}})
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "GET <code>/&lt;x&gt;</code>" in text
    assert "API of version &lt;1&gt;" in text
    assert "a &amp; b" in text


def test_parameters_answers_and_tokens_are_named() -> None:
    parameters = [{"name": "stream", "in": "path"}, {"name": "takeover", "in": "query"}]
    text = page(
        summary="Publishes.",
        parameters=parameters,
        responses={"201": {}, "default": {}},
        security=[{"token": []}],
    )
    assert "Takes stream (path), takeover (query). Answers 201, default." in text
    assert "Publishes. Needs a token where the server has one." in text
    plain = page(summary="Reads.", responses={"200": {}})
    assert "Takes" not in plain and "token" not in plain


def test_its_files_are_found_below_any_path() -> None:
    text = page(summary="Reads.")
    addresses = re.findall(r'(?:href|src)="([^"]*)"', text)
    assert addresses
    assert all(not address.startswith(("/", "http")) for address in addresses)


def test_only_the_head_of_the_page_has_addresses() -> None:
    words = ' href="/evil" src="x"'
    head, rest = reference_page(document(description=words, responses={words: {}}))
    assert "openapi.json" in head
    assert not re.search(r'(?:href|src)="', rest)


async def test_all_who_ask_at_once_wait_for_one_thread() -> None:
    threads = []

    def make() -> dict[str, Any]:
        threads.append(threading.current_thread())
        return document(summary="Reads.")

    reference = Reference(make)
    found = await asyncio.gather(*(reference.get() for _ in range(20)))
    assert all(each is found[0] for each in found)
    assert await reference.get() is found[0]
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()
    assert json.loads(found[0].document.rest) == document(summary="Reads.")


async def test_what_failed_is_tried_again() -> None:
    tries = [KeyError("paths")]

    def make() -> dict[str, Any]:
        if tries:
            raise tries.pop()
        return document(summary="Reads.")

    reference = Reference(make)
    with pytest.raises(KeyError):
        await reference.get()
    assert "Reads." in (await reference.get()).page.rest.decode()


@pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
async def test_whoever_has_it_is_sent_nothing(site: Site, path: str) -> None:
    answer = await site.client.get(path)
    assert answer.headers["cache-control"] == "no-cache"
    tag = answer.headers["etag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}'):
        again = await site.client.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    other = await site.client.get(path, headers={"If-None-Match": '"x"'})
    assert (other.status_code, other.content) == (200, answer.content)
    head = await site.client.head(path)
    assert (head.status_code, head.headers["etag"]) == (200, tag)


async def test_the_document_is_json_as_the_framework_makes_it(site: Site) -> None:
    answer = await site.client.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["openapi"].startswith("3.")
    assert "/openapi.json" not in answer.json()["paths"]


async def test_the_page_is_found_with_slashes_behind_its_name(site: Site) -> None:
    text = (await site.client.get("/docs//")).text
    assert 'href="../../openapi.json"' in text
    assert (await site.client.get("/docs")).headers["content-type"] == "text/html; charset=utf-8"
