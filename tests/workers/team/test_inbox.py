"""An inbox on a real Redis: each message reaches whom it is for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from wire import keys
from wire.connection import Redis, command
from wire.site import RedisSite
from wire.team import Declined, Dismiss, Received, TeamMailbox
from workers.team.inbox import TeamInbox

from ..process.test_worker import until

OF = {"stream": "cam1", "rendition": "enhanced", "epoch": 7}
DISMISS = Dismiss(**OF)  # type: ignore[arg-type]
DECLINED = Declined(**OF, reason="No.")  # type: ignore[arg-type]


class Place:
    """An inbox that is read, and another worker that writes to it."""

    def __init__(self, client: Redis) -> None:
        self.to_helper: list[Received] = []
        self.to_lead: list[Received] = []
        self.inbox = TeamInbox(RedisSite(client, "w1").team, self.to_helper.append)
        self.other = TeamMailbox(client, "w2")


@pytest.fixture
async def place(client: Redis) -> AsyncIterator[Place]:
    made = Place(client)
    task = asyncio.create_task(made.inbox.run())
    # The first read begins at its own call.
    await asyncio.sleep(0.1)
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_helpers_and_leads_get_what_is_for_them(place: Place) -> None:
    place.inbox.add_lead("cam1", "enhanced", place.to_lead.append)
    await place.other.send("w1", DISMISS, 2.0)
    await place.other.send("w1", DECLINED, 2.0)
    await until(lambda: place.to_helper and place.to_lead)
    assert [(each.sender, each.message) for each in place.to_helper] == [("w2", DISMISS)]
    assert [(each.sender, each.message) for each in place.to_lead] == [("w2", DECLINED)]


async def test_what_is_for_no_lead_any_more_is_counted(place: Place) -> None:
    place.inbox.add_lead("cam1", "enhanced", place.to_lead.append)
    place.inbox.remove_lead("cam1", "enhanced")
    place.inbox.remove_lead("cam1", "enhanced")
    await place.other.send("w1", DECLINED, 2.0)
    await until(lambda: place.inbox.unclaimed == 1)
    assert place.to_lead == []


async def test_it_outlives_messages_that_are_none(place: Place, client: Redis) -> None:
    await command(client, "XADD", client.key(keys.team("w1")), "*", "m", b"x")
    await place.other.send("w1", DISMISS, 2.0)
    await until(lambda: place.to_helper)
    assert place.inbox.bad_messages == 1 and place.inbox.late == 0
