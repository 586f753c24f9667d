"""One recording: takes the units of a rendition and of its sound, and has them written.

It is a consumer of a reader. Nothing on the event loop waits for the disk: units go to a bounded
queue, and twice a second what waits is cut, packed and written on a thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

from app.recording.recording_events import RecordingEvents
from app.recording.recording_state import RECORDING, RecordingEvent, RecordingState
from app.recording.recording_writer import RecordingWriter, Subject, Written
from app.recording.replay_gate import ReplayGate
from app.recording.unit_queue import UnitQueue
from app.streams.rendition_reader import RenditionReader
from media.access_unit import AccessUnit, Kind
from wire import keys
from wire.state_machine import StateMachine
from wire.stream_logger import StreamLogger

log = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")

FLUSH_S = 0.3
"""Seconds between writes. What is lost when a process dies is this much, and one write."""

RETRY_S = 2.0
"""Seconds between trials of a disk that took no more."""


class _Sound:
    """Hands the sound of the source to the recorder of an enhanced rendition, which has none."""

    is_needed = True

    def __init__(self, take: Callable[[AccessUnit], None]) -> None:
        self._take = take

    def take(self, unit: AccessUnit) -> None:
        """Takes a unit of the source."""
        if unit.kind is Kind.AUDIO:
            self._take(unit)

    def on_gap(self) -> None:
        """Nothing: pictures of the source are not recorded here."""

    def on_end(self) -> None:
        """Nothing: the rendition ends too."""


class Recorder:
    """Records one rendition from ``attach`` to ``stop``. ``run`` is its one task."""

    def __init__(
        self, subject: Subject, writer: RecordingWriter, events: RecordingEvents, executor: Executor
    ) -> None:
        self.subject = subject
        self.has_audio = subject.has_audio
        "True while the stream has sound."
        self.viewers = 0
        self.durable_us = subject.after_us
        "Time of capture of the last picture that is on the disk."
        self.reason = ""
        "Sentence that says why nothing is recorded; empty: it is, or no picture came yet."
        self._writer = writer
        self._events = events
        self._executor = executor
        self._life = StateMachine(RECORDING, owner=f"recording of {subject.stream}")
        self._queue = UnitQueue()
        self._gate = ReplayGate(subject.after_us)
        self._is_on_trial = False
        "Held, and what comes is written all the same, since the disk seems to take it again."
        self._stopping = asyncio.Event()
        self._readers: list[tuple[RenditionReader, Recorder | _Sound]] = []
        self._log = StreamLogger(log, stream=subject.stream)

    @property
    def state(self) -> RecordingState:
        """The recording's state."""
        return self._life.state

    @property
    def is_needed(self) -> bool:
        """True: what is recorded counts as watched."""
        return not self._stopping.is_set()

    @property
    def bytes(self) -> int:
        """Bytes written, of all files."""
        return self._writer.bytes

    @property
    def dropped(self) -> dict[str, int]:
        """Units that did not reach the disk, by reason."""
        return dict(self._queue.dropped)

    def attach(self, reader: RenditionReader, sound: RenditionReader) -> None:
        """Takes units from now on; ``sound`` is the reader of the source."""
        consumers: list[tuple[RenditionReader, Recorder | _Sound]] = [(reader, self)]
        if self.subject.rendition != keys.SOURCE:
            consumers.append((sound, _Sound(self.take)))
        for each, consumer in consumers:
            each.attach(consumer)
        self._readers += consumers

    def take(self, unit: AccessUnit) -> None:
        """Takes one unit."""
        if self._stopping.is_set():
            return
        for each in self._gate.take(unit):
            self._queue.push(each)

    def on_gap(self) -> None:
        """Nothing is to be forgotten: what follows begins at a key frame, whose time tells."""

    def on_end(self) -> None:
        """Ends the recording with its rendition."""
        self.stop()

    def stop(self) -> None:
        """Ends the recording; ``run`` writes what waits, and returns."""
        self._stopping.set()

    async def run(self) -> None:
        """Writes until ``stop``."""
        try:
            while not self._stopping.is_set():
                await self._pause(RETRY_S if self._is_shut else FLUSH_S)
                await self._step()
        finally:
            for reader, consumer in self._readers:
                reader.detach(consumer)
            self._stopping.set()
            # Also where the task is cancelled: the thread ends the file, whoever waits for it.
            await asyncio.shield(self._end())

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def _step(self) -> None:
        if self._is_shut:
            self._queue.discard("held")
            await self._try_again()
            return
        units = self._queue.pop()
        if not units:
            return
        try:
            written = await self._on_thread(lambda: self._write(units))
        except OSError as error:
            self._refuse(error)
            return
        self._note(written)

    def _write(self, units: list[AccessUnit]) -> Written:
        return self._writer.write(units, has_audio=self.has_audio, viewers=self.viewers)

    @property
    def _is_shut(self) -> bool:
        return self.state is RecordingState.HELD and not self._is_on_trial

    async def _try_again(self) -> None:
        """Begins a trial. Only what is really written relieves: a quota, a folder that may not be
        written to and a damaged disk have free space too.
        """
        try:
            await self._on_thread(self._writer.check_disk)
        except OSError as error:
            self.reason = _sentence(error)
            return
        self._is_on_trial = True
        for reader, consumer in self._readers[:1]:
            # Joining anew asks for a key frame, and gets pictures from there on.
            reader.detach(consumer)
            reader.attach(consumer)

    def _refuse(self, error: OSError) -> None:
        is_news = self.state is not RecordingState.HELD
        self._life.apply(RecordingEvent.REFUSED)
        self._is_on_trial = False
        self.reason = _sentence(error)
        self._queue.discard("held")
        if is_news:
            self._log.warning("%s", self.reason, extra={"action": "recording_held"})
            self._events.recording_failed(self.subject, self.reason)
        self._tell_finished()

    def _note(self, written: Written) -> None:
        self.durable_us = max(self.durable_us, written.durable_us)
        if written.is_open and self.state is RecordingState.HELD:
            self._life.apply(RecordingEvent.RELIEVED)
            self._is_on_trial, self.reason = False, ""
            self._log.info("recording goes on", extra={"action": "recording_relieved"})
        if written.is_open and self.state is RecordingState.WAITING:
            self._life.apply(RecordingEvent.BEGUN)
            self._log.info("%s is recorded", self.subject.rendition, extra={"action": "recording"})
        self._tell_finished()

    def _tell_finished(self) -> None:
        for file in self._writer.take_finished():
            self._events.recording_ready(self.subject, file)

    async def _end(self) -> None:
        units = self._queue.pop()
        try:
            if units and not self._is_shut:
                self._note(await self._on_thread(lambda: self._write(units)))
            self._note(await self._on_thread(self._writer.end))
        except OSError as error:
            self._refuse(error)
        self._life.apply(RecordingEvent.END)

    async def _on_thread(self, work: Callable[[], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


def _sentence(error: OSError) -> str:
    """Returns a sentence for people that says why nothing is written."""
    reason = error.strerror or str(error)
    return f"The recording is held: {reason[:1].lower()}{reason[1:]}."
