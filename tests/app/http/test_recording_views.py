"""Recordings in the words of the API."""

from __future__ import annotations

from app.http.recording_schemas import RecordingList
from app.http.recording_views import entries_of, list_text, recording_view, stream_recording
from app.recording.catalogue import Catalogue, ListedFile
from app.recording.file_facts import Gap, ViewerPoint
from app.recording.folder import Folder, StoredFile
from app.recording.recording_lists import Page
from tests.app.recording import material
from tests.app.recording.conftest import folder as folder
from wire.recording_board import LEASE_MS, RecordingEntry
from wire.stream_record import StreamRecord

STORED = StoredFile("cam1", material.NAME, 1234, material.STARTED_US + 5_000_000)


def entry(**changes: object) -> RecordingEntry:
    fields: dict[str, object] = {
        "stream": "cam1",
        "rendition": "source",
        "fence": 1,
        "node": "one",
        "epoch": material.EPOCH,
        "age_ms": 100,
        "state": "held",
        "reason": "The disk is full.",
        "bytes": 77,
    }
    return RecordingEntry(**{**fields, **changes})  # type: ignore[arg-type]


RECORD = StreamRecord(id="cam1", epoch=material.EPOCH)


def test_what_nodes_tell_of_a_stream_is_shown() -> None:
    view = stream_recording("both", "off", [entry()])
    assert (view.mode, view.chosen) == ("both", True)
    (part,) = view.parts
    assert (part.rendition, part.node, part.state, part.bytes) == ("source", "one", "held", 77)
    assert part.reason == "The disk is full."


def test_the_server_decides_where_nobody_chose() -> None:
    view = stream_recording(None, "source", [])
    assert (view.mode, view.chosen, view.parts) == ("source", False, [])


def test_recordings_of_others_and_of_earlier_publishers_are_not_shown() -> None:
    others = [entry(stream="cam2"), entry(epoch=material.EPOCH - 1)]
    assert entries_of(RECORD, [*others, entry()]) == [entry()]


def test_what_is_not_live_has_a_choice_and_no_parts() -> None:
    assert entries_of(None, [entry()]) == []


def test_a_node_that_does_not_answer_is_told() -> None:
    (part,) = stream_recording(None, "off", [entry(age_ms=LEASE_MS + 1)]).parts
    assert part.state == "lost"
    assert "does not answer" in part.reason


def test_gaps_and_viewers_are_shown_in_seconds() -> None:
    facts = material.facts(
        length_us=7_250_000, gaps=[Gap(2_000_000, 500_000)], viewers=[ViewerPoint(0, 3)]
    )
    view = recording_view(ListedFile(STORED, facts, is_live=False))
    assert (view.length_s, view.bytes, view.broadcast) == (7.25, 1234, str(material.EPOCH))
    assert [(gap.at_s, gap.length_s) for gap in view.gaps] == [(2.0, 0.5)]
    assert [(point.at_s, point.viewers) for point in view.viewers] == [(0.0, 3)]


def test_a_recording_without_facts_is_shown_by_its_name() -> None:
    view = recording_view(ListedFile(STORED, None, is_live=False))
    assert (view.codec, view.width, view.broadcast, view.gaps) == ("", 0, "", [])
    assert (view.rendition, view.length_s) == ("source", 5.0)


def test_what_lies_in_a_folder_is_shown(folder: Folder) -> None:
    material.stored(folder, material.STARTED_US)
    views = [recording_view(each) for each in Catalogue(folder).list(limit=5)]
    assert [view.file for view in views] == [material.NAME]


def test_a_list_tells_where_it_goes_on(folder: Folder) -> None:
    hour_us = 3_600_000_000
    for hour in range(3):
        material.stored(folder, material.STARTED_US + hour * hour_us)
    files = Catalogue(folder).list(limit=2)
    more = RecordingList.model_validate_json(list_text(Page(files, True, 77)))
    assert more.recordings == [recording_view(each) for each in files]
    assert (more.before, more.free_bytes) == (material.STARTED_US + hour_us, 77)
    last = RecordingList.model_validate_json(list_text(Page(files, False, None)))
    assert (last.before, last.free_bytes) == (None, None)
    assert list_text(Page([], False, None)) == b'{"recordings":[],"before":null,"free_bytes":null}'
