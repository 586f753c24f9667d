from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import pytest

from wire.rendition_record import RenditionRecord
from wire.site import Records
from wire.stream_record import StreamRecord
from workers.session.lane_parts import OtherLanes, Source, SourceFacts, WorkerParts
from workers.session.session import StreamSession

FACTS = SourceFacts(bad_entries=1, stale_units=2, bad_messages=3, decoded=4, fault="f", remark="r")


@pytest.mark.parametrize("parts", [Records, WorkerParts, OtherLanes, SourceFacts])
def test_arguments_of_a_lane_cannot_be_changed_under_it(parts: type[Any]) -> None:
    assert parts.__dataclass_params__.frozen
    assert not hasattr(FACTS, "__dict__")


def test_facts_are_a_copy_of_their_moment() -> None:
    later = dataclasses.replace(FACTS, decoded=5)
    assert (FACTS.decoded, later.decoded) == (4, 5)
    with pytest.raises(dataclasses.FrozenInstanceError):
        FACTS.decoded = 6  # type: ignore[misc]


def test_what_the_other_lanes_leave_is_asked_for_at_the_moment_of_use() -> None:
    load = [0.5]
    others = OtherLanes(lambda: load[0], lambda: 7)
    load[0] = 1.5
    assert (others.load(), others.memory()) == (1.5, 7)


def test_a_session_is_a_source_of_its_lanes() -> None:
    declared = {
        name: inspect.signature(member)
        for name, member in vars(Source).items()
        if inspect.isfunction(member) and not name.startswith("_")
    }
    assert set(declared) == {"facts", "want_key_frame", "lane_changed", "redis_us"}
    for name, signature in declared.items():
        found = inspect.signature(getattr(StreamSession, name))
        assert found.parameters.keys() == signature.parameters.keys()


def test_both_records_belong_to_one_stream() -> None:
    stream = StreamRecord(id="cam1", epoch=3)
    rendition = RenditionRecord(stream="cam1", name="enhanced", source_epoch=3)
    records = Records(stream, rendition)
    assert records.stream.epoch == records.rendition.source_epoch
    assert records == Records(stream, rendition) != Records(stream, _other(rendition))


def _other(record: RenditionRecord) -> RenditionRecord:
    return RenditionRecord(stream=record.stream, name="sharp", source_epoch=record.source_epoch)
