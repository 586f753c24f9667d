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
from typing import Any

from models.manifest import ZOO
from workers.engines.selection import EngineRequest, choose_engine
from workers.errors import FileFailed
from workers.runtime.bounded_queue import BoundedQueue
from workers.runtime.pipeline_thread import PipelineThread, join_all
from workers.scheduling import capacity
from workers.transcode.losses import Left, losses
from workers.transcode.output import FileOutput, Format, format_for
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


def partial_of(target: Path) -> Path:
    """Returns the path that the output has until it is whole: ``film.partial.mkv``."""
    return target.with_name(f"{target.stem}.partial{target.suffix}")


def enhance_file(
    source: Path,
    target: Path,
    *,
    model: str,
    strength: float = 0.0,
    models_dir: Path | None = None,
    engine: str = "auto",
    engine_cache: Path | None = None,
    precision: str = "auto",
    threads: int = 0,
    overwrite: bool = False,
    on_losses: Callable[[tuple[str, ...]], None] = lambda sentences: None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    zoo: Path = ZOO,
) -> FileReport:
    """Enhances a file; the target's suffix says how it is written (``FORMATS``).

    ``on_losses`` gets the losses before the first picture, ``on_progress`` (frames done, frames in
    all or 0 if not known), both on the caller's thread. Raises FileFailed, EngineUnavailable or
    NetUnusable; then there is no new target, but what was finished is in ``partial_of(target)``,
    if that shows a picture.
    """
    target_format = format_for(target)
    _check_target(target, source, overwrite=overwrite)
    begun = time.monotonic()
    partial = partial_of(target)
    with contextlib.ExitStack() as stack:
        # Undone in reverse order: the partial file is closed and judged before the net and the
        # input are given up.
        opened = open_source(source)
        stack.callback(opened.container.close)
        wanted = EngineRequest(model, capacity.WIDTH, capacity.HEIGHT, precision, zoo)
        choice = choose_engine(engine, wanted, threads=threads, cache_dir=engine_cache)
        nets = ModelCache(choice.engine, precision=precision, zoo=zoo, models_dir=models_dir)
        stack.callback(nets.close)
        enhance = FileEnhance(nets, model, strength, opened.facts.picture)
        output = FileOutput(partial, target_format, opened, enhance.canvas)
        job = _Job(opened, output, enhance)
        stack.callback(job.keep_or_remove, partial)
        lost = job.losses(target_format)
        on_losses(lost)
        job.run(on_progress)
        # The name appears once the file is whole; an older target stays until then.
        output.close()
        os.replace(partial, target)
    return FileReport(
        frames=job.encode.frames,
        width=enhance.canvas[0],
        height=enhance.canvas[1],
        wall_s=time.monotonic() - begun,
        model=model,
        engine=enhance.engine,
        losses=lost,
        notes=job.notes(),
    )


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

    def run(self, on_progress: Callable[[int, int], None]) -> None:
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

    def _write(self, on_progress: Callable[[int, int], None]) -> None:
        reported = 0
        # The muxer is the caller's thread alone; encoding goes on meanwhile.
        while (item := self._coded.get()) is not None:
            self._output.mux(item.packet, item.copy_of)
            if self.encode.frames != reported:
                reported = self.encode.frames
                on_progress(reported, self._source.frames)

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
