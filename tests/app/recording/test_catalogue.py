"""The list of recordings: newest first, in pages, whatever lies in the folder."""

from __future__ import annotations

import concurrent.futures
import os

from app.recording import catalogue as module
from app.recording.catalogue import Catalogue, ListedFile
from app.recording.file_names import facts_name
from app.recording.folder import Folder, write_facts
from tests.app.recording import material

HOUR = 3_600_000_000


def starts(found: list[ListedFile]) -> list[int]:
    return [(each.started_us - material.STARTED_US) // HOUR for each in found]


def test_the_newest_come_first_of_all_streams(folder: Folder) -> None:
    for hour, stream in ((2, "a"), (5, "b"), (1, "b"), (4, "a")):
        material.stored(folder, material.STARTED_US + hour * HOUR, stream=stream)
    catalogue = Catalogue(folder)
    assert starts(catalogue.list(limit=10)) == [5, 4, 2, 1]
    assert starts(catalogue.list(limit=2)) == [5, 4]
    assert starts(catalogue.list(stream="a", limit=10)) == [4, 2]
    assert catalogue.list(stream="c", limit=10) == []
    assert catalogue.list(stream="..", limit=10) == []


def test_a_long_list_comes_in_pages(folder: Folder) -> None:
    for hour in range(7):
        material.stored(folder, material.STARTED_US + hour * HOUR)
    catalogue, seen, before = Catalogue(folder), [], 0
    while page := catalogue.list(before_us=before, limit=3):
        seen += starts(page)
        before = page[-1].file.parts.started_us
    assert seen == [6, 5, 4, 3, 2, 1, 0]


def test_damaged_facts_cost_details_and_no_recording(folder: Folder) -> None:
    name = material.stored(folder, material.STARTED_US)
    os.utime(folder.root / "cam1" / name, (0, material.STARTED_US / 1e6 + 90))
    (folder.root / "cam1" / facts_name(name)).write_bytes(b"\xff")
    (found,) = Catalogue(folder).list(limit=10)
    assert found.facts is None
    assert (found.started_us, found.length_us, found.is_live) == (
        material.STARTED_US,
        90_000_000,
        False,
    )


def test_a_recording_that_is_being_written_is_live(folder: Folder) -> None:
    writer = material.written(folder, 2)
    catalogue = Catalogue(folder)
    (found,) = catalogue.list(limit=10)
    assert found.is_live
    assert catalogue.get("cam1", writer.name) == found
    writer.end()
    (found,) = catalogue.list(limit=10)
    assert not found.is_live
    assert found.length_us > 0
    assert catalogue.get("cam1", "other.mp4") is None


def test_facts_that_will_not_change_are_read_once(folder: Folder) -> None:
    name = material.stored(folder, material.STARTED_US)
    catalogue = Catalogue(folder)
    before = catalogue.list(limit=10)
    (folder.root / "cam1" / facts_name(name)).unlink()
    assert catalogue.list(limit=10) == before
    path = folder.root / "cam1" / name
    path.write_bytes(b"longer than before")
    write_facts(path, material.facts(length_us=7))
    assert [each.length_us for each in catalogue.list(limit=10)] == [7]


def test_what_is_remembered_is_bounded(folder: Folder) -> None:
    catalogue = Catalogue(folder)
    for hour in range(5):
        material.stored(folder, material.STARTED_US + hour * HOUR)
    kept, module.MAX_REMEMBERED = module.MAX_REMEMBERED, 3
    try:
        assert len(catalogue.list(limit=10)) == 5
        assert len(catalogue._known) <= 3
    finally:
        module.MAX_REMEMBERED = kept


def test_several_threads_may_list_at_once(folder: Folder) -> None:
    for hour in range(20):
        material.stored(folder, material.STARTED_US + hour * HOUR)
    catalogue = Catalogue(folder)
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        lists = list(threads.map(lambda _: catalogue.list(limit=50), range(20)))
    assert all(each == lists[0] for each in lists)
    assert len(lists[0]) == 20


def test_a_scan_serves_many_lists_without_the_disk(folder: Folder) -> None:
    for hour, stream in ((2, "a"), (5, "b"), (1, "b"), (4, "a")):
        material.stored(folder, material.STARTED_US + hour * HOUR, stream=stream)
    catalogue = Catalogue(folder)
    scan = catalogue.scan()
    assert scan.streams == {"a", "b"}
    assert scan.free_bytes
    material.stored(folder, material.STARTED_US + 6 * HOUR)
    assert starts(catalogue.pick(scan, limit=10)) == [5, 4, 2, 1]
    assert starts(catalogue.pick(scan, stream="a", limit=1)) == [4]
    assert starts(catalogue.pick(scan, limit=9, is_listed=lambda name: name == "b")) == [5, 1]
    for hour in range(8):
        before_us = material.STARTED_US + hour * HOUR
        earlier = [each for each in (5, 4, 2, 1) if each < hour]
        assert starts(catalogue.pick(scan, before_us=before_us, limit=10)) == earlier


def test_recordings_of_one_moment_have_a_fixed_order(folder: Folder) -> None:
    for stream in ("b", "a", "c"):
        material.stored(folder, material.STARTED_US, stream=stream)
    found = Catalogue(folder).list(limit=10)
    assert [each.file.stream for each in found] == ["c", "b", "a"]
    assert Catalogue(folder).list(before_us=material.STARTED_US, limit=10) == []
