"""What a failure is called, and what to try."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from tests.static.fakes import FakeServer
from tests.static.test_modules import run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_every_media_fault_says_what_to_try(page: Page, server: FakeServer) -> None:
    body = "return ['ice', 'dtls', 'broken', 'closed', 'late'].map(m.mediaTrouble);"
    found = await run(page, server, "net/trouble", body)
    assert len({each["text"] for each in found}) == 5
    assert [each["isPassing"] for each in found] == [False, False, True, True, False]
    assert all(each["title"] and each["text"].endswith((".", "?")) for each in found)


@pytest.mark.parametrize(
    ("role", "status", "words", "passing", "final"),
    [
        ("watch", 0, "", True, False),
        ("watch", 401, "Ask whoever runs the server", False, True),
        ("watch", 422, "Try another browser.", False, True),
        ("watch", 429, "", False, False),
        ("watch", 500, "", False, False),
        ("watch", 503, "", True, False),
        ("publish", 401, "token", False, True),
        ("publish", 409, "another name", False, False),
        ("publish", 422, "smaller size", False, True),
        ("publish", 503, "", True, False),
    ],
)
async def test_a_refusal_keeps_the_servers_words_and_adds_advice(
    role: str, status: int, words: str, passing: bool, final: bool, page: Page, server: FakeServer
) -> None:
    body = f"""
      const {{ ApiError }} = await import('/static/js/net/api.js');
      return m.troubleOf(new ApiError('Said by the server.', {status}), '{role}');
    """
    found = await run(page, server, "net/trouble", body)
    assert found["text"].startswith("Said by the server.")
    assert words in found["text"]
    assert (found["isPassing"], found["isFinal"]) == (passing, final)


async def test_the_browsers_own_refusals_are_words_and_faults_of_ours_are_not(
    page: Page, server: FakeServer
) -> None:
    body = """
      return [m.troubleOf(new DOMException('', 'NotAllowedError'), 'watch').text,
        m.troubleOf(new TypeError('ours'), 'watch'), m.troubleOf(new Error('ours'), 'publish')];
    """
    refused, *ours = await run(page, server, "net/trouble", body)
    assert "NotAllowedError" in refused
    assert ours == [None, None]


async def test_the_cause_of_a_loss_is_read_from_the_transports(
    page: Page, server: FakeServer
) -> None:
    body = """
      const peer = (ice, ...keys) => ({ iceConnectionState: ice,
        getTransceivers: () => keys.map((state) => ({ sender: { transport: { state } } })) });
      return [m.faultOf(peer('failed', 'new'), false), m.faultOf(peer('checking'), false),
        m.faultOf(peer('connected', 'connecting'), false), m.faultOf(peer('failed', 'failed'), false),
        m.faultOf(peer('connected', 'closed'), true), m.faultOf(peer('disconnected', 'connected'), true)];
    """  # noqa: E501
    found = await run(page, server, "net/sdp-session", body)
    assert found == ["ice", "ice", "dtls", "dtls", "closed", "broken"]


async def test_why_there_is_no_picture_is_told_apart(page: Page, server: FakeServer) -> None:
    body = """
      const arrivals = new m.Arrivals(), peer = {};
      const seen = [arrivals.kind(false)];
      const note = (bytes, frames, now) => arrivals.note(peer, { bytes, frames }, now);
      note(0, 0, 1000); seen.push(arrivals.kind(false));
      note(10, 0, 2000); seen.push(arrivals.kind(false));
      note(20, 1, 3000); seen.push(arrivals.kind(true), arrivals.kind(false), arrivals.silentMs);
      note(20, 1, 5500); seen.push(arrivals.silentMs);
      arrivals.note({}, { bytes: 20, frames: 1 }, 6000); seen.push(arrivals.silentMs);
      arrivals.note(null, null, 7000); seen.push(arrivals.silentMs);
      return seen;
    """
    found = await run(page, server, "media/arrivals", body)
    assert found == ["unknown", "none", "unshown", "blocked", "unknown", 0, 2500, 0, 0]


async def test_a_second_try_keeps_saying_why_the_first_failed(
    page: Page, server: FakeServer
) -> None:
    body = """
      const trouble = { title: 'It failed', text: 'Try another network.' };
      const base = { state: 'connecting', played: false, picture: false, waitMs: 0, arrival: 'none' };
      return [0, 4000].flatMap((sinceMs) =>
        [null, trouble].map((trouble) => m.cardFor({ ...base, trouble, sinceMs }).text));
    """  # noqa: E501
    first, again, slow, slow_again = await run(page, server, "ui/watch-card", body)
    assert first == ""
    assert again == slow_again == "It failed. Try another network."
    assert "longer than usual" in slow


async def test_every_way_without_a_picture_has_a_card(page: Page, server: FakeServer) -> None:
    body = """
      const base = { state: 'playing', played: true, picture: false, trouble: null, waitMs: 0 };
      return ['none', 'unshown', 'blocked', 'unknown'].map((arrival) =>
        [0, 9000].map((sinceMs) => m.cardFor({ ...base, arrival, sinceMs })));
    """
    found = await run(page, server, "ui/watch-card", body)
    assert [early["text"] == "" for early, _ in found] == [True, True, False, True]
    assert all(late["text"] and late["retry"] for _, late in found)
