"""All registered counters are in ``/metrics`` and in the API, with the same values."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from app.http.counter_samples import (
    Sample,
    by_counter,
    encode_samples,
    of_app,
    of_workers,
    parse_samples,
)
from tests.app import coding
from tests.app.conftest import MakeNode
from tests.app.http.conftest import Site
from tests.app.http.test_whep import Http, until_live
from tests.app.peers import publishing
from wire import counters
from wire.counter import Counter
from wire.errors import BadMessage
from wire.heartbeat import Heartbeats, RenditionWork, StreamWork, WorkerBeat
from wire.stream_record import StreamRecord

UNITS = coding.h264(98, 54, 10)


def beat() -> WorkerBeat:
    work = StreamWork(
        stream="cam1",
        rendition="enhanced",
        epoch=5,
        state="enhancing",
        frames_in=9,
        frames_out=8,
        enhanced=7,
        bicubic=1,
        key_frames=2,
        dropped={"late": 3},
        levels={"full": {"best": 7}, "bicubic": {"late": 1}},
        temporal_wanted=1.5,
        temporal_done=0.75,
        net_samples={"edge-1": 1000, "dev1": 2000},
        team_results={"in_time": 5, "late": 1},
        bad_entries=4,
        replayed=11,
        renditions=[
            RenditionWork(name="r", codec="h264", watched=True, frames=90, key_frames=3, encoded=91)
        ],
    )
    return WorkerBeat(
        name="edge-1",
        host="edge",
        pid=7,
        started_us=1,
        engines=[],
        models=[],
        capacity=2.0,
        load=1.0,
        ms_per_frame=11.5,
        streams=[work],
        bad_jobs=6,
        handed_over=3,
        team_late=4,
        team_bad=1,
        team_unsent=2,
        team_unclaimed=3,
        helped={"made": 40, "late": 2},
        helper_engine_ms=812.5,
        declined=5,
    )


def test_what_a_worker_counted_is_read_from_its_heartbeat() -> None:
    found = by_counter(of_workers([beat()]))
    session = ("cam1", "edge-1")
    lead = (*session, "enhanced")
    assert found[counters.BAD_JOBS] == {("edge-1",): 6}
    assert found[counters.RENDITIONS_HANDED_OVER] == {("edge-1",): 3}
    assert found[counters.TEAM_MESSAGES_DROPPED] == {
        ("edge-1", "late"): 4,
        ("edge-1", "unreadable"): 1,
        ("edge-1", "unsent"): 2,
        ("edge-1", "unclaimed"): 3,
    }
    assert found[counters.HELPER_TASKS] == {("edge-1", "made"): 40, ("edge-1", "late"): 2}
    assert found[counters.HELPER_ENGINE_SECONDS] == {("edge-1",): 0.8125}
    assert found[counters.INVITATIONS_DECLINED] == {("edge-1",): 5}
    assert found[counters.FRAMES] == {
        (*lead, "full", "best"): 7,
        (*lead, "bicubic", "late"): 1,
    }
    assert found[counters.NET_SAMPLES] == {(*lead, "edge-1"): 1000, (*lead, "dev1"): 2000}
    assert found[counters.TEAM_RESULTS] == {(*lead, "in_time"): 5, (*lead, "late"): 1}
    assert found[counters.LEAD_FRAMES][*lead, "out"] == 8
    assert found[counters.LEAD_FRAMES][*lead, "key_frames"] == 2
    assert found[counters.LEAD_FRAMES_DROPPED] == {(*lead, "late"): 3}
    assert found[counters.LEAD_REFUSED][*session, "entries"] == 4
    assert found[counters.LEAD_REPLAYED] == {lead: 11}
    assert found[counters.TEMPORAL_WANTED] == {lead: 1.5}
    assert found[counters.TEMPORAL_DONE] == {lead: 0.75}
    assert found[counters.RENDITION_ENCODED] == {(*session, "r"): 91}
    assert found[counters.RENDITION_KEY_FRAMES] == {(*session, "r"): 3}


NO_COUNTERS = {"epoch", "width", "height", "fps", "kbps", "allocation_ms", "encode_ms"}
"""Numbers of a heartbeat's streams and renditions that do not count."""


def numbers(struct: StreamWork | RenditionWork) -> dict[str, int]:
    """A value of its own for each field that counts."""
    return {
        name: number
        for number, name in enumerate(struct.__struct_fields__, start=101)
        if type(getattr(struct, name)) in (int, float) and name not in NO_COUNTERS
    }


def test_every_number_of_a_heartbeat_that_counts_has_a_sample() -> None:
    """A counter that a worker is given reaches nobody before it has one."""
    (work,) = beat().streams
    (rendition,) = work.renditions
    for counted in (
        msgspec.structs.replace(work, **numbers(work)),
        msgspec.structs.replace(
            work, renditions=[msgspec.structs.replace(rendition, **numbers(rendition))]
        ),
    ):
        shown = msgspec.structs.replace(beat(), streams=[counted])
        values = {value for *_, value in of_workers([shown])}
        expected = numbers(work if counted.renditions == work.renditions else rendition)
        assert set(expected.values()) - values == set(), expected


def test_counters_without_samples_are_there_too() -> None:
    samples: list[Sample] = [(counters.UNITS_READ, ("a", name), 2) for name in ("source", "sharp")]
    found = by_counter(iter(samples))
    assert found[counters.UNITS_READ] == {("a", "source"): 2, ("a", "sharp"): 2}
    assert found[counters.BAD_JOBS] == {}
    assert list(found) == list(counters.COUNTERS)


