"""``endpoint.py``: requests, sessions that are ended, waiting."""

from __future__ import annotations

import asyncio

import pytest

from cli.conformance import endpoint
from cli.conformance.endpoint import HttpEndpoint, Protocol, require_session, retry_after_s
from cli.conformance.verdict import NotApplicable, Unmet
from tests.cli.conformance.good_server import TOKEN, good_server
from tests.cli.conformance.test_session_text import reply_of


async def test_sessions_are_ended() -> None:
    with good_server() as (root, state):
        site = HttpEndpoint(Protocol.WHIP, f"{root}/whip/one", TOKEN)
        made = await site.create()
        assert made.url.startswith(f"{root}/whip/one/")
        assert made.etag.startswith('"')
        assert made.answer.first("ice-ufrag") == "serveruf"
        await site.create()
        assert len(state.sessions) == 2
        await site.end_all()
        await site.end_all()
        assert state.sessions == {}


async def test_the_sample_is_made_once() -> None:
    with good_server() as (root, state):
        site = HttpEndpoint(Protocol.WHIP, f"{root}/whip/one", TOKEN)
        assert await site.sample() is await site.sample()
        assert state.sessions == {}
        assert [method for method, _, _ in state.requests] == ["POST", "DELETE"]


async def test_the_token_is_sent_unless_another_is_named() -> None:
    with good_server() as (root, state):
        site = HttpEndpoint(Protocol.WHIP, f"{root}/whip/one", TOKEN)
        await site.request("GET")
        await site.request("GET", token="")
        await site.request("GET", token="other")
    given = [headers.get("Authorization") for _, _, headers in state.requests]
    assert given == [f"Bearer {TOKEN}", None, "Bearer other"]


async def test_a_refusal_is_told() -> None:
    with good_server() as (root, _), pytest.raises(Unmet, match="no session: 401"):
        await HttpEndpoint(Protocol.WHIP, f"{root}/whip/one").create()


def test_a_counter_offer_is_no_answer_and_no_fault() -> None:
    with pytest.raises(NotApplicable, match="counter-offer"):
        require_session(reply_of(406, "v=0", Content_Type="application/sdp"))
    with pytest.raises(Unmet, match="406"):
        require_session(reply_of(406, "no"))
    with pytest.raises(Unmet):
        require_session(reply_of(201, "v=0"))
    require_session(reply_of(201, "v=0", Location="/whep/a/b"))


async def test_it_waits_for_a_publisher() -> None:
    with good_server("idle") as (root, state):
        site = HttpEndpoint(Protocol.WHEP, f"{root}/whep/one", TOKEN)
        asyncio.get_running_loop().call_later(0.3, setattr, state, "has_publisher", True)
        await site.create()
        assert [reply.status for reply in site.replies] == [409, 201]


async def test_it_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "MAX_WAIT_S", 0.1)
    with good_server("idle") as (root, _), pytest.raises(Unmet, match="409"):
        await HttpEndpoint(Protocol.WHEP, f"{root}/whep/one", TOKEN).create()


@pytest.mark.parametrize("value,seconds", [("3", 3.0), ("", 0.0), ("soon", 0.0), ("999", 12.0)])
def test_retry_after_is_bounded(value: str, seconds: float) -> None:
    assert retry_after_s(reply_of(503, Retry_After=value)) == seconds


def test_directions_are_those_of_the_protocol() -> None:
    assert (Protocol.WHIP.offered, Protocol.WHIP.answered) == ("sendonly", "recvonly")
    assert (Protocol.WHEP.offered, Protocol.WHEP.answered) == ("recvonly", "sendonly")
    assert HttpEndpoint(Protocol.WHEP, "http://a/b").offer().direction == "recvonly"
