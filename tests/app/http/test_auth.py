"""Tokens in requests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from app.http.auth import bearer_token, watch_token
from tests.app.http.answers import check_problem
from tests.app.http.conftest import ADMIN_TOKEN, MakeSite
from tests.app.http.test_api import ADMIN


def asked(header: bytes = b"", query: bytes = b"") -> Request:
    """A request with these."""
    headers = [(b"authorization", header)] if header else []
    return Request({"type": "http", "headers": headers, "query_string": query})


async def test_changes_and_workers_need_the_admin_token(make_site: MakeSite) -> None:
    site = make_site(admin_token=ADMIN_TOKEN)
    for method, path in (
        ("PATCH", "/api/v1/streams/cam1"),
        ("DELETE", "/api/v1/streams/cam1"),
        ("GET", "/api/v1/workers"),
    ):
        response = await site.client.request(method, path)
        check_problem(response, 401)
        assert response.headers["www-authenticate"].startswith("Bearer")
        wrong = {b"Authorization": "Bearer wr\u00f6ng".encode("latin-1")}
        check_problem(await site.client.request(method, path, headers=wrong), 401)
    assert (await site.client.get("/api/v1/workers", headers=ADMIN)).status_code == 200
    for open_path in ("/api/v1/streams", "/api/v1/models", "/api/v1/server"):
        assert (await site.client.get(open_path)).status_code == 200


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer s3cret", "s3cret"),
        ("bearer s3cret", "s3cret"),
        ("BEARER  s3cret ", "s3cret"),
        ("Bearer", ""),
        ("Bearer ", ""),
        ("Basic s3cret", ""),
        ("s3cret", ""),
        ("", ""),
        ("Bearer s3cret s3cret", "s3cret s3cret"),
    ],
)
def test_the_header_has_a_scheme_and_the_token(header: str, token: str) -> None:
    assert bearer_token(asked(header.encode())) == token


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip))
def test_any_token_is_taken_as_utf_8(token: str) -> None:
    token = token.strip()
    assert bearer_token(asked(b"Bearer " + token.encode())) == token


@given(st.binary(max_size=100))
def test_no_bytes_make_the_reader_fail(data: bytes) -> None:
    assert isinstance(bearer_token(asked(b"Bearer " + data)), str)
    assert isinstance(watch_token(asked(query=b"token=" + data)), str)


@pytest.mark.parametrize("token", ["voil\u00e0", "\u0185", "\u1e85\u2020"])
def test_a_token_may_end_in_a_letter_that_looks_like_white_space_as_latin_1(token: str) -> None:
    assert token.encode()[-1:] in b"\x85\xa0"
    assert bearer_token(asked(b"Bearer " + token.encode())) == token


def test_only_watching_takes_a_token_from_the_query() -> None:
    request = asked(query=b"token=s3cret&access_token=other")
    assert bearer_token(request) == ""
    assert watch_token(request) == "s3cret"
    assert watch_token(asked(b"Bearer first", b"token=second")) == "first"
    cookie = {"type": "http", "headers": [(b"cookie", b"token=s3cret")], "query_string": b""}
    assert watch_token(Request(cookie)) == ""
