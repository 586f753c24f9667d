from __future__ import annotations

import asyncio
import time

import pytest

from tests.contract.units import batch, video
from tests.wire.remote.scripted import ScriptedGateway
from wire.control import KeyFrameRequest, RecordChanged
from wire.errors import BadMessage, NoLease, ServerAway
from wire.log import Entry
from wire.remote import calls, units
from wire.remote.link_stream import (
    MAX_ENTRIES,
    MAX_MAIL,
    MAX_TRANSIT_S,
    TRANSIT_SLACK_S,
    LinkReader,
    LinkStream,
    StreamMails,
)


class Place:
    """One stream over a gateway that is scripted; ``readers`` by lanes."""

    def __init__(self) -> None:
        self.wire = ScriptedGateway()
        self.wire.answers[calls.Follow] = lambda call: True
        self.readers: dict[int, LinkReader] = {}
        self.mails = StreamMails()
        self.stream = LinkStream(self.wire.gateway, self, self.mails, "cam")
        self._last = 0

    def follow(self, reader: LinkReader) -> int:
        self._last += 1
        self.readers[self._last] = reader
        return self._last

    def unfollow(self, lane: int) -> None:
        self.readers.pop(lane, None)

    def put(self, serial: int, *numbers: int, size: int = 20) -> None:
        """Hands entries with these numbers, from that serial on, to the one reader."""
        (reader,) = self.readers.values()
        for number in numbers:
            entry = Entry(f"{1000 + number}-0", batch(1, video(number, size=size)))
            for part in units.cut(units.encode_entry(entry)):
                reader.put(serial, part)
                serial += 1


@pytest.fixture
async def place() -> Place:
    return Place()


async def numbers(reader: LinkReader, *, block_ms: int = 200) -> list[int]:
    entries = await reader.read(block_ms=block_ms)
    return [unit.sequence for entry in entries for unit in entry.batch.units]


async def test_a_reader_follows_and_leaves(place: Place) -> None:
    reader = place.stream.source()
    assert await reader.seek_last_key_frame()
    place.put(0, 1, 2)
    assert await numbers(reader) == [1, 2]
    await reader.pause()
    assert place.readers == {}
    assert await reader.seek_last_key_frame()
    follow = calls.Follow(stream="cam", lane=1)
    assert place.wire.asked[:2] == [follow, calls.Unfollow(lane=1)]
    assert place.wire.asked[2] == calls.Follow(stream="cam", lane=2)


async def test_units_may_be_there_before_the_answer(place: Place) -> None:
    def follow(call: calls.Follow) -> bool:
        place.put(0, 1)
        return True

    place.wire.answers[calls.Follow] = follow
    reader = place.stream.source()
    assert await reader.seek_last_key_frame()
    assert await numbers(reader) == [1]


async def test_a_read_gives_as_many_as_were_asked_for(place: Place) -> None:
    reader = place.stream.source()
    await reader.seek_last_key_frame()
    place.put(0, *range(5))
    assert len(await reader.read(block_ms=10, count=3)) == 3
    assert len(await reader.read(block_ms=10, count=3)) == 2
    assert await reader.read(block_ms=10, count=3) == []


async def test_large_entries_are_joined(place: Place) -> None:
    reader = place.stream.source()
    await reader.seek_last_key_frame()
    place.put(0, 1, size=2 * units.PART_BYTES)
    assert await numbers(reader) == [1]


async def test_behind_a_loss_it_begins_anew_behind_what_arrived(place: Place) -> None:
    reader = place.stream.source()
    await reader.seek_last_key_frame()
    place.put(0, 1)
    place.put(2, 3, 4)
    begun = time.monotonic()
    assert await numbers(reader) == [1]
    while len(place.wire.asked) < 3:
        assert await numbers(reader) == []
    assert time.monotonic() - begun >= units.PATIENCE_S - 0.01
    assert place.wire.asked[1:] == [
        calls.Unfollow(lane=1),
        calls.Follow(stream="cam", lane=2, after="1001-0"),
    ]
    place.put(0, 2, 3, 4)
    assert await numbers(reader) == [2, 3, 4]


