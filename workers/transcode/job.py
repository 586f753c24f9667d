"""Enhancement of one file, from opening it to the report.

Every frame of the input gives one frame of the output, larger by the model's factor, with the same
time stamp. What can be copied is copied; what cannot be kept is named before the work begins; what
is damaged is left out and counted. What is finished is never thrown away.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from models.manifest import ZOO
from workers.encode.registry import DEFAULT_ENCODER
from workers.engines.selection import EngineRequest, choose_engine
from workers.errors import FileFailed
from workers.runtime.bounded_queue import BoundedQueue
from workers.runtime.pipeline_thread import PipelineThread, join_all
from workers.scheduling import capacity
from workers.transcode.file_encoder import SOFTWARE, FileEncoder, choose_file_encoder
from workers.transcode.losses import Left, losses
from workers.transcode.output import FileOutput, Format, format_for, with_encoder
from workers.transcode.preview import Still, check_still, write_still
from workers.transcode.source import Source, has_picture, open_source
from workers.transcode.steps import FileDecode, FileEncode, FileEnhance, Item
from workers.upscale.model_cache import ModelCache

_QUEUE_LIMIT = 4
"""Frames between two threads: enough to keep them busy, at some megabytes each."""

_JOIN_TIMEOUT_S = 30.0
"""Time for the threads to end; a slow net may take seconds for a frame."""

_KINDS = {"audio": "sound", "subtitle": "subtitles", "video": "covers"}


@dataclasses.dataclass(frozen=True, slots=True)
class FileReport:
    """Result of enhancing a file."""

    frames: int
    width: int
    "Width of the output in pixels."
    height: int
    wall_s: float
    model: str
    engine: str
    losses: tuple[str, ...] = ()
    "Sentences about properties and streams of the input that the output lacks, known before."
    notes: tuple[str, ...] = ()
    "Sentences about damage and changes of size that were met on the way."


@dataclasses.dataclass(frozen=True, slots=True)
class JobProgress:
    """Progress of a file."""

    frames: int
    total: int
    "Pictures of the whole file; 0 if not known."
    rate: float
    "Pictures that the film shows in a second; 0 if not known."


def partial_of(target: Path) -> Path:
    """Returns the path that the output has until it is whole: ``film.partial.mkv``."""
    return target.with_name(f"{target.stem}.partial{target.suffix}")


@dataclasses.dataclass(frozen=True, slots=True)
class FileOptions:
    """Net, engine and encoder of files."""

    model: str
    strength: float = 0.0
    models_dir: Path | None = None
    engine: str = "auto"
    engine_cache: Path | None = None
    precision: str = "auto"
    threads: int = 0
    encoder: str = SOFTWARE
    "Word of ``file_encoder.NAMES``, for .mp4."
    zoo: Path = ZOO


class FileEnhancer:
    """Enhances files one after the other, with one engine and one set of compiled nets.

    The engine is chosen at the first file that can be read. Use it as a context manager.
    """

    def __init__(self, options: FileOptions) -> None:
        self._options = options
        self._stack = contextlib.ExitStack()
        self._nets: ModelCache | None = None
        self._encoder: FileEncoder | None = None

    def __enter__(self) -> FileEnhancer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def enhance(
        self,
        source: Path,
        target: Path,
        *,
        overwrite: bool = False,
        on_losses: Callable[[tuple[str, ...]], None] = lambda sentences: None,
        on_progress: Callable[[JobProgress], None] = lambda progress: None,
    ) -> FileReport:
        """Enhances a file; the target's suffix says how it is written (``FORMATS``).

        ``on_losses`` gets the losses before the first picture, ``on_progress`` each progress, both
        on the caller's thread. Raises FileFailed, EngineUnavailable or NetUnusable; then there is
        no new target, but what was finished is in ``partial_of(target)``, if that shows a picture.
        """
        target_format = self._format(target)
        _check_target(target, source, overwrite=overwrite)
        begun = time.monotonic()
        partial = partial_of(target)
        with contextlib.ExitStack() as stack:
            # Undone in reverse order: the partial file is closed and judged before the input is
            # given up.
            opened = open_source(source)
            stack.callback(opened.container.close)
            enhance = self._enhance(opened)
            output = FileOutput(partial, target_format, opened, enhance.canvas)
            job = _Job(opened, output, enhance)
            stack.callback(job.keep_or_remove, partial)
            lost = job.losses(target_format)
            on_losses(lost)
            job.run(on_progress)
            # The name appears once the file is whole; an older target stays until then.
            output.close()
            os.replace(partial, target)
        return job.report(self._options.model, lost, time.monotonic() - begun)

    def still(self, source: Path, path: Path) -> Still:
        """Writes a still of before and after. Raises FileFailed, EngineUnavailable, NetUnusable."""
        check_still(path)
        opened = open_source(source)
        try:
            return write_still(path, source, opened, self._enhance(opened))
        finally:
            opened.container.close()

    def _enhance(self, opened: Source) -> FileEnhance:
        options = self._options
        if self._nets is None:
            wanted = EngineRequest(
                options.model, capacity.WIDTH, capacity.HEIGHT, options.precision, options.zoo
            )
            choice = choose_engine(
                options.engine, wanted, threads=options.threads, cache_dir=options.engine_cache
            )
            self._nets = ModelCache(
                choice.engine,
                precision=options.precision,
                zoo=options.zoo,
                models_dir=options.models_dir,
            )
            self._stack.callback(self._nets.close)
        return FileEnhance(self._nets, options.model, options.strength, opened.facts.picture)

    def _format(self, target: Path) -> Format:
        """Returns the target's format with the encoder that works here. Raises FileFailed."""
        found = format_for(target)
        if found.codec != DEFAULT_ENCODER:
            return found
        if self._encoder is None:
            self._encoder = choose_file_encoder(self._options.encoder)
        return with_encoder(found, self._encoder)


