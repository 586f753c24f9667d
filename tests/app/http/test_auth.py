"""Bearer tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from starlette.requests import Request

from app.errors import NotAuthorized
from app.http.auth import Guard
from tests.app.http.answers import check_problem
from tests.app.http.conftest import ADMIN_TOKEN, MakeSite
from tests.app.http.test_api import ADMIN


def test_a_token_is_compared_in_constant_time_and_never_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    # The only way to see that no shortcut is taken before the comparison.
    monkeypatch.setattr("app.http.auth.hmac.compare_digest", compare)
    guard = Guard(SecretStr(ADMIN_TOKEN))
    header = [(b"authorization", f"Bearer {ADMIN_TOKEN}".encode())]
    guard(Request({"type": "http", "headers": header}))
    assert compared == [(ADMIN_TOKEN.encode(), ADMIN_TOKEN.encode())]
    assert ADMIN_TOKEN not in repr(vars(guard))
    assert not Guard(SecretStr("")).is_on


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
    ("header", "passes"),
    [
        ("Bearer s3cret", True),
        ("bearer s3cret", True),
        ("BEARER  s3cret ", True),
        ("Bearer s3cret2", False),
        ("Bearer S3cret", False),
        ("Bearer", False),
        ("Bearer ", False),
        ("Basic s3cret", False),
        ("s3cret", False),
        ("", False),
        ("Bearer s3cret s3cret", False),
    ],
)
def test_the_header_has_a_scheme_and_the_token(header: str, passes: bool) -> None:
    request = Request({"type": "http", "headers": [(b"authorization", header.encode())]})
    guard = Guard(SecretStr("s3cret"))
    assert guard.is_on
    if passes:
        guard(request)
    else:
        with pytest.raises(NotAuthorized):
            guard(request)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip))
def test_any_token_is_taken_as_utf_8_and_no_other_in_its_place(token: str) -> None:
    token = token.strip()
    guard = Guard(SecretStr(token))
    guard(_asked(token))
    with pytest.raises(NotAuthorized):
        guard(_asked(token + "x"))


def _asked(token: str) -> Request:
    header = b"Bearer " + token.encode()
    return Request({"type": "http", "headers": [(b"authorization", header)]})


@pytest.mark.parametrize("token", ["voil\u00e0", "\u0185", "\u1e85\u2020"])
def test_a_token_may_end_in_a_letter_that_looks_like_white_space_as_latin_1(token: str) -> None:
    assert token.encode()[-1:] in b"\x85\xa0"
    Guard(SecretStr(token))(_asked(token))


def test_without_a_token_of_the_server_everybody_passes() -> None:
    guard = Guard(SecretStr(""))
    for header in ([], [(b"authorization", b"Bearer anything")]):
        guard(Request({"type": "http", "headers": header}))


def test_a_token_elsewhere_does_not_count() -> None:
    guard = Guard(SecretStr("s3cret"))
    scope = {
        "type": "http",
        "query_string": b"token=s3cret&access_token=s3cret",
        "headers": [(b"cookie", b"token=s3cret"), (b"x-authorization", b"Bearer s3cret")],
    }
    with pytest.raises(NotAuthorized):
        guard(Request(scope))
