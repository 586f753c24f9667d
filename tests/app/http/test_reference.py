"""The page that describes the API."""

from __future__ import annotations

import html
import re
from typing import Any

from app.http.reference import reference_page
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
    return reference_page(
        {
            "info": {"version": "<1>", "description": "a & b"},
            "paths": {"/<x>": {"get": operation, "parameters": {}}},
        }
    )


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
