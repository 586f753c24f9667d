"""``admission.py``: the pace in virtual time, and unconnected peers of real nodes."""

from __future__ import annotations

import asyncio

import pytest

from app import admission as module
from app.admission import Admission, AnswerPace
from app.errors import Full, TooMany
from app.webrtc.ice import PeerRoute
from tests.app import coding
from tests.app.conftest import MakeNode
from tests.app.peers import publishing, until
from tests.app.test_node import Into
from tests.app.webrtc.offer_texts import offer

UNITS = coding.h264(98, 54, 10)


def test_a_pace_lets_a_burst_pass_and_spaces_the_rest() -> None:
    pace = AnswerPace(per_s=10.0, burst=3.0)
    waits = [pace.book(now=0.0) for _ in range(5)]
    assert waits == pytest.approx([0.0, 0.0, 0.0, 0.1, 0.2])
    assert pace.book(now=10.0) == 0.0


def test_a_pace_keeps_nobody_waiting_for_long_and_books_nothing_for_whom_it_refuses() -> None:
    pace = AnswerPace(per_s=8.0, burst=1.0)
    waits = [pace.book(now=0.0) for _ in range(100)]
    assert waits.count(None) == 100 - 17
    assert pace.book(now=0.125) == 2.0


def test_over_time_the_rate_holds_whatever_is_asked() -> None:
    pace = AnswerPace()
    booked = [
        n / 1000 + wait for n in range(10_000) if (wait := pace.book(now=n / 1000)) is not None
    ]
    for second in range(9):
        assert sum(second <= at < second + 1 for at in booked) <= module.PER_S + module.BURST
    assert len(booked) <= module.BURST + module.PER_S * 12 + 1


async def test_an_address_has_half_of_the_places_at_most() -> None:
    pending = ["a"] * 3
    limit = Admission(lambda: pending, most=8, pace=AnswerPace(1000.0, 1000.0))
    async with limit.enter("a"):
        with pytest.raises(TooMany):
            async with limit.enter("a"):
                pass
        async with limit.enter("b"):
            pass
    async with limit.enter("a"):
        pass
    pending[:] = [f"{n}" for n in range(8)]
    with pytest.raises(Full):
        async with limit.enter("c"):
            pass
    assert limit.refused == {"pending": 1, "pending_address": 1, "pace": 0}


async def test_whoever_gives_up_waiting_leaves_no_place_taken() -> None:
    limit = Admission(lambda: (), pace=AnswerPace(1.0, 1.0))
    async with limit.enter("a"):
        pass

    async def wait() -> None:
        async with limit.enter("a"):
            raise AssertionError("it was to wait")

    task = asyncio.get_running_loop().create_task(wait())
    await asyncio.sleep(0)
    assert limit._entering == ["a"]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert limit._entering == []


async def test_peers_that_never_check_are_gone_after_seconds_and_connected_ones_stay(
    make_node: MakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.webrtc.peer.FIRST_CHECK_S", 2.0)
    node = make_node(max_viewers=100)
    into = Into(node)
    async with publishing(into.publish, UNITS):
        await into.until_live()
        assert list(node._pending()) == []
        for _ in range(5):
            await into.play(offer("chromium_play"))
        assert len(list(node._pending())) == 5
        await until(lambda: node.viewers._sessions == {}, timeout_s=6)
        assert node.publishers.ingest_session("cam1") is not None
    assert list(node._pending()) == []


async def test_a_publisher_that_never_checks_gives_its_place_back(
    make_node: MakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.webrtc.peer.FIRST_CHECK_S", 0.3)
    node = make_node(max_streams=1)
    await node.publishers.publish("cam1", offer("obs"), route=PeerRoute(key="192.0.2.1"))
    assert list(node._pending()) == ["192.0.2.1"]
    await until(lambda: list(node._pending()) == [], timeout_s=3)
