from __future__ import annotations

import msgspec
import pytest

from tests.contract.units import batch, video
from tests.wire.remote.scripted import ScriptedGateway
from wire.errors import BadMessage, Fenced, ServerAway, StreamGone
from wire.jobs import Job
from wire.remote import calls, units
from wire.remote.link_lead import LinkLead
from wire.rendition_record import RenditionRecord
from wire.site import Records, TakenLead
from wire.stream_record import StreamRecord
from wire.strikes import LeadNote

JOB = Job("1-0", "cam", "enhanced", 5)
STREAM = StreamRecord(id="cam", epoch=5, fps=30.0, renditions=("enhanced",))
RENDITION = RenditionRecord(
    stream="cam", name="enhanced", source_epoch=5, watched={"": 7, "vp8": 8}, strength=0.25
)


class Lanes:
    """The lanes of a site."""

    def __init__(self) -> None:
        self.connection = 1
        self.error: Exception | None = None
        self._last = 0
        self.sent_bytes = 0

    def sent(self, entry: str, size: int) -> None:
        assert entry == JOB.entry
        self.sent_bytes += size

    def granted_kbps(self, entry: str) -> float | None:
        assert entry == JOB.entry
        return 1234.0

    def new_lane(self) -> int:
        self._last += 1
        return self._last

    def check(self, entry: str) -> None:
        assert entry == JOB.entry
        if self.error is not None:
            raise self.error


class Place:
    def __init__(self) -> None:
        self.wire = ScriptedGateway()
        self.lanes = Lanes()
        self.lead = LinkLead(self.wire.gateway, self.lanes, JOB)

    def parts(self) -> list[tuple[int, int, int]]:
        """Lane, serial and turn of each part that was sent."""
        found = []
        for message, left_s in self.wire.sent:
            assert message.kind == units.RENDITION_UNITS and message.is_precious
            assert left_s == units.UNIT_S
            turn = int.from_bytes(message.content[1:3], "big")
            found.append((message.lane, message.serial, turn))
        return found


@pytest.fixture
async def place() -> Place:
    return Place()


async def test_records_are_read_as_they_are(place: Place) -> None:
    pair = [msgspec.to_builtins(STREAM), msgspec.to_builtins(RENDITION)]
    place.wire.answers[calls.GetRecords] = lambda call: pair
    assert await place.lead.records() == Records(STREAM, RENDITION)


@pytest.mark.parametrize("answer", [None, [], [{}], [{}, {}], [{"id": "cam"}, {}], 5])
async def test_what_are_no_records_is_refused(place: Place, answer: object) -> None:
    place.wire.answers[calls.GetRecords] = lambda call: answer
    with pytest.raises(BadMessage):
        await place.lead.records()


async def test_lead_and_notes_are_calls(place: Place) -> None:
    place.wire.answers[calls.TakeLead] = lambda call: {"epoch": 2**52, "made_until": 90}
    assert await place.lead.take("vp8") == TakenLead(2**52, 90)
    await place.lead.note(LeadNote.DECODES, 9)
    await place.lead.drop(9)
    assert place.wire.asked == [
        calls.TakeLead(entry="1-0", output="vp8"),
        calls.Note(entry="1-0", epoch=9, what=LeadNote.DECODES),
        calls.DropLead(entry="1-0", epoch=9),
    ]


async def test_what_the_gateway_answers_is_raised(place: Place) -> None:
    place.wire.answers[calls.TakeLead] = lambda call: StreamGone("gone")
    with pytest.raises(StreamGone):
        await place.lead.take("vp8")


async def test_a_log_is_opened_once_and_no_append_waits(place: Place) -> None:
    writer = place.lead.writer("enhanced", 9)
    for number in range(3):
        assert await writer.append(batch(9, video(number, key=number == 0)), now_ms=0) == ""
    opened = calls.OpenLog(entry="1-0", log="enhanced", epoch=9, lane=1)
    assert place.wire.asked == [opened]
    assert place.parts() == [(1, 0, 0), (1, 1, 0), (1, 2, 0)]


async def test_a_large_unit_is_sent_in_parts(place: Place) -> None:
    writer = place.lead.writer("enhanced", 9)
    large = video(0, key=True, size=2 * units.PART_BYTES)
    await writer.append(batch(9, large), now_ms=0)
    joiner = units.Joiner()
    whole = [joiner.add(message.content) for message, _ in place.wire.sent]
    assert len(whole) == 3 and whole[:2] == [None, None]
    assert whole[2] is not None and units.parse_units(whole[2][1]).units == (large,)


async def test_what_follows_an_emptying_is_of_another_turn(place: Place) -> None:
    writer = place.lead.writer("enhanced", 9)
    await writer.append(batch(9, video(0, key=True)), now_ms=0)
    await writer.clear()
    await writer.append(batch(9, video(1, key=True)), now_ms=0)
    assert place.wire.asked[1:] == [calls.ClearLog(lane=1, turn=1)]
    assert place.parts() == [(1, 0, 0), (1, 1, 1)]


async def test_in_a_new_connection_it_is_opened_anew(place: Place) -> None:
    writer = place.lead.writer("enhanced", 9)
    await writer.append(batch(9, video(0, key=True)), now_ms=0)
    await writer.clear()
    place.lanes.connection = 2
    await writer.append(batch(9, video(1, key=True)), now_ms=0)
    assert [call for call in place.wire.asked if isinstance(call, calls.OpenLog)] == [
        calls.OpenLog(entry="1-0", log="enhanced", epoch=9, lane=lane) for lane in (1, 2)
    ]
    assert place.parts() == [(1, 0, 0), (2, 0, 0)]


async def test_a_lead_that_is_over_writes_nothing(place: Place) -> None:
    writer = place.lead.writer("enhanced", 9)
    await writer.append(batch(9, video(0, key=True)), now_ms=0)
    place.lanes.error = Fenced("another leads")
    for work in (lambda: writer.append(batch(9, video(1)), now_ms=0), writer.clear):
        with pytest.raises(Fenced):
            await work()
    assert len(place.wire.sent) == 1


async def test_a_link_that_takes_no_more_says_so(place: Place) -> None:
    writer = place.lead.writer("enhanced", 9)
    await writer.append(batch(9, video(0, key=True)), now_ms=0)
    place.wire.takes = False
    with pytest.raises(ServerAway, match="takes no more"):
        await writer.append(batch(9, video(1)), now_ms=0)
    place.wire.gateway.fail()
    with pytest.raises(ServerAway):
        await writer.append(batch(9, video(2)), now_ms=0)


async def test_what_it_sends_is_noted_and_what_the_link_grants_is_told(place: Place) -> None:
    assert place.lead.granted_kbps == 1234.0
    await place.lead.writer("enhanced", 3).append(batch(3, video(0, key=True)), now_ms=0)
    assert place.lanes.sent_bytes == sum(len(each.content) for each, _ in place.wire.sent) > 0