def beat_of(*streams: StreamWork) -> WorkerBeat:
    return msgspec.structs.replace(beat(), streams=list(streams))


def other(**fields: Any) -> StreamWork:
    """The same stream in another rendition, whose counts are its own."""
    (work,) = beat().streams
    log = RenditionWork(name="sharp", codec="h264", watched=True, frames=5)
    return msgspec.structs.replace(work, rendition="sharp", renditions=[log], **fields)


def test_no_counter_falls_when_a_rendition_is_removed() -> None:
    (work,) = beat().streams
    before = by_counter(of_workers([beat_of(work, other(frames_in=500))]))
    after = by_counter(of_workers([beat_of(work)]))
    for counter, samples in after.items():
        assert samples.items() <= before[counter].items(), counter
    gone = {labels for counter in before for labels in before[counter].keys() - after[counter]}
    assert gone and all(labels[2] == "sharp" for labels in gone)


def test_each_rendition_has_series_of_its_own() -> None:
    (work,) = beat().streams
    found = by_counter(of_workers([beat_of(work, other(replayed=3))]))
    assert found[counters.LEAD_REPLAYED] == {
        ("cam1", "edge-1", "enhanced"): 11,
        ("cam1", "edge-1", "sharp"): 3,
    }


def test_what_a_session_refused_counts_once_for_all_its_renditions() -> None:
    (work,) = beat().streams
    shared = {"bad_entries": 4, "stale_units": 5, "bad_messages": 6, "decoded": 70}
    found = by_counter(
        of_workers([beat_of(msgspec.structs.replace(work, **shared), other(**shared))])
    )
    session = ("cam1", "edge-1")
    assert found[counters.SOURCE_DECODED] == {session: 70}
    assert found[counters.LEAD_REFUSED] == {
        (*session, "entries"): 4,
        (*session, "stale units"): 5,
        (*session, "messages"): 6,
    }


def test_of_two_leads_of_one_rendition_the_newest_is_shown() -> None:
    """The older one has not noticed yet that its lease was lost, and its levels must not mix in."""
    (old,) = beat().streams
    new = msgspec.structs.replace(
        old, epoch=6, frames_out=1, levels={"full": {"best": 1}}, decoded=2, bad_entries=0
    )
    found = by_counter(of_workers([beat_of(old, new)]))
    lead = ("cam1", "edge-1", "enhanced")
    assert found[counters.FRAMES] == {(*lead, "full", "best"): 1}
    assert found[counters.LEAD_FRAMES][*lead, "out"] == 1
    assert found[counters.SOURCE_DECODED] == {lead[:2]: 2}
    assert found[counters.LEAD_REFUSED][*lead[:2], "entries"] == 0


async def test_of_two_readers_of_one_rendition_the_newest_is_shown(make_node: MakeNode) -> None:
    """A stream changes hands: the sum of both would fall when the older one ends."""
    node = make_node()
    # The newest is made first: the order of the table does not decide.
    for epoch, units in ((6, 3), (5, 1000)):
        reader = node.readers.get(StreamRecord(id="cam1", epoch=epoch), "sharp")
        reader.units = units
    found = by_counter(of_app(node, {}))
    assert found[counters.UNITS_READ] == {("cam1", "sharp"): 3}


@pytest.mark.parametrize("counter", counters.COUNTERS, ids=lambda counter: counter.name)
async def test_each_is_in_metrics_and_in_the_api(site: Site, counter: Counter) -> None:
    text = (await site.client.get("/metrics")).text
    suffix = "_total" if counter.only_grows else ""
    assert f"# HELP sharpcast_{counter.name}{suffix} {counter.help}" in text
    (shown,) = (
        each
        for each in (await site.client.get("/api/v1/counters")).json()["counters"]
        if each["name"] == counter.name
    )
    assert (shown["unit"], shown["help"]) == (counter.unit, counter.help)


async def test_values_are_those_of_this_app_and_of_the_workers(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        await Heartbeats(site.redis).beat(beat())
        site.node.refusals["stranger"] += 3
        answer = (await site.client.get("/api/v1/counters")).json()

    def value(name: str, **labels: str) -> float:
        (counter,) = (each for each in answer["counters"] if each["name"] == name)
        samples = (s for s in counter["samples"] if labels.items() <= s["labels"].items())
        return sum(float(sample["value"]) for sample in samples)

    assert value("units_in", stream="cam1") > 0
    assert value("packets_refused", reason="stranger") == 3
    assert value("lead_frames", stream="cam1", rendition="enhanced", what="enhanced") == 7
    assert value("bad_jobs", worker="edge-1") == 6


def test_samples_travel_between_processes() -> None:
    samples: list[Sample] = [
        (counters.UNITS_IN, ("cam1",), 7.0),
        (counters.VIEWER_STALLS, (), 0.0),
        (counters.PACKETS_REFUSED, ("stranger",), 3.0),
    ]
    assert parse_samples(encode_samples(samples)) == samples


@pytest.mark.parametrize(
    "data", [b"", b"[1]", b'[["no_such_counter", [], 1]]', b'[["units_in", "cam1", 1]]', b"\xff"]
)
def test_samples_that_cannot_be_read_are_refused(data: bytes) -> None:
    with pytest.raises(BadMessage, match="counters of a process"):
        parse_samples(data)
