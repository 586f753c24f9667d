"""The JSON API as pages ask it (``net/api.js``)."""

from __future__ import annotations

import json

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


CALLS = [
    ("server()", "GET", "/api/v1/server", None),
    ("streams()", "GET", "/api/v1/streams", None),
    ("teamMap('a b/c', 'x-1')", "GET", "/api/v1/streams/a%20b%2Fc/renditions/x-1/map", None),
    ("stream('a b/c')", "GET", "/api/v1/streams/a%20b%2Fc", None),
    ("changeStream('cam', {strength: 0.5})", "PATCH", "/api/v1/streams/cam", {"strength": 0.5}),
    (
        "putRendition('cam', 'small', {model: '', factor: 1, codec: 'vp8', kbps: 0})",
        "PUT",
        "/api/v1/streams/cam/renditions/small",
        {"model": "", "factor": 1, "codec": "vp8", "kbps": 0},
    ),
    ("removeRendition('cam', 'sm/all')", "DELETE", "/api/v1/streams/cam/renditions/sm%2Fall", None),
    ("endStream('cam')", "DELETE", "/api/v1/streams/cam", None),
    ("workers()", "GET", "/api/v1/workers", None),
    ("models()", "GET", "/api/v1/models", None),
    ("devices()", "GET", "/api/v1/devices", None),
    ("addDevice('attic')", "POST", "/api/v1/devices", {"name": "attic"}),
    ("removeDevice('a b')", "DELETE", "/api/v1/devices/a%20b", None),
    ("keys()", "GET", "/api/v1/keys", None),
    ("audit()", "GET", "/api/v1/audit", None),
    ("addKey({streams: 'cam'})", "POST", "/api/v1/keys", {"streams": "cam"}),
    ("rotateKey('a/b')", "POST", "/api/v1/keys/a%2Fb/rotation", {}),
    ("revokeKey('a/b')", "DELETE", "/api/v1/keys/a%2Fb", None),
    ("withdrawToken('0/1')", "DELETE", "/api/v1/devices/tokens/0%2F1", None),
]


@pytest.mark.parametrize(("call", "method", "path", "sent"), CALLS)
async def test_each_call_asks_its_route_with_the_token(
    run: Run, call: str, method: str, path: str, sent: object
) -> None:
    body = f"""
      const requests = harness.network((method) => (method === 'DELETE' ? [204] : [200, {{}}]));
      await new m.Api(() => 'secret').{call};
      const [{{method, path, headers, body}}] = requests;
      return [method, path, headers, body];
    """
    asked_method, asked_path, headers, text = await run("net/api", body)
    assert (asked_method, asked_path) == (method, path)
    assert headers["Authorization"] == "Bearer secret"
    assert headers.get("Content-Type") == ("application/json" if sent is not None else None)
    assert (json.loads(text) if text else None) == sent


@pytest.mark.parametrize(
    ("call", "answer", "value"),
    [
        ("streams()", '{"streams": [1]}', [1]),
        ("streams()", "[1, 2]", [1, 2]),
        ("workers()", '{"workers": [3]}', [3]),
        ("models()", '{"models": [4]}', [4]),
        ("server()", '{"version": "9"}', {"version": "9"}),
    ],
)
async def test_lists_come_out_of_their_envelopes(
    run: Run, call: str, answer: str, value: object
) -> None:
    body = f"harness.network(() => [200, {answer}]); return await new m.Api().{call};"
    assert await run("net/api", body) == value


@pytest.mark.parametrize("call", [call for call, *_ in CALLS])
async def test_every_refusal_is_an_error_with_its_status(run: Run, call: str) -> None:
    body = f"""
      harness.network(() => [401, {{detail: 'This needs the admin token.'}}]);
      return await tried(() => new m.Api().{call});
    """
    assert await run("net/api", ERRORS + body) == [
        "ApiError", "This needs the admin token.", 401, None,
    ]  # fmt: skip


async def test_a_date_in_the_past_means_no_wait(run: Run) -> None:
    body = """
      const now = Date.parse('Thu, 01 Jan 2026 00:00:00 GMT');
      return ['0', ' 12 ', 'Wed, 31 Dec 2025 23:59:00 GMT', '-3', '1.5', '   ']
        .map((value) => m.parseRetryAfter(value, now));
    """
    assert (await run("net/api", body))[:3] == [0, 12000, 0]


async def test_requests_are_neither_cached_nor_endless(run: Run) -> None:
    body = """
      let seen;
      harness.put(window, 'fetch', {value: async (url, init) => {
        seen = [init.cache, init.signal instanceof AbortSignal, init.signal.aborted];
        return new Response('{}');
      }});
      await new m.Api().server();
      return seen;
    """
    assert await run("net/api", body) == ["no-store", True, False]


async def test_a_request_that_takes_too_long_is_a_server_that_does_not_answer(run: Run) -> None:
    body = """
      harness.put(window, 'fetch', {value: async () => {
        throw new DOMException('timed out', 'TimeoutError');
      }});
      return await tried(() => new m.Api().server());
    """
    name, message, status, _ = await run("net/api", ERRORS + body)
    assert (name, status) == ("ApiError", 0)
    assert "does not answer" in message
