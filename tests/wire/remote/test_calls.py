from __future__ import annotations

import random

import msgspec
import pytest

from wire.errors import BadMessage
from wire.heartbeat import StreamWork, WorkerBeat
from wire.remote import calls
from wire.strikes import LeadNote
from wire.team_map import TeamMap

BEAT = WorkerBeat(
    name="d",
    host="h",
    pid=1,
    started_us=1,
    engines=[],
    models=[],
    capacity=1.0,
    load=0.0,
    ms_per_frame=1.0,
    streams=[],
)

ALL_CALLS: list[calls.Call] = [
    calls.Claim(),
    calls.Resume(entries=["1-0", "2-0"]),
    calls.Release(entry="1-0"),
    calls.Finish(entry="1-0"),
    calls.GetRecords(entry="1-0"),
    calls.TakeLead(entry="1-0", output="vp8"),
    calls.DropLead(entry="1-0", epoch=5),
    calls.Note(entry="1-0", epoch=5, what=LeadNote.STRIKE),
    calls.Beat(beat=BEAT, is_brief=True),
    calls.Leave(),
    calls.FindWorkers(names=["w1", "w2"], model="live-m"),
    calls.DrawWorkers(count=3),
    calls.HandOver(entry="1-0", to="w2"),
    calls.AskKeyFrame(stream="cam", reason="why"),
    calls.Follow(stream="cam", lane=7, after="1-0"),
    calls.Unfollow(lane=7),
    calls.OpenLog(entry="1-0", log="enhanced", epoch=5, lane=8),
    calls.ClearLog(lane=8, turn=65535),
    calls.GetTime(stream="cam"),
]

FROM_DEVICE: list[calls.FromDevice] = [
    calls.Hello(version=1, name="d", proof=b"p" * 32, token="t" * 16),
    calls.Holding(entries=["1-0"]),
    *(calls.Request(number=number, call=call) for number, call in enumerate(ALL_CALLS)),
]

FROM_GATEWAY: list[calls.FromGateway] = [
    calls.Welcome(name="d", proof=b"p" * 32),
    calls.Refused(reason="no"),
    calls.Reply(number=5, value={"a": [1, "b", None]}),
    calls.Reply(number=5, error="Fenced", reason="why"),
    calls.Changed(stream="cam"),
    calls.KeyFrameWanted(stream="cam", rendition="enhanced", reason="why"),
    calls.MapWanted(stream="cam", rendition="enhanced"),
    calls.JobLost(entry="1-0", error="Fenced", reason="why"),
]


@pytest.mark.parametrize("message", FROM_DEVICE, ids=lambda each: type(each).__name__)
def test_what_a_device_sends_is_read_as_it_was(message: calls.FromDevice) -> None:
    assert calls.parse_from_device(calls.encode(message)) == message


@pytest.mark.parametrize("message", FROM_GATEWAY, ids=lambda each: type(each).__name__)
def test_what_the_gateway_tells_is_read_as_it_was(message: calls.FromGateway) -> None:
    assert calls.parse_from_gateway(calls.encode(message)) == message


def test_every_call_is_among_these() -> None:
    assert {type(call) for call in ALL_CALLS} == set(calls.Call.__args__)


def test_neither_side_reads_the_messages_of_the_other() -> None:
    for message in FROM_GATEWAY:
        with pytest.raises(BadMessage):
            calls.parse_from_device(calls.encode(message))
    for told in FROM_DEVICE:
        with pytest.raises(BadMessage):
            calls.parse_from_gateway(calls.encode(told))


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "holding", "entries": ["x" * 129]},
        {"type": "holding", "entries": ["x"] * (4 * calls.MAX_HELD + 1)},
        {"type": "hello", "version": 1, "name": "d", "proof": b"p" * 65},
        {"type": "hello", "version": 1, "name": "d" * 129, "proof": b"p"},
        {"type": "request", "number": -1, "call": {"type": "claim"}},
        {"type": "request", "number": 2**53, "call": {"type": "claim"}},
        {"type": "request", "number": 1, "call": {"type": "unfollow", "lane": 65536}},
        {"type": "request", "number": 1, "call": {"type": "erase_all"}},
        {
            "type": "request",
            "number": 1,
            "call": {"type": "note", "entry": "1-0", "epoch": 1, "what": "nonsense"},
        },
        {"type": "request", "number": 1},
        {},
    ],
)
def test_what_is_beyond_its_limits_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(BadMessage, match="message of a link"):
        calls.parse_from_device(msgspec.msgpack.encode(fields))


def test_cut_and_changed_bytes_are_read_or_refused_and_nothing_else() -> None:
    rng = random.Random(1)
    for message in FROM_DEVICE:
        data = calls.encode(message)
        for at in range(len(data)):
            changed = bytearray(data)
            changed[at] = rng.randrange(256)
            for each in (data[:at], bytes(changed)):
                try:
                    calls.parse_from_device(each)
                except BadMessage:
                    pass


def test_a_heartbeat_with_a_map_that_contradicts_itself_is_refused() -> None:
    work = StreamWork(stream="cam", rendition="enhanced", epoch=1, state="enhancing")
    request = calls.Request(
        number=1, call=calls.Beat(beat=msgspec.structs.replace(BEAT, streams=[work]))
    )
    fields = msgspec.msgpack.decode(calls.encode(request))
    told = {"width": 16, "height": 8, "cell": 8, "devices": ["d", "e"], "cells": "1."}
    fields["call"]["beat"]["streams"][0]["team_map"] = told
    found = calls.parse_from_device(msgspec.msgpack.encode(fields))
    assert isinstance(found, calls.Request) and isinstance(found.call, calls.Beat)
    assert found.call.beat.streams[0].team_map == TeamMap(**told)  # type: ignore[arg-type]
    for damage in ({"cells": "1.."}, {"cells": "2."}, {"devices": ["d"] * 17}, {"cell": 0}):
        fields["call"]["beat"]["streams"][0]["team_map"] = told | damage
        with pytest.raises(BadMessage, match="message of a link"):
            calls.parse_from_device(msgspec.msgpack.encode(fields))
