from __future__ import annotations

import asyncio

import pytest

from tests.wire.remote.letters import RESULT, TASK
from tests.wire.remote.scripted import ScriptedGateway
from wire.errors import ServerAway
from wire.remote.link_team import LinkTeam
from wire.remote.team_units import TEAM, TeamLetter, encode_letter, parse_letter
from wire.remote.uplink_parts import UplinkParts
from wire.team import MAX_MESSAGES


@pytest.fixture
async def wire() -> ScriptedGateway:
    return ScriptedGateway()


async def test_a_message_leaves_with_the_time_that_is_left_behind_the_way(
    wire: ScriptedGateway,
) -> None:
    team = LinkTeam(wire.gateway, UplinkParts())
    await team.send("lead", RESULT, 0.12)
    await team.send("lead", RESULT, 0.12)
    (message, left_s), (second, _) = wire.sent
    assert (message.kind, message.serial, second.serial, left_s) == (TEAM, 0, 1, 0.12)
    assert not message.is_precious
    letter = parse_letter(message.content)
    assert (letter.worker, letter.message) == ("lead", RESULT)
    assert letter.left_s == pytest.approx(0.1)


async def test_what_cannot_arrive_in_time_is_counted_and_not_sent(wire: ScriptedGateway) -> None:
    team = LinkTeam(wire.gateway, UplinkParts())
    await team.send("lead", RESULT, 0.02)
    assert (wire.sent, team.late) == ([], 1)
    wire.takes = False
    await team.send("lead", RESULT, 0.5)
    assert team.late == 2


async def test_without_a_link_nothing_is_sent(wire: ScriptedGateway) -> None:
    wire.gateway.fail()
    with pytest.raises(ServerAway):
        await LinkTeam(wire.gateway, UplinkParts()).send("lead", RESULT, 1.0)


async def test_messages_are_read_with_the_time_that_is_left(wire: ScriptedGateway) -> None:
    team = LinkTeam(wire.gateway, UplinkParts())
    reading = asyncio.create_task(team.read(5000))
    await asyncio.sleep(0.01)
    team.put(encode_letter(TeamLetter("lead", TASK, 0.5)), one_way_s=0.02)
    (found,) = await asyncio.wait_for(reading, 1)
    assert (found.sender, found.message) == ("lead", TASK)
    assert 0.3 < found.left_s <= 0.48
    assert await team.read(1) == []


async def test_what_is_late_or_no_message_is_counted(wire: ScriptedGateway) -> None:
    team = LinkTeam(wire.gateway, UplinkParts())
    team.put(encode_letter(TeamLetter("lead", TASK, 0.01)), one_way_s=0.02)
    team.put(b"nonsense", one_way_s=0.0)
    assert await team.read(1) == []
    assert (team.late, team.bad_messages) == (1, 1)


async def test_the_oldest_goes_where_nobody_reads(wire: ScriptedGateway) -> None:
    team = LinkTeam(wire.gateway, UplinkParts())
    for number in range(MAX_MESSAGES + 5):
        team.put(encode_letter(TeamLetter(f"w{number}", TASK, 5.0)), one_way_s=0.0)
    found = await team.read(1)
    assert [found[0].sender, found[-1].sender] == ["w5", f"w{MAX_MESSAGES + 4}"]


async def test_it_tells_what_parity_the_link_added_lately(wire: ScriptedGateway) -> None:
    team = LinkTeam(wire.gateway, UplinkParts())
    assert team.parity == 0.0
    wire.sent_bytes = (10_000, 700)
    assert team.parity == pytest.approx(0.07)
    wire.gateway.fail()
    assert team.parity == 0.0
