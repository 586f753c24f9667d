"""Requests to servers that the operator names, against a real one."""

from __future__ import annotations

import httpx
import pytest

from app.external_access.bounded_http import FAILURES, UnusableAnswer, fetch, make_client
from tests.app.external_access.issuer import answers


async def test_status_and_body_are_returned_and_nothing_is_added() -> None:
    async with answers(body=b"hello") as server, make_client(2, connections=1) as client:
        assert await fetch(client, server.url, max_bytes=5) == (200, b"hello")
        assert await fetch(client, server.url, max_bytes=5, body=b"x") == (200, b"hello")
        (first, nothing), (second, sent) = server.got
    assert (nothing, sent) == (b"", b"x")
    assert first["accept-encoding"] == second["accept-encoding"] == "identity"
    assert "authorization" not in first


async def test_a_larger_answer_is_given_up() -> None:
    async with answers(body=b"x" * 3000) as server, make_client(2, connections=1) as client:
        with pytest.raises(UnusableAnswer, match="larger than 2 KiB"):
            await fetch(client, server.url, max_bytes=2048)


async def test_a_compressed_answer_is_not_unpacked() -> None:
    async with (
        answers(body=b"\x1f\x8b", headers=b"Content-Encoding: gzip\r\n") as server,
        make_client(2, connections=1) as client,
    ):
        with pytest.raises(UnusableAnswer, match="compressed"):
            await fetch(client, server.url, max_bytes=100)


async def test_a_redirect_is_an_answer_and_not_followed() -> None:
    async with answers(body=b"stolen") as other:
        place = f"Location: {other.url}\r\n".encode()
        async with (
            answers(status=b"302 Found", headers=place) as server,
            make_client(2, connections=1) as client,
        ):
            assert (await fetch(client, server.url, max_bytes=100))[0] == 302
        assert other.got == []


async def test_who_does_not_answer_is_a_failure() -> None:
    async with answers(delay_s=5) as server, make_client(0.1, connections=1) as client:
        with pytest.raises(FAILURES):
            await fetch(client, server.url, max_bytes=100)
        await server.stop()
        with pytest.raises(FAILURES):
            await fetch(client, server.url, max_bytes=100)
        await server.start()
    async with make_client(1, connections=1) as client:
        with pytest.raises(FAILURES):
            await fetch(client, "http://[::1", max_bytes=100)


def test_the_environment_chooses_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert isinstance(make_client(1, connections=1), httpx.AsyncClient)
    assert not make_client(1, connections=1).trust_env