async def test_an_entry_that_comes_twice_is_one(place: Place) -> None:
    reader = place.stream.source()
    await reader.seek_last_key_frame()
    place.put(0, 1, 2, 2, 1, 3)
    assert await numbers(reader) == [1, 2, 3]


async def test_what_is_no_entry_is_counted(place: Place) -> None:
    reader = place.stream.source()
    await reader.seek_last_key_frame()
    place.readers[1].put(0, b"")
    place.readers[1].put(1, units.cut(b"nonsense")[0])
    place.put(2, 5)
    assert await numbers(reader) == [5]
    assert (reader.bad_entries, reader.stale_units) == (2, 0)


async def test_a_link_that_is_lost_wakes_a_read_and_the_next_begins_anew(place: Place) -> None:
    reader = place.stream.source()
    await reader.seek_last_key_frame()
    place.put(0, 1)
    assert await numbers(reader) == [1]
    reading = asyncio.create_task(reader.read(block_ms=5000))
    await asyncio.sleep(0.01)
    reader.fail()
    place.readers.clear()
    with pytest.raises(ServerAway):
        await reading
    assert await numbers(reader, block_ms=10) == []
    assert place.wire.asked[-1] == calls.Follow(stream="cam", lane=2, after="1001-0")


async def test_a_stream_that_may_not_be_followed_leaves_no_lane(place: Place) -> None:
    place.wire.answers[calls.Follow] = lambda call: NoLease("no")
    with pytest.raises(NoLease):
        await place.stream.source().seek_last_key_frame()
    assert place.readers == {}


async def test_what_nobody_reads_goes_as_a_whole(place: Place) -> None:
    reader = place.stream.source()
    await reader.seek_last_key_frame()
    for begin in range(0, MAX_ENTRIES + 1, 100):
        place.put(begin, *range(begin, begin + 100))
        reader._take()
    assert len(reader._entries) == 0


async def test_time_and_key_frames_are_asked_of_the_gateway(place: Place) -> None:
    place.wire.answers[calls.GetTime] = lambda call: 1_700_000_000_000_000
    assert await place.stream.time_us() == 1_700_000_000_000_000
    await place.stream.ask_key_frame("x" * 600)
    assert place.wire.asked == [
        calls.GetTime(stream="cam"),
        calls.AskKeyFrame(stream="cam", reason="x" * 500),
    ]
    place.wire.answers[calls.GetTime] = lambda call: "noon"
    with pytest.raises(BadMessage):
        await place.stream.time_us()


async def test_mail_is_kept_for_who_holds_it_and_the_oldest_goes(place: Place) -> None:
    mail = place.stream.mail()
    for number in range(MAX_MAIL + 1):
        place.mails.post("cam", KeyFrameRequest("enhanced", str(number)))
    place.mails.post("other", RecordChanged())
    found = await mail.read(block_ms=10)
    assert len(found) == MAX_MAIL and found[0] == KeyFrameRequest("enhanced", "1")
    assert await mail.read(block_ms=10) == [] and mail.bad_messages == 0


async def test_a_read_of_mail_wakes_when_some_comes(place: Place) -> None:
    mail = place.stream.mail()
    reading = asyncio.create_task(mail.read(block_ms=5000))
    await asyncio.sleep(0.01)
    place.mails.post("cam", RecordChanged())
    assert await asyncio.wait_for(reading, 1) == [RecordChanged()]


async def test_what_the_way_takes_is_not_late(place: Place) -> None:
    reader = place.stream.source()
    assert reader.transit_s == pytest.approx(0.02 + TRANSIT_SLACK_S)
    place.wire.rtt_s = 60.0
    assert reader.transit_s == MAX_TRANSIT_S
    place.wire.gateway.fail()
    assert reader.transit_s == TRANSIT_SLACK_S
