"""Errors as problem details."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from app import errors
from app.errors import AppError
from app.http.problems import install, problem_of
from tests.app.http.answers import check_problem
from tests.app.http.conftest import ADMIN_TOKEN, BASE, Site
from tests.app.http.edge.test_asgi import ABROAD
from tests.app.webrtc.offer_texts import offer


async def test_errors_carry_the_headers_too(site: Site) -> None:
    response = await site.client.get("/nothing")
    check_problem(response, 404)
    assert "content-security-policy" in response.headers


async def test_a_fault_of_ours_is_a_problem_answer_that_pages_can_read(
    guarded: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(guarded.node.directory, "records", broken)
    transport = httpx.ASGITransport(guarded.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        response = await client.get("/api/v1/streams", headers=ABROAD)
    check_problem(response, 500)
    assert response.headers["access-control-allow-origin"] == "*"


async def test_those_who_wait_are_told_to_come_back_at_different_times(site: Site) -> None:
    answers = [await site.post_offer("/whep/none", offer("chromium_play")) for _ in range(40)]
    waits = {int(answer.headers["retry-after"]) for answer in answers}
    assert waits == {2, 3, 4}


def kinds() -> Iterator[AppError]:
    """One error of every class of the app."""
    waiting = [AppError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        match kind:
            case errors.TooMany:
                yield errors.TooMany(retry_after_s=3)
            case errors.BadOffer:
                yield errors.BadOffer("The offer has no sound.", status=422)
            case _:
                yield kind()


@pytest.mark.parametrize("error", list(kinds()), ids=lambda error: type(error).__name__)
def test_every_error_becomes_a_sentence_with_its_status(error: AppError) -> None:
    answer = problem_of(error)
    body = json.loads(bytes(answer.body))
    assert answer.status_code == body["status"] == error.status >= 400
    assert answer.media_type == "application/problem+json"
    assert body["title"] == error.title
    if type(error) is not AppError:
        assert body["detail"].endswith(".")
        assert "  " not in body["detail"] and "\n" not in body["detail"]
    assert ("retry-after" in answer.headers) is (error.retry_after_s is not None)
    assert ("www-authenticate" in answer.headers) is (error.status == 401)


def test_those_who_wait_come_back_within_twice_the_time() -> None:
    found = {
        int(problem_of(errors.TooMany(retry_after_s=5)).headers["retry-after"]) for _ in range(400)
    }
    assert found == set(range(5, 11))


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/whip/cam1", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("POST", "/whip/cam1/x", {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH"}),
        ("POST", "/api/v1/streams/cam1", {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH"}),
        ("POST", "/api/v1/streams/cam1/renditions/r", {"DELETE", "OPTIONS", "PUT"}),
        ("DELETE", "/healthz", {"GET", "HEAD", "OPTIONS"}),
    ],
)
async def test_a_wrong_method_is_told_all_the_right_ones(
    method: str, path: str, allowed: set[str], site: Site
) -> None:
    response = await site.client.request(method, path)
    check_problem(response, 405)
    assert set(response.headers["allow"].split(", ")) == allowed


async def test_an_invalid_body_is_told_the_place_of_the_first_fault(guarded: Site) -> None:
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    for body, place in (
        ({"strength": 2}, "strength: "),
        ({"wrong": 1}, "wrong: "),
        ("text", "The body: "),
    ):
        response = await guarded.client.patch("/api/v1/streams/a", json=body, headers=headers)
        assert check_problem(response, 422).startswith(place)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("{", "expecting property name enclosed in double quotes at character 2."),
        ('{"strength": }', "expecting value at character 14."),
        ("{} {}", "extra data at character 4."),
    ],
)
async def test_a_body_that_is_no_json_is_told_so_and_where_in_a_sentence(
    body: str, sentence: str, guarded: Site
) -> None:
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}", "Content-Type": "application/json"}
    for method, path in (("PATCH", ""), ("PUT", "/renditions/sharp")):
        response = await guarded.client.request(
            method, f"/api/v1/streams/a{path}", content=body, headers=headers
        )
        detail = check_problem(response, 422)
        assert detail == f"The body is not valid JSON: {sentence}"


async def test_an_address_that_is_none_says_so(site: Site) -> None:
    for path in ("/nothing", "/api/v2/streams", "/static/nothing.js", "/whip"):
        detail = check_problem(await site.client.get(path), 404)
        assert detail == "There is nothing at this address."


async def test_handlers_pass_on_what_is_not_theirs() -> None:
    app = FastAPI()
    install(app)
    for kind in (AppError, HTTPException, RequestValidationError):
        handler = app.exception_handlers[kind]
        with pytest.raises(ZeroDivisionError):
            await handler(Request({"type": "http"}), ZeroDivisionError())  # type: ignore[misc]
