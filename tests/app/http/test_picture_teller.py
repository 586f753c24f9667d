"""The event ``picture`` of one viewer: ``picture_teller.py``."""

from __future__ import annotations

import json

import pytest

from app.delivery.picture_mark import Why
from app.delivery.viewer_queries import (
    AwaitPicture,
    EventStream,
    PictureSeen,
    PictureView,
    Query,
    encode_query,
)
from app.errors import NodeAway, SessionNotFound
from app.http import picture_teller
from app.http.picture_teller import FAR_WAIT_S, VAGUE_S, PictureTeller

ENHANCED = PictureView("", "enhanced", "live-s", "full", 960, 540, 2400, 21, 1.0)
OPENED = EventStream("e1", ("picture",))


def standing_in(why: Why) -> PictureView:
    """The source in the place of the enhanced rendition."""
    return PictureView(why.value, "source", width=480, height=270)


class Node:
    """Answers as the node of the session; ``asked`` are the queries."""

    def __init__(self, *views: PictureView | None | Exception, state: str = "enhancing") -> None:
        self._views = list(views)
        self._state = state
        self.asked: list[AwaitPicture] = []

    async def ask(self, stream: str, session: str, query: Query) -> str:
        assert isinstance(query, AwaitPicture)
        self.asked.append(query)
        view = self._views.pop(0)
        if isinstance(view, Exception):
            raise view
        return encode_query(PictureSeen(view, str(len(self.asked))))

    async def state(self, stream: str) -> str:
        return self._state


def teller(node: Node, *, is_own: bool = True) -> PictureTeller:
    return PictureTeller(node, "cam1", "paris.s", OPENED, is_own=is_own)


async def told(one: PictureTeller) -> list[dict[str, object]]:
    events = await one.next(20.0)
    assert all(event.name == "picture" for event in events)
    return [json.loads(event.data) for event in events]


async def test_a_picture_is_told_once_with_the_version_that_was_seen() -> None:
    node = Node(ENHANCED, ENHANCED, None)
    one = teller(node)
    (first,) = await told(one)
    assert (first["why"], first["net"], first["latency_ms"]) == ("", "live-s", 21)
    assert await told(one) == []
    assert await told(one) == []
    assert [query.version for query in node.asked] == ["", "1", "2"]
    assert {query.wait_s for query in node.asked} == {20.0}


async def test_another_node_is_asked_to_wait_for_less_than_a_request_takes() -> None:
    node = Node(ENHANCED)
    await told(teller(node, is_own=False))
    assert node.asked[0].wait_s == FAR_WAIT_S


@pytest.mark.parametrize(
    ("why", "state", "told_as"),
    [
        (Why.STARTING, "waiting", Why.NO_WORKER),
        (Why.GONE, "waiting", Why.NO_WORKER),
        (Why.GONE, "enhancing", Why.GONE),
        (Why.NO_TIME, "off", Why.OFF),
        (Why.GONE, "owner", Why.OWNER),
        (Why.STARTING, "", Why.STARTING),
    ],
)
async def test_the_records_say_more_of_a_worker_that_does_not_send(
    why: Why, state: str, told_as: Why
) -> None:
    node = Node(standing_in(why), standing_in(why), state=state)
    one = teller(node)
    (found,) = await told(one)
    assert found["why"] == told_as.value
    await told(one)
    # They tell nobody that they changed, so they are read again soon.
    assert node.asked[1].wait_s == VAGUE_S


async def test_what_is_said_in_the_pictures_needs_no_record() -> None:
    off = PictureView(Why.OFF.value, "enhanced")
    (found,) = await told(teller(Node(off, state="waiting")))
    assert found["why"] == Why.OFF.value


async def test_a_node_that_does_not_answer_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(picture_teller, "AGAIN_S", 0.0)
    one = teller(Node(NodeAway(), ENHANCED))
    assert await told(one) == []
    assert len(await told(one)) == 1


async def test_the_end_of_the_session_is_passed_on() -> None:
    with pytest.raises(SessionNotFound):
        await teller(Node(SessionNotFound())).next(1.0)


def test_only_a_player_that_takes_the_event_is_told() -> None:
    for names, is_wanted in [((), True), (("picture",), True), (("active",), False)]:
        one = PictureTeller(Node(), "cam1", "paris.s", EventStream("e1", names), is_own=True)
        assert one.is_wanted == is_wanted
