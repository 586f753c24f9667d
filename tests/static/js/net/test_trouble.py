"""What a failure is called, and what to try (``net/trouble.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_every_media_fault_says_what_to_try(run: Run) -> None:
    body = "return ['ice', 'dtls', 'broken', 'closed', 'late'].map(m.mediaTrouble);"
    found = await run("net/trouble", body)
    assert len({each["text"] for each in found}) == 5
    assert [each["isPassing"] for each in found] == [False, False, True, True, False]
    assert all(each["title"] and each["text"].endswith((".", "?")) for each in found)


@pytest.mark.parametrize(
    ("role", "status", "words", "passing", "final"),
    [
        ("watch", 0, "", True, False),
        ("watch", 401, "ask whoever sent you here", False, True),
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
    role: str, status: int, words: str, passing: bool, final: bool, run: Run
) -> None:
    body = f"""
      const {{ ApiError }} = await import('/static/js/net/api.js');
      return m.troubleOf(new ApiError('Said by the server.', {status}), '{role}');
    """
    found = await run("net/trouble", body)
    assert found["text"].startswith("Said by the server.")
    assert words in found["text"]
    assert (found["isPassing"], found["isFinal"]) == (passing, final)


async def test_the_browsers_own_refusals_are_words_and_faults_of_ours_are_not(run: Run) -> None:
    body = """
      return [m.troubleOf(new DOMException('', 'NotAllowedError'), 'watch').text,
        m.troubleOf(new TypeError('ours'), 'watch'), m.troubleOf(new Error('ours'), 'publish')];
    """
    refused, *ours = await run("net/trouble", body)
    assert "NotAllowedError" in refused
    assert ours == [None, None]
