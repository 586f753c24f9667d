"""The JSON API as pages ask it (``net/api.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


ERRORS = """
  const tried = async (work) => {
    try { return await work(); } catch (error) {
      return [error.name, error.message, error.status, error.retryAfterMs];
    }
  };
"""


async def problem(run: Run, body: str, init: str) -> list[object]:
    """Name, message, status and time to wait that an answer stands for."""
    text = f"""
      const error = await m.problemOf(new Response({body}, {init}));
      return [error.name, error.message, error.status, error.retryAfterMs];
    """
    found: list[object] = await run("net/api", text)
    return found


async def test_the_detail_of_a_problem_is_shown(run: Run) -> None:
    init = "{status: 409, headers: {'Content-Type': 'application/problem+json'}}"
    body = "JSON.stringify({title: 'Taken', detail: 'Somebody publishes cam already.'})"
    assert await problem(run, body, init) == [
        "ApiError", "Somebody publishes cam already.", 409, None,
    ]  # fmt: skip
    assert (await problem(run, "JSON.stringify({title: 'Taken'})", init))[1] == "Taken"


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
    run: Run, body: str, kind: str
) -> None:
    init = f"{{status: 503, statusText: 'Busy', headers: {{'Content-Type': '{kind}'}}}}"
    found = await problem(run, body, init)
    assert found == ["ApiError", "The server answered 503 Busy.", 503, None]


async def test_a_wait_that_is_asked_for_comes_along(run: Run) -> None:
    init = "{status: 429, headers: {'Retry-After': '7'}}"
    assert (await problem(run, "''", init))[2:] == [429, 7000]


async def test_a_server_that_is_away_is_status_zero(run: Run) -> None:
    call = "return await tried(() => m.request('/api/v1/away'));"
    body = ERRORS + "harness.network(() => null);" + call
    name, message, status, wait = await run("net/api", body)
    assert (name, status, wait) == ("ApiError", 0, None)
    assert message.startswith("The server does not answer.")


async def test_whoever_aborts_a_request_hears_of_it_as_such(run: Run) -> None:
    body = (
        ERRORS
        + """
      const controller = new AbortController();
      controller.abort();
      const found = await tried(() => m.request('/api/v1/streams', {signal: controller.signal}));
      return found[0];
    """
    )
    assert await run("net/api", body) == "AbortError"


async def test_the_token_goes_along_only_where_there_is_one(run: Run) -> None:
    body = """
      const headers = (token) => new m.Api(() => token)._headers();
      return [headers(''), headers('secret'), new m.Api()._headers()];
    """
    assert await run("net/api", body) == [
        {}, {"Authorization": "Bearer secret"}, {},
    ]  # fmt: skip


async def test_retry_after_takes_seconds_and_dates(run: Run) -> None:
    body = """
      const now = Date.parse('Thu, 01 Jan 2026 00:00:00 GMT');
      return ['3', 'Thu, 01 Jan 2026 00:00:05 GMT', 'soon', '', null]
        .map((value) => m.parseRetryAfter(value, now));
    """
    assert await run("net/api", body) == [3000, 5000, None, None, None]
