"""What nodes record: as chosen, by one of them, and on where one dies."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from app.access.key_store import KeyStore
from app.node import AppNode, NodeOptions
from app.recording.folder import Folder
from app.recording.recorders import THREADS, Recorders, RecordingOptions
from app.recording.recording_lists import ListPart, Page
from app.recording.recording_state import RecordingState
from app.recording.retention import RetentionRule
from app.streams.publishers import PublisherOptions
from app.webrtc import ice, peer_ports
from tests.app import coding
from tests.app.peers import publishing, until
from tests.app.recording import material
from tests.app.test_node import Into
from tests.media import recorded
from wire import keys
from wire.connection import Redis
from wire.recording_board import RecordingBoard, RecordMode

UNITS = coding.h264(98, 54, 10)
MakeNode = Callable[..., AppNode]


@pytest.fixture
async def store(redis_client: Redis) -> KeyStore:
    """The choices, which all nodes here know."""
    found = KeyStore(redis_client)
    await found.load()
    return found


@pytest.fixture
async def make(redis_client: Redis, store: KeyStore, tmp_path: Path) -> AsyncIterator[MakeNode]:
    """Nodes that record into folders of their own, or into one."""
    peer_ports.install(ice.IceAddresses(("127.0.0.1",), ()))
    made: list[tuple[AppNode, asyncio.Task[None]]] = []

    def node(name: str, mode: RecordMode = "off", folder: str = "", **rule: Any) -> AppNode:
        options = RecordingOptions(tmp_path / (folder or name), mode, RetentionRule(**rule))
        publishers = PublisherOptions(8, 1500, 10.0, publisher_grace_s=0.5)
        node_options = NodeOptions(publishers, 8, name, recording=options)
        new = AppNode(redis_client, node_options, recording_of=store.recording_of)
        made.append((new, asyncio.get_running_loop().create_task(new.run(), name=name)))
        return new

    yield node
    for new, task in made:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await new.close()


def state(node: AppNode, rendition: str = keys.SOURCE) -> RecordingState | None:
    found = [each for each in node.recorders.all() if each.subject.rendition == rendition]
    return found[0].state if found else None


def pictures(recorders: Recorders) -> list[int]:
    """The pictures of each file, the oldest first."""
    stored = sorted(recorders.folder.stored(), key=lambda each: each.name)
    paths = [recorders.folder.root / each.stream / each.name for each in stored]
    return [len(recorded.decoded(path)[0]) for path in paths]


async def until_recording(node: AppNode, rendition: str = keys.SOURCE) -> None:
    await until(lambda: state(node, rendition) is RecordingState.RECORDING)


async def test_a_stream_is_recorded_where_the_server_records_all(make: MakeNode) -> None:
    node = make("one", "source")
    async with publishing(Into(node).publish, UNITS):
        await until_recording(node)
        assert state(node, keys.ENHANCED) is None
        own = node.recorders.all()[0]
        await until(lambda: own.durable_us > 0)
        before = own.durable_us
        await until(lambda: own.durable_us > before + 1_000_000)
    await until(lambda: node.recorders.all() == [])
    assert node.recorders.finished == 1
    (count,) = pictures(node.recorders)
    assert count >= 20
    (found,) = node.recorders.catalogue.list(limit=10)
    assert found.facts is not None
    assert (found.facts.ended, found.facts.audio, found.facts.node) == (True, True, "one")


async def test_nothing_is_recorded_unless_somebody_chooses(make: MakeNode, store: KeyStore) -> None:
    node = make("one")
    into = Into(node)
    async with publishing(into.publish, UNITS):
        await into.until_live()
        await asyncio.sleep(0.6)
        assert node.recorders.all() == []
        assert not node.recorders.folder.root.exists()
        await store.set_recording("cam1", "source")
        await until_recording(node)
        await store.set_recording("cam1", "off")
        await until(lambda: node.recorders.all() == [])
        assert node.recorders.finished == 1
        await store.set_recording("cam1", "both")
        await until_recording(node)
        await until(lambda: state(node, keys.ENHANCED) is RecordingState.WAITING)
        await store.set_recording("cam1", None)
        await until(lambda: node.recorders.all() == [])


async def test_what_is_recorded_enhanced_counts_as_watched(make: MakeNode) -> None:
    node = make("one", "enhanced")
    into = Into(node)
    async with publishing(into.publish, UNITS):
        await until(lambda: state(node, keys.ENHANCED) is RecordingState.WAITING)
        record = await node.directory.record("cam1")
        assert record is not None

        async def is_watched() -> bool:
            found = (await node.directory.renditions(record)).get(keys.ENHANCED)
            return found is not None and found.watched_us > 0

        async with asyncio.timeout(15):
            while not await is_watched():  # noqa: ASYNC110 - Redis knows no event of ours
                await asyncio.sleep(0.05)


async def test_one_of_two_nodes_records_and_the_other_looks_on(
    make: MakeNode, redis_client: Redis
) -> None:
    one, two = make("one", "source"), make("two", "source")
    async with publishing(Into(one).publish, UNITS):
        await until_recording(one)
        await asyncio.sleep(2.0)
        assert two.recorders.all() == []
        (entry,) = await RecordingBoard(redis_client).read()
        assert (entry.node, entry.stream, entry.state) == ("one", "cam1", "recording")
        assert entry.bytes > 0
    await until(lambda: one.recorders.all() == [])
    assert await RecordingBoard(redis_client).read() == []


async def test_another_node_goes_on_without_a_gap(
    make: MakeNode, redis_client: Redis, store: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = make("one", "source"), make("two", "source")
    async with publishing(Into(one).publish, UNITS):
        await until_recording(one)
        own = one.recorders.all()[0]
        await until(lambda: own.durable_us > 0)

        async def renew(entries: list[object]) -> list[bool]:
            return [True] * len(entries)

        # The node's recordings die as if it were killed, while its publisher goes on.
        monkeypatch.setattr(one.recorders._board, "renew", renew)
        monkeypatch.setattr(own, "take", lambda _: None)
        durable = own.durable_us
        await until(lambda: state(two) is RecordingState.RECORDING, timeout_s=15)
        other = two.recorders.all()[0]
        await until(lambda: other.durable_us > durable + 2_000_000)
        monkeypatch.undo()
        (entry,) = await RecordingBoard(redis_client).read()
        assert entry.node == "two"
        await until(lambda: one.recorders.all() == [])
        (found,) = two.recorders.catalogue.list(limit=10)
        assert found.facts is not None
        # A machine that is busy for longer than the log reaches back leaves a gap that is told.
        assert found.facts.started_us - durable < 5_000_000
        if found.facts.started_us > durable:
            await until(lambda: two.recorders.catalogue.list(limit=1)[0].facts.gaps)  # type: ignore[union-attr]
        # Who took it over ends it when nobody needs it any more.
        await store.set_recording("cam1", "off")
        await until(lambda: two.recorders.all() == [])


async def test_each_broadcast_of_a_name_begins_with_its_choice(
    make: MakeNode, store: KeyStore
) -> None:
    node = make("one")
    await store.set_recording("cam1", "source")  # before anybody publishes it
    for count in (1, 2):
        async with publishing(Into(node).publish, UNITS):
            await until_recording(node)
        await until(lambda: node.recorders.all() == [], timeout_s=15)
        assert node.recorders.finished == count
        await until(lambda: node.publishers.ingest_sessions() == [], timeout_s=15)
    await store.set_recording("cam1", None)
    into = Into(node)
    async with publishing(into.publish, UNITS):
        await into.until_live()
        await asyncio.sleep(0.6)
        assert node.recorders.all() == []


async def test_the_choice_outlives_a_redis_that_lost_its_data(
    make: MakeNode, redis_client: Redis, store: KeyStore
) -> None:
    node = make("one")
    into = Into(node)
    async with publishing(into.publish, UNITS):
        await into.until_live()
        await store.set_recording("cam1", "source")
        await until_recording(node)
        own = node.recorders.all()[0]
        await redis_client.execute("FLUSHALL")
        before = own.durable_us
        await until(lambda: own.durable_us > before + 1_500_000)
        assert node.recorders.all() == [own]
        await store.load()  # as its task does
        assert store.recording_of("cam1") == "source"
        entries = await RecordingBoard(redis_client).read()
        assert [each.node for each in entries] == ["one"]


async def test_files_that_are_too_old_or_left_over_are_tidied_up(make: MakeNode) -> None:
    node = make("one", days=7.0)
    folder = node.recorders.folder
    await asyncio.sleep(0.1)
    assert not folder.root.exists()
    old = material.stored(folder, material.STARTED_US)
    os.utime(folder.root / "cam1" / old, (time.time() - 8 * 86_400,) * 2)
    new = material.stored(folder, material.STARTED_US + 10**9)
    writer = material.written(folder, 2)
    writer._file.close()  # type: ignore[union-attr]  # as if its process had died
    await node.recorders._tidy()
    assert {each.name for each in folder.stored()} == {new, writer.name}
    facts = folder.facts("cam1", writer.name)
    assert facts is not None and facts.ended
    assert node.recorders.removed == 1


def undeletable(folder: Folder, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Has the system refuse to remove those files, as it does those of another user."""
    unlink = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path.name in names:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path))
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)


