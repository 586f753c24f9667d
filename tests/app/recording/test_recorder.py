"""A recorder is a consumer of a reader, and leaves a playable file whatever happens."""

from __future__ import annotations

import asyncio
import concurrent.futures
import dataclasses
import errno
import os
from collections.abc import AsyncIterator

import pytest

from app.recording import recorder as module
from app.recording.folder import Folder
from app.recording.recorded_file import RecordedFile
from app.recording.recorder import Recorder
from app.recording.recording_state import RecordingState
from app.recording.recording_writer import FinishedFile, RecordingWriter, Subject
from app.streams.readers import RenditionReaders
from media.codec import Codec
from tests.app import fakes
from tests.app.peers import until
from tests.app.recording import material
from tests.media import recorded
from wire import keys
from wire.clock import now_us
from wire.connection import Redis
from wire.log import LogWriter
from wire.rendition_record import RenditionRegistry, RenditionSpec
from wire.stream_record import StreamRecord, StreamRegistry


@dataclasses.dataclass
class Notes:
    """Keeps what a recorder tells."""

    ready: list[FinishedFile] = dataclasses.field(default_factory=list)
    failed: list[str] = dataclasses.field(default_factory=list)

    def recording_ready(self, subject: Subject, file: FinishedFile) -> None:
        self.ready.append(file)

    def recording_failed(self, subject: Subject, reason: str) -> None:
        self.failed.append(reason)


class Place:
    """A recorder that runs, and the units that it is given."""

    def __init__(self, folder: Folder, threads: concurrent.futures.Executor) -> None:
        self.folder = folder
        self.notes = Notes()
        self._threads = threads
        self.recorder = self.made(material.subject())
        self.task: asyncio.Task[None] | None = None

    def made(self, subject: Subject) -> Recorder:
        writer = RecordingWriter(self.folder, subject)
        return Recorder(subject, writer, self.notes, self._threads)

    def run(self) -> None:
        self.task = asyncio.get_running_loop().create_task(self.recorder.run(), name="recorder")

    async def stop(self) -> None:
        self.recorder.stop()
        assert self.task is not None
        await self.task

    def pictures(self) -> int:
        return sum(
            len(recorded.decoded(self.folder.root / each.stream / each.name)[0])
            for each in self.folder.stored()
        )


@dataclasses.dataclass
class Asked:
    """Counts how often a recorder joins."""

    attached: int = 0

    def attach(self, _: object) -> None:
        self.attached += 1

    def detach(self, _: object) -> None:
        """Nothing."""


