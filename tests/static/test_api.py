"""The JSON API as pages ask it (``net/api.js``, ``net/address.js``)."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from tests.static.fakes import FakeServer
from tests.static.test_modules import run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


ERRORS = """
  const tried = async (work) => {
    try { return await work(); } catch (error) {
      return [error.name, error.message, error.status, error.retryAfterMs];
    }
  };
"""


async def problem(page: Page, server: FakeServer, body: str, init: str) -> list[object]:
    """Name, message, status and time to wait that an answer stands for."""
    text = f"""
      const error = await m.problemOf(new Response({body}, {init}));
      return [error.name, error.message, error.status, error.retryAfterMs];
    """
    found: list[object] = await run(page, server, "net/api", text)
    return found


async def test_the_detail_of_a_problem_is_shown(page: Page, server: FakeServer) -> None:
    init = "{status: 409, headers: {'Content-Type': 'application/problem+json'}}"
    body = "JSON.stringify({title: 'Taken', detail: 'Somebody publishes cam already.'})"
    assert await problem(page, server, body, init) == [
        "ApiError", "Somebody publishes cam already.", 409, None,
    ]  # fmt: skip
    assert (await problem(page, server, "JSON.stringify({title: 'Taken'})", init))[1] == "Taken"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("'<html>'", "text/html"),
        ("'{'", "application/json"),
        ("'[]'", "application/json"),
        ("JSON.stringify({detail: 5, title: null})", "application/json"),
        ("JSON.stringify({detail: ''})", "application/json"),
    ],
)
async def test_an_answer_without_words_is_said_by_its_status(
    page: Page, server: FakeServer, body: str, kind: str
) -> None:
    init = f"{{status: 503, statusText: 'Busy', headers: {{'Content-Type': '{kind}'}}}}"
    found = await problem(page, server, body, init)
    assert found == ["ApiError", "The server answered 503 Busy.", 503, None]


async def test_a_wait_that_is_asked_for_comes_along(page: Page, server: FakeServer) -> None:
    init = "{status: 429, headers: {'Retry-After': '7'}}"
    assert (await problem(page, server, "''", init))[2:] == [429, 7000]


async def test_a_server_that_is_away_is_status_zero(page: Page, server: FakeServer) -> None:
    await page.route("**/api/v1/away", lambda route: route.abort())
    body = ERRORS + "return await tried(() => m.request('/api/v1/away'));"
    name, message, status, wait = await run(page, server, "net/api", body)
    assert (name, status, wait) == ("ApiError", 0, None)
    assert message.startswith("The server does not answer.")


async def test_whoever_aborts_a_request_hears_of_it_as_such(page: Page, server: FakeServer) -> None:
    body = (
        ERRORS
        + """
      const controller = new AbortController();
      controller.abort();
      const found = await tried(() => m.request('/api/v1/streams', {signal: controller.signal}));
      return found[0];
    """
    )
    assert await run(page, server, "net/api", body) == "AbortError"


async def test_the_token_goes_along_only_where_there_is_one(page: Page, server: FakeServer) -> None:
    body = """
      const headers = (token) => new m.Api(() => token)._headers();
      return [headers(''), headers('secret'), new m.Api()._headers()];
    """
    assert await run(page, server, "net/api", body) == [
        {}, {"Authorization": "Bearer secret"}, {},
    ]  # fmt: skip


async def test_addresses_begin_where_the_server_does(page: Page, server: FakeServer) -> None:
    body = """
      return [m.ROOT, m.address('api/v1/streams'),
        ['/watch/cam1/', '/', '', '/a//b', '/watch/a%20b'].map(m.pathParts)];
    """
    root, streams, parts = await run(page, server, "net/address", body)
    assert root == server.url + "/"
    assert streams == server.url + "/api/v1/streams"
    assert parts == [["watch", "cam1"], [], [], ["a", "b"], ["watch", "a%20b"]]


async def test_a_token_lives_in_the_tab_and_apart_by_purpose(
    page: Page, server: FakeServer
) -> None:
    body = """
      const admin = new m.TokenStore('admin'), publish = new m.TokenStore('publish');
      const before = [admin.get(), publish.get()];
      admin.set('secret');
      return [before, admin.get(), publish.get(), new m.TokenStore('admin').get(),
        location.href.includes('secret'), Object.keys(localStorage).length];
    """
    found = await run(page, server, "ui/token-store", body)
    assert found == [["", ""], "secret", "", "secret", False, 0]
