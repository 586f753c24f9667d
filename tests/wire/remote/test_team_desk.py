"""Team messages between devices and workers, through the gateway and a real server."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from tests.contract.test_site import begin
from tests.wire.remote.letters import DISMISS, INVITE, READY, RESULT, TASK
from tests.wire.remote.live_path import joined
from wire.connection import Redis
from wire.errors import NoLease
from wire.remote.team_units import TeamLetter, encode_letter
from wire.site import SiteTeam
from wire.team import Received, TeamMailbox, TeamMessage


def of(stream: str, message: TeamMessage) -> TeamMessage:
    return msgspec.structs.replace(message, stream=stream)


async def receive(box: SiteTeam) -> Received:
    async with asyncio.timeout(5):
        while not (found := await box.read(200)):
            pass
    (one,) = found
    return one


async def test_a_device_helps_a_lead_in_the_site(redis_client: Redis) -> None:
    lead = TeamMailbox(redis_client, "lead")
    await lead.read(1)
    async with joined(redis_client) as device:
        await asyncio.sleep(0.1)
        await device.site.team.send("lead", READY, 1.0)  # nobody invited it
        await lead.send("dev1", INVITE, 1.0)
        invited = await receive(device.site.team)
        assert (invited.sender, invited.message) == ("lead", INVITE)
        assert 0.5 < invited.left_s <= 1.0
        await device.site.team.send("lead", RESULT, 1.0)
        answer = await receive(lead)
        assert (answer.sender, answer.message) == ("dev1", RESULT)
        assert device.session.bad_messages == 1


async def test_an_invited_device_may_follow_the_stream(redis_client: Redis) -> None:
    lead = TeamMailbox(redis_client, "lead")
    async with joined(redis_client) as device:
        reader = device.site.stream("cam").source()
        with pytest.raises(NoLease):
            await reader.seek_last_key_frame()
        await asyncio.sleep(0.1)
        await lead.send("dev1", INVITE, 1.0)
        await receive(device.site.team)
        assert not await reader.seek_last_key_frame()


async def test_a_device_leads_helpers_for_its_own_job(redis_client: Redis) -> None:
    helper = TeamMailbox(redis_client, "helper")
    await helper.read(1)
    async with joined(redis_client) as device:
        job = await begin(redis_client, device.site)
        await device.site.team.send("helper", of("another", TASK), 1.0)
        await device.site.team.send("helper", of(job.stream, TASK), 1.0)
        found = await receive(helper)
        assert (found.sender, found.message) == ("dev1", of(job.stream, TASK))
        await device.site.team.send("helper", of(job.stream, DISMISS), 1.0)
        assert (await receive(helper)).message == of(job.stream, DISMISS)
        assert device.session.bad_messages == 1


async def test_letters_that_come_too_fast_drop_the_oldest(redis_client: Redis) -> None:
    async with joined(redis_client) as device:
        job = await begin(redis_client, device.site)
        desk = device.session._team
        for number in range(200):
            letter = TeamLetter(f"w{number}", of(job.stream, TASK), 1.0)
            assert desk.take(encode_letter(letter))
        assert len(desk._letters) == 64 and desk._letters[-1][0].worker == "w199"