async def held_by_a_full_disk(place: Place, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Records to a disk that is full; returns its space, which may be changed."""
    free = {"free": 0}
    monkeypatch.setattr(Folder, "space", lambda _: (free["free"], 2**40))
    place.run()
    for unit in material.units(1):
        place.recorder.take(unit)
    await until(lambda: place.recorder.state is RecordingState.HELD)
    return free


async def until_dropping_ends(place: Place) -> None:
    """Waits until the recorder, which is held, writes what comes."""
    await until(lambda: place.recorder._is_on_trial)


@pytest.fixture
async def place(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    monkeypatch.setattr(module, "FLUSH_S", 0.02)
    monkeypatch.setattr(module, "RETRY_S", 0.02)
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        made = Place(folder, threads)
        yield made
        if made.task is not None:
            made.task.cancel()
            await asyncio.gather(made.task, return_exceptions=True)


async def test_what_is_taken_is_in_a_file_at_the_end(place: Place) -> None:
    place.run()
    assert place.recorder.state is RecordingState.WAITING
    for unit in material.units(3):
        place.recorder.take(unit)
    await until(lambda: place.recorder.state is RecordingState.RECORDING)
    await until(lambda: place.recorder.durable_us > 0)
    assert place.recorder.is_needed
    await place.stop()
    assert (place.recorder.state, place.recorder.is_needed) == (RecordingState.ENDED, False)
    assert place.pictures() == 30
    (file,) = place.notes.ready
    assert file.facts.ended
    last = max(unit.capture_us for unit in material.units(3) if unit.width)
    assert place.recorder.durable_us == last
    assert place.recorder.bytes > 0


async def test_a_recorder_that_is_cancelled_ends_its_file_too(place: Place) -> None:
    place.run()
    for unit in material.units(2):
        place.recorder.take(unit)
    await asyncio.sleep(0)
    assert place.task is not None
    place.task.cancel()
    await asyncio.gather(place.task, return_exceptions=True)
    await until(lambda: place.pictures() == 20)


async def test_nothing_is_taken_after_the_end(place: Place) -> None:
    place.run()
    await place.stop()
    for unit in material.units(1):
        place.recorder.take(unit)
    assert (place.pictures(), place.notes.ready) == (0, [])


async def test_the_end_of_the_reader_ends_the_recording(place: Place) -> None:
    place.run()
    for unit in material.units(1):
        place.recorder.take(unit)
    place.recorder.on_gap()
    place.recorder.on_end()
    assert place.task is not None
    await place.task
    assert place.pictures() == 10


async def test_a_full_disk_holds_the_recording_until_it_has_space(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = await held_by_a_full_disk(place, monkeypatch)
    assert place.recorder.reason.startswith("The recording is held: only 0 MiB are free")
    for unit in material.units(1):
        place.recorder.take(unit)
    await until(lambda: place.recorder.dropped.get("held", 0) > 0)
    assert place.notes.failed == [place.recorder.reason]
    free["free"] = 2**39
    await until_dropping_ends(place)
    assert place.recorder.state is RecordingState.HELD  # nothing is written yet
    for unit in material.units(2):
        place.recorder.take(unit)
    await until(lambda: place.recorder.state is RecordingState.RECORDING)
    assert place.recorder.reason == ""
    await place.stop()
    assert place.pictures() == 20
    assert len(place.notes.failed) == 1


async def test_a_folder_that_refuses_while_its_disk_has_space_is_told_once(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """A file stands where the folder should: the disk has space, and nothing can be written."""
    place.folder.root.mkdir(parents=True)
    (place.folder.root / "cam1").write_text("a file")
    reader = Asked()
    place.recorder.attach(reader, reader)  # type: ignore[arg-type]
    place.run()
    for _ in range(40):
        for unit in material.units(1):
            place.recorder.take(unit)
        await asyncio.sleep(0.01)
    assert place.recorder.state is RecordingState.HELD
    assert place.notes.failed == ["The recording is held: file exists."]
    assert [each.levelname for each in caplog.records] == ["WARNING"]
    # A key frame is asked for where something can be written, and costs its publisher bits.
    assert reader.attached == 1
    (place.folder.root / "cam1").unlink()
    await until(lambda: reader.attached == 2)
    for unit in material.units(2):
        place.recorder.take(unit)
    await until(lambda: place.recorder.state is RecordingState.RECORDING)
    await place.stop()
    assert (place.recorder.reason, place.pictures()) == ("", 20)
    assert len(place.notes.failed) == 1


async def test_a_trial_that_fails_is_no_news(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quota, say, that leaves room for the probe and not for a fragment."""
    tries = 0

    def refuse(*_: object) -> None:
        nonlocal tries
        tries += 1
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    monkeypatch.setattr(RecordedFile, "append", refuse)
    place.run()
    async with asyncio.timeout(20):
        while tries < 4:
            for unit in material.units(1):
                place.recorder.take(unit)
            await asyncio.sleep(0.01)
    await until(lambda: place.recorder.state is RecordingState.HELD)
    assert place.notes.failed == [place.recorder.reason]
    monkeypatch.undo()
    await place.stop()
    assert list(place.folder.stored()) == []


async def test_what_comes_in_a_trial_is_written_at_the_end(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = await held_by_a_full_disk(place, monkeypatch)
    free["free"] = 2**39
    await until_dropping_ends(place)
    for unit in material.units(1):
        place.recorder.take(unit)
    await place.stop()
    assert (place.recorder.state, place.pictures()) == (RecordingState.ENDED, 10)


async def test_a_recording_that_is_held_can_be_ended(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Folder, "space", lambda _: (0, 2**40))
    place.run()
    for unit in material.units(1):
        place.recorder.take(unit)
    await until(lambda: place.recorder.state is RecordingState.HELD)
    await place.stop()
    assert (place.recorder.state, place.pictures()) == (RecordingState.ENDED, 0)


async def test_it_goes_on_behind_what_another_node_wrote(place: Place) -> None:
    units = material.units(4)
    durable = [unit for unit in units if unit.width][14].capture_us
    place.recorder = place.made(material.subject(after_us=durable))
    place.run()
    for unit in units:
        place.recorder.take(unit)
    await until(lambda: place.recorder.durable_us > durable)
    await place.stop()
    assert place.pictures() == 30  # from the key frame before it on


async def test_an_enhanced_rendition_is_recorded_with_the_sound_of_the_source(
    place: Place, redis_client: Redis
) -> None:
    epoch = await StreamRegistry(redis_client).create("cam1")
    renditions = RenditionRegistry(redis_client)
    await renditions.ensure("cam1", keys.ENHANCED, epoch, RenditionSpec())
    lead = await renditions.take_lead("cam1", keys.ENHANCED, epoch, "w1")
    record = StreamRecord(id="cam1", epoch=epoch, renditions=(keys.ENHANCED,))

    async def still_live(stream: str) -> StreamRecord:
        return record

    readers = RenditionReaders(redis_client, record=still_live, ingest=lambda _: None)
    place.recorder = place.made(material.subject(keys.ENHANCED))
    place.recorder.attach(readers.get(record, keys.ENHANCED), readers.get(record, keys.SOURCE))
    place.run()
    source = LogWriter(redis_client, stream="cam1", rendition=keys.SOURCE, epoch=epoch)
    better = LogWriter(redis_client, stream="cam1", rendition=keys.ENHANCED, epoch=lead)
    small, large = material.units(2), material.units(2, Codec.H264)
    for one, other in zip(small, large, strict=True):
        await source.append(fakes.batch(epoch, one), now_ms=now_us() // 1000)
        if other.width:
            await better.append(fakes.batch(lead, other), now_ms=now_us() // 1000)
    await until(lambda: place.recorder.durable_us >= large[-2].capture_us - 70_000)
    await place.stop()
    await readers.close()
    (file,) = place.notes.ready
    assert (file.facts.codec, file.facts.rendition) == ("h264", keys.ENHANCED)
    pictures, sounds, _ = recorded.decoded(place.folder.root / "cam1" / file.name)
    assert len(pictures) == 20
    assert len(sounds) in range(25, 34)


async def test_the_event_loop_does_not_wait_for_the_disk(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = asyncio.Event()
    loop, write = asyncio.get_running_loop(), RecordingWriter.write

    def block(*arguments: object, **options: object) -> object:
        asyncio.run_coroutine_threadsafe(slow.wait(), loop).result(timeout=30)
        return write(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(RecordingWriter, "write", block)
    place.run()
    for unit in material.units(1):
        place.recorder.take(unit)
    for _ in range(50):
        await asyncio.sleep(0.002)
    for unit in material.units(2)[len(material.units(1)) :]:
        place.recorder.take(unit)
    slow.set()
    await until(lambda: place.recorder.state is RecordingState.RECORDING)
    await place.stop()
    assert place.pictures() == 20
