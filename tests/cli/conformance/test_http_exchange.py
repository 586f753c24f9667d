"""``http_exchange.py``: requests without redirects and surprises."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from benchmarks.server import free_port
from cli.conformance.http_exchange import NoAnswer, exchange
from tests.cli.conformance.good_server import TOKEN, good_server
from tests.cli.conformance.test_session_text import reply_of


async def test_a_request_has_the_headers_that_were_named() -> None:
    with good_server() as (root, state):
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "text/plain"}
        reply = await exchange("POST", f"{root}/whip/a?b=c", headers=headers, body=b"hello")
        assert (reply.status, reply.media_type) == (415, "application/problem+json")
    ((method, path, seen),) = state.requests
    assert (method, path) == ("POST", "/whip/a?b=c")
    assert seen["Content-Type"] == "text/plain"
    assert "User-Agent" not in seen


async def test_redirects_are_answers() -> None:
    with good_server("redirect", "open") as (root, state):
        reply = await exchange("POST", f"{root}/whip/a", body=b"v=0")
        assert (reply.status, reply.location) == (302, f"{root}/whip/other")
        assert len(state.requests) == 1


async def test_a_stream_is_read_for_a_while() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/stream"
        listener.settimeout(5)
        reading = exchange("GET", url, read_s=0.3)
        task = asyncio.ensure_future(reading)
        connection, _ = await asyncio.to_thread(listener.accept)
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent")
            begun = time.monotonic()
            reply = await task
        assert time.monotonic() - begun < 5
        assert (reply.body, reply.has_whole_body) == (b"event", False)


@pytest.mark.parametrize("url", ["ftp://a.example/b", "a.example", "http://", ""])
async def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(NoAnswer, match="not an http"):
        await exchange("GET", url)


async def test_nobody_listens() -> None:
    with pytest.raises(NoAnswer, match="GET http"):
        await exchange("GET", f"http://127.0.0.1:{free_port()}/")


async def test_what_is_not_http_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        task = asyncio.ensure_future(
            exchange("GET", f"http://127.0.0.1:{listener.getsockname()[1]}/")
        )
        connection, _ = await asyncio.to_thread(listener.accept)
        with connection:
            connection.sendall(b"SSH-2.0-other\r\n\r\n")
            connection.shutdown(socket.SHUT_WR)
            with pytest.raises(NoAnswer):
                await task


def test_an_answer_is_shown_with_its_body() -> None:
    assert str(reply_of(204)) == "204"
    assert str(reply_of(400, "abc", Content_Type="text/plain; x=y")) == "400, 3 bytes of text/plain"


def test_headers_are_found_in_any_case() -> None:
    reply = reply_of(201, LOCATION="../c", Link="a")
    assert reply.header("location") == "../c"
    assert reply.location == "http://a.example/c"
    assert reply.all("Link") == ["a"]
    assert reply_of(201).location == ""
