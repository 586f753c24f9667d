"""Questions to the server, whatever answers there."""

from __future__ import annotations

import pytest

from cli.publisher.server_query import query, server_address
from tests.cli.publisher.http_server import answering


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://h:1/whip/cam", "http://h:1/api/v1/server"),
        ("https://h/below/whip/cam/", "https://h/below/api/v1/server"),
        ("http://h/whip/", ""),
        ("http://h/other/cam", ""),
        ("rtmp://h/whip/cam", ""),
    ],
)
def test_the_address_lies_beside_the_one_to_publish_to(url: str, address: str) -> None:
    assert server_address(url) == address


def test_an_answer_is_an_object() -> None:
    with answering(200, b'{"instance": "a"}') as server:
        assert query(f"{server.url}/api/v1/server") == {"instance": "a"}


@pytest.mark.parametrize("body", [b"", b"[1]", b"null", b"{", b"\xff", b"[" * 100_000])
def test_anything_else_is_no_answer(body: bytes) -> None:
    with answering(200, body) as server:
        assert query(f"{server.url}/api/v1/server") == {}


def test_nobody_is_no_answer() -> None:
    assert query("") == {} and query("http://127.0.0.1:9/api/v1/server") == {}
    with answering(500, b'{"instance": "a"}') as server:
        assert query(f"{server.url}/api/v1/server") == {}