def _check_target(target: Path, source: Path, *, overwrite: bool) -> None:
    """Raises FileFailed if the target must not be written over."""
    if target.exists() and not overwrite:
        raise FileFailed(f"{target} exists already.")
    # Two names may be one file, by a link.
    if target.exists() and target.samefile(source):
        raise FileFailed(f"{target} is the input itself.")


class _Job:
    """Threads of one file; the caller's thread writes their packets and waits for them."""

    def __init__(self, source: Source, output: FileOutput, enhance: FileEnhance) -> None:
        self.enhance = enhance
        self.encode = FileEncode(output)
        self._source = source
        self._output = output
        self._rate = float(source.video.average_rate or 0)
        self._error: Exception | None = None
        self.decode = FileDecode(source, output.copied)
        # The only input of the decoding thread is the open container, which from then on is its
        # own.
        self._inputs: BoundedQueue[Any] = BoundedQueue(1)
        self._decoded: BoundedQueue[Item] = BoundedQueue(_QUEUE_LIMIT)
        self._enhanced: BoundedQueue[Item] = BoundedQueue(_QUEUE_LIMIT)
        self._coded: BoundedQueue[Item] = BoundedQueue(_QUEUE_LIMIT)
        self._stages: tuple[PipelineThread[Any, Any], ...] = (
            PipelineThread(
                "decode file",
                self.decode,
                self._inputs,
                self._decoded.put,
                finish=self._decoded.finish,
                fail=self._fail,
            ),
            PipelineThread(
                "enhance file",
                enhance,
                self._decoded,
                self._enhanced.put,
                finish=self._enhanced.finish,
                fail=self._fail,
            ),
            PipelineThread(
                "encode file",
                self.encode,
                self._enhanced,
                self._coded.put,
                finish=self._coded.finish,
                fail=self._fail,
            ),
        )

    def report(self, model: str, losses: tuple[str, ...], wall_s: float) -> FileReport:
        """Returns what came of the finished work."""
        width, height = self.enhance.canvas
        return FileReport(
            frames=self.encode.frames,
            width=width,
            height=height,
            wall_s=wall_s,
            model=model,
            engine=self.enhance.engine,
            losses=losses,
            notes=self.notes(),
        )

    def losses(self, target_format: Format) -> tuple[str, ...]:
        """Returns sentences about what the output cannot hold; known before the work."""
        left = [
            Left.of(each) for each in self._source.others if each.index not in self._output.kept
        ]
        chapters = len(self._source.container.chapters())
        return losses(self._source.facts, target_format, left, chapters=chapters)

    def notes(self) -> tuple[str, ...]:
        """Returns sentences about damage and changes that were met during the work."""
        decode, found = self.decode, []
        if decode.damaged:
            found.append(f"{_count(decode.damaged, 'damaged packet')} left out.")
        for kind, number in sorted(self._output.refused.items()):
            what = _KINDS.get(kind, kind)
            found.append(f"{_count(number, 'damaged packet')} of {what} left out.")
        if decode.concealed:
            found.append(f"{_count(decode.concealed, 'damaged picture')} mended by the decoder.")
        if decode.ended_early:
            found.append(f"The input ended early: {decode.ended_early}.")
        if decode.interlaced and not self._source.facts.interlaced:
            found.append(f"{_count(decode.interlaced, 'interlaced frame')} made progressive.")
        if self._output.lost_aspect:
            found.append("The pixels are not square; the output does not say so.")
        if self.enhance.size_changes:
            found.append(
                f"The picture changed its size {_count(self.enhance.size_changes, 'time')}; it was "
                "fitted into the first one."
            )
        return tuple(found)

    def run(self, on_progress: Callable[[JobProgress], None]) -> None:
        """Works until the file is complete. Raises the error of a failed thread."""
        self._output.start()
        for stage in self._stages:
            stage.start()
        try:
            self._inputs.put(self._source.container)
            self._inputs.finish()
            self._write(on_progress)
            if self._error is not None:
                raise self._error
            if not self.encode.frames:
                raise FileFailed(f"{self._source.name} has no picture that can be decoded.")
        finally:
            # On every way out, also after Ctrl-C: a thread that still writes would spoil what
            # ``salvage`` closes.
            self._close()
            join_all(self._stages, _JOIN_TIMEOUT_S)

    def keep_or_remove(self, partial: Path) -> None:
        """Closes the partial file after a failure; it stays if it shows a picture."""
        self._output.salvage()
        if self._output.is_started and partial.exists() and not has_picture(partial):
            partial.unlink(missing_ok=True)

    def _write(self, on_progress: Callable[[JobProgress], None]) -> None:
        reported = 0
        # The muxer is the caller's thread alone; encoding goes on meanwhile.
        while (item := self._coded.get()) is not None:
            self._output.mux(item.packet, item.copy_of)
            if self.encode.frames != reported:
                reported = self.encode.frames
                on_progress(JobProgress(reported, self._source.frames, self._rate))

    def _fail(self, error: Exception) -> None:
        # The first error is the cause. Closing all queues ends the other threads, and the caller's
        # loop in ``_write``.
        self._error = self._error or error
        self._close()

    def _close(self) -> None:
        for channel in (self._inputs, self._decoded, self._enhanced, self._coded):
            channel.close()


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
