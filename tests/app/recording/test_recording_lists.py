"""Lists for all who ask: one scan for many, young enough, and right at once where it must be."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator

import pytest

from app.bounded_threads import Busy
from app.recording import recording_lists as module
from app.recording.catalogue import Catalogue, FolderScan
from app.recording.folder import Folder
from app.recording.recording_lists import ListPart, Page, RecordingLists
from tests.app.recording import material

HOUR = 3_600_000_000
FOREVER_S = 1e6
ALL = ListPart()


def text(page: Page) -> bytes:
    """The hours of the recordings, and whether there are more."""
    hours = [(each.started_us - material.STARTED_US) // HOUR for each in page.files]
    return json.dumps([hours, page.has_more]).encode()


class Counted(Catalogue):
    """Counts its scans, and can hold one up."""

    def __init__(self, folder: Folder) -> None:
        super().__init__(folder)
        self.scans = 0
        self.threads: set[str] = set()
        self.go_on = threading.Event()
        self.go_on.set()
        self.found = threading.Event()

    def scan(self) -> FolderScan:
        self.scans += 1
        self.threads.add(threading.current_thread().name)
        scan = super().scan()
        self.found.set()
        self.go_on.wait(10)
        return scan


@pytest.fixture
async def catalogue(folder: Folder) -> AsyncIterator[Counted]:
    made = Counted(folder)
    yield made
    made.go_on.set()


def record(folder: Folder, *hours: int, stream: str = "cam1") -> None:
    for hour in hours:
        material.stored(folder, material.STARTED_US + hour * HOUR, stream=stream)


async def hours(lists: RecordingLists, part: ListPart = ALL) -> list[int]:
    found, _ = json.loads(await lists.text(part, text))
    return list(found)


async def test_many_who_ask_at_once_share_one_scan(folder: Folder, catalogue: Counted) -> None:
    record(folder, 1, 2)
    lists = RecordingLists(catalogue, max_age_s=FOREVER_S)
    found = await asyncio.gather(*(lists.text(ListPart(), text) for _ in range(200)))
    assert set(found) == {b"[[2, 1], false]"}
    assert catalogue.scans == 1
    assert all(name.startswith("recording-lists") for name in catalogue.threads)
    assert lists.refused == 0
    lists.close()


async def test_a_scan_serves_for_a_short_time(folder: Folder, catalogue: Counted) -> None:
    record(folder, 1)
    lists = RecordingLists(catalogue, max_age_s=FOREVER_S)
    assert await hours(lists) == [1]
    record(folder, 2)
    assert await hours(lists) == [1]
    assert catalogue.scans == 1
    fresh = RecordingLists(catalogue, max_age_s=0.0)
    assert await hours(fresh) == [2, 1]
    record(folder, 3)
    assert await hours(fresh) == [3, 2, 1]
    assert module.MAX_AGE_S == 0.5


async def test_what_was_forgotten_is_scanned_anew(folder: Folder, catalogue: Counted) -> None:
    record(folder, 1)
    lists = RecordingLists(catalogue, max_age_s=FOREVER_S)
    assert await hours(lists) == [1]
    record(folder, 2)
    lists.forget()
    assert await hours(lists) == [2, 1]
    assert catalogue.scans == 2


async def scan_that_waits(
    folder: Folder, catalogue: Counted
) -> tuple[RecordingLists, asyncio.Future[list[int]]]:
    """Lists, and one that is asked for, whose scan has found one recording and waits."""
    record(folder, 1)
    lists = RecordingLists(catalogue, max_age_s=FOREVER_S)
    catalogue.go_on.clear()
    asked = asyncio.ensure_future(hours(lists))
    await asyncio.to_thread(catalogue.found.wait, 10)
    return lists, asked


async def test_a_scan_that_began_before_a_change_does_not_serve_those_behind_it(
    folder: Folder, catalogue: Counted
) -> None:
    lists, early = await scan_that_waits(folder, catalogue)
    record(folder, 2)
    lists.forget()
    late = asyncio.ensure_future(hours(lists))
    await asyncio.sleep(0)
    catalogue.go_on.set()
    assert await early == [1]
    assert await late == [2, 1]


async def test_who_leaves_during_a_scan_leaves_nothing_old_behind(
    folder: Folder, catalogue: Counted
) -> None:
    lists, gone = await scan_that_waits(folder, catalogue)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    record(folder, 2)
    catalogue.go_on.set()
    assert await hours(lists) == [2, 1]


async def test_parts_and_hidden_streams_have_texts_of_their_own(
    folder: Folder, catalogue: Counted
) -> None:
    record(folder, 1, 3)
    record(folder, 2, stream="cam2")
    lists = RecordingLists(catalogue, max_age_s=FOREVER_S)
    assert await hours(lists) == [3, 2, 1]
    assert await hours(lists, ListPart(stream="cam1")) == [3, 1]
    assert await hours(lists, ListPart(stream="cam3")) == []
    assert await lists.text(ListPart(limit=2), text) == b"[[3, 2], true]"
    before = material.STARTED_US + 3 * HOUR
    assert await hours(lists, ListPart(before_us=before)) == [2, 1]
    assert await hours(lists, ListPart(before_us=before + 1)) == [3, 2, 1]
    assert await lists.text(ListPart(), text, lambda name: name != "cam1") == b"[[2], false]"
    assert await lists.text(ListPart(), text, lambda name: name != "cam2") == b"[[3, 1], false]"
    assert await hours(lists) == [3, 2, 1]
    assert catalogue.scans == 1


async def test_a_text_is_made_once_for_each_scan(folder: Folder, catalogue: Counted) -> None:
    record(folder, 1)
    lists, made = RecordingLists(catalogue, max_age_s=FOREVER_S), []

    def counted(page: Page) -> bytes:
        made.append(threading.current_thread().name)
        return text(page)

    for _ in range(3):
        await asyncio.gather(*(lists.text(ListPart(), counted) for _ in range(10)))
    assert len(made) == 1
    assert made[0].startswith("recording-lists")
    lists.forget()
    await lists.text(ListPart(), counted)
    assert len(made) == 2


async def test_what_is_kept_is_bounded(
    folder: Folder, catalogue: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(folder, 1)
    lists = RecordingLists(catalogue, max_age_s=FOREVER_S)
    for limit in range(1, module.MAX_TEXTS + 5):
        await lists.text(ListPart(limit=limit), text)
    assert lists._seen is not None
    assert len(lists._seen.texts) == module.MAX_TEXTS
    monkeypatch.setattr(module, "MAX_TEXT_BYTES", 3)
    lists.forget()
    assert await hours(lists) == [1]
    assert lists._seen.texts == {}


async def test_too_many_lists_at_once_are_refused_and_counted(
    folder: Folder, catalogue: Counted
) -> None:
    record(folder, 1)
    lists = RecordingLists(catalogue, max_age_s=FOREVER_S)
    assert await hours(lists) == [1]
    go_on = threading.Event()

    def slow(page: Page) -> bytes:
        go_on.wait(10)
        return text(page)

    def ask(limit: int) -> asyncio.Future[bytes]:
        return asyncio.ensure_future(lists.text(ListPart(limit=limit), slow))

    asked = [ask(1 + number) for number in range(module.MAX_WAITING)]
    asked += [ask(1) for _ in range(50)]  # the same as the first one
    await asyncio.sleep(0.01)
    for number in range(7):
        with pytest.raises(Busy):
            await ask(500 + number)
    go_on.set()
    assert set(await asyncio.gather(*asked)) == {b"[[1], false]"}
    assert lists.refused == 7


async def test_a_folder_that_cannot_be_read_is_tried_again(
    folder: Folder, catalogue: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(folder, 1)
    lists = RecordingLists(catalogue, max_age_s=FOREVER_S)
    with monkeypatch.context() as patch:
        patch.setattr(Catalogue, "scan", _broken)
        with pytest.raises(OSError, match="gone"):
            await hours(lists)
    assert await hours(lists) == [1]


def _broken(_: Catalogue) -> FolderScan:
    raise OSError("the disk is gone")


async def test_without_a_folder_the_list_is_empty(catalogue: Counted) -> None:
    lists = RecordingLists(catalogue)
    assert await hours(lists) == []
    free = await lists.text(ListPart(limit=1), lambda page: repr(page.free_bytes).encode())
    assert free == b"None"