async def test_a_file_that_cannot_be_removed_stops_no_other(
    make: MakeNode, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    node = make("one", days=7.0)
    folder = node.recorders.folder
    names = [material.stored(folder, material.STARTED_US + n * 10**9) for n in range(4)]
    for age, name in zip((40, 30, 20, 1), names, strict=True):
        os.utime(folder.root / "cam1" / name, (time.time() - age * 86_400,) * 2)
    undeletable(folder, monkeypatch, names[0])
    for _ in range(3):
        await node.recorders._tidy()
    assert {each.name for each in folder.stored()} == {names[0], names[3]}
    assert (node.recorders.removed, node.recorders.faults.count) == (2, 1)
    told = [each.getMessage() for each in caplog.records if "is not removed" in each.getMessage()]
    assert len(told) == 1 and names[0] in told[0]


async def test_what_cannot_be_removed_leaves_its_place_to_others(
    make: MakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = make("one", max_bytes=250)
    folder = node.recorders.folder
    names = [material.stored(folder, material.STARTED_US + n * 10**9) for n in range(5)]
    for age, name in zip((5, 4, 3, 2, 1), names, strict=True):
        os.utime(folder.root / "cam1" / name, (time.time() - age * 86_400,) * 2)
    undeletable(folder, monkeypatch, names[0])
    await node.recorders._tidy()
    assert {each.name for each in folder.stored()} == {names[0], names[4]}


async def test_a_folder_that_cannot_be_used_costs_no_stream(make: MakeNode, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    node = make("one", "source", folder="taken")
    into = Into(node)
    async with publishing(into.publish, UNITS):
        await into.until_live()
        await until(lambda: state(node) is RecordingState.HELD)
        reason = node.recorders.all()[0].reason
        assert reason.startswith("The recording is held: ")
        await node.recorders._tidy()
        assert node.recorders.catalogue.list(limit=5) == []
    await until(lambda: node.recorders.all() == [])


async def test_files_end_with_the_node(make: MakeNode) -> None:
    node = make("one", "source")
    with contextlib.suppress(ConnectionError):
        async with publishing(Into(node).publish, UNITS):
            await until_recording(node)
            await node.close()
            (found,) = node.recorders.catalogue.list(limit=10)
            assert found.facts is not None and found.facts.ended
            assert pictures(node.recorders)[0] >= 1


async def listed(node: AppNode) -> list[tuple[str, bool]]:
    """Names of the recordings as they are listed, and whether they are live."""

    def text(page: Page) -> bytes:
        return json.dumps([(each.file.name, each.is_live) for each in page.files]).encode()

    found = json.loads(await node.recorders.lists.text(ListPart(), text))
    return [(name, is_live) for name, is_live in found]


async def test_a_list_is_right_at_once_when_a_recording_has_ended(make: MakeNode) -> None:
    node = make("one", "source")
    async with publishing(Into(node).publish, UNITS):
        await until_recording(node)
        ((name, is_live),) = await listed(node)
        assert is_live
        own = node.recorders.all()[0]
        own.stop()
        while node.recorders.finished == 0:
            await listed(node)
            await asyncio.sleep(0.001)
        assert (name, False) in await listed(node)


async def test_removed_files_leave_the_list_at_once(make: MakeNode) -> None:
    node = make("one", days=7.0)
    old = material.stored(node.recorders.folder, material.STARTED_US)
    new = material.stored(node.recorders.folder, material.STARTED_US + 10**9)
    os.utime(node.recorders.folder.root / "cam1" / old, (time.time() - 8 * 86_400,) * 2)
    assert await listed(node) == [(new, False), (old, False)]
    await node.recorders._tidy()
    assert await listed(node) == [(new, False)]
    assert not await node.recorders.remove("cam1", old)
    assert await node.recorders.remove("cam1", new)
    assert await listed(node) == []


async def test_readers_and_writers_do_not_wait_for_each_other(make: MakeNode) -> None:
    node = make("one")
    recorders, go_on = node.recorders, threading.Event()
    name = material.stored(recorders.folder, material.STARTED_US)
    writers = [asyncio.ensure_future(recorders._on_thread(go_on.wait)) for _ in range(THREADS)]
    async with asyncio.timeout(10):
        assert await listed(node) == [(name, False)]
        assert await recorders.status("cam1", name) is not None
    go_on.set()
    await asyncio.gather(*writers)
    go_on.clear()

    def hold(_: Page) -> bytes:
        go_on.wait(10)
        return b""

    held = asyncio.ensure_future(recorders.lists.text(ListPart(limit=1), hold))
    async with asyncio.timeout(10):
        assert await recorders.status("cam1", name) is not None
        assert await recorders.remove("cam1", name)
        assert await recorders.status("cam1", name) is None
    go_on.set()
    await held
    assert recorders.refused == {"recording_lists": 0, "recording_files": 0}
