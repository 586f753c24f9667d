"""A file enhanced: the steps of a live stream on their three threads, but never late.

Every frame of the input gives one frame of the output, larger by the model's factor, with the same
time stamp. Pixel formats other than 8-bit 4:2:0 become that. Audio is copied.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import av.error

from models.manifest import ZOO
from workers import capacity
from workers.channel import Channel
from workers.engines.choice import Wanted, choose_engine
from workers.enhance.nets import NetCache
from workers.errors import FileFailed
from workers.file_output import FileOutput, format_for
from workers.file_steps import FileDecode, FileEncode, FileEnhance, Item
from workers.stage import Stage

_BETWEEN = 4
_JOIN_S = 30.0


@dataclasses.dataclass(frozen=True, slots=True)
class FileReport:
    """What was done."""

    frames: int
    width: int
    "Of the output."
    height: int
    wall_s: float
    model: str
    engine: str
    audio_left_out: tuple[str, ...]
    "Codecs of audio streams that the target's container does not take."


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
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    zoo: Path = ZOO,
) -> FileReport:
    """Enhances a file; the target's suffix says how it is written (``FORMATS``).

    ``on_progress`` gets (frames done, frames in all or 0 if not known), on the caller's thread.
    Raises FileFailed, EngineUnavailable or NetUnusable; then there is no new target.
    """
    target_format = format_for(target)
    if target.exists() and not overwrite:
        raise FileFailed(f"{target} exists already.")
    if target.exists() and target.samefile(source):
        raise FileFailed(f"{target} is the input itself.")
    begun = time.monotonic()
    # The target's name appears only when the file is whole.
    partial = target.with_name(target.name + ".part")
    with contextlib.ExitStack() as stack:
        opened = _open(source)
        stack.callback(opened.container.close)
        wanted = Wanted(model, capacity.WIDTH, capacity.HEIGHT, precision, zoo)
        choice = choose_engine(engine, wanted, threads=threads, cache_dir=engine_cache)
        nets = NetCache(
            choice.engine,
            precision=precision,
            zoo=zoo,
            models_dir=models_dir,
        )
        stack.callback(nets.close)
        stack.callback(partial.unlink, missing_ok=True)
        output = FileOutput(partial, target_format)
        stack.callback(output.close)
        job = _Job(opened, output, FileEnhance(nets, model, strength))
        job.run(on_progress)
        output.close()
        os.replace(partial, target)
    return FileReport(
        frames=job.encode.frames,
        width=job.encode.size[0],
        height=job.encode.size[1],
        wall_s=time.monotonic() - begun,
        model=model,
        engine=job.enhance.engine,
        audio_left_out=tuple(output.left_out),
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _Source:
    """An open input."""

    name: str
    container: Any
    video: Any
    frames: int
    "As the container says, or by its duration; 0 if neither is known."


def _open(source: Path) -> _Source:
    try:
        container = av.open(str(source))
    except (OSError, av.error.FFmpegError) as error:
        raise FileFailed(f"{source} cannot be read: {error.strerror}.") from error
    if not container.streams.video:
        container.close()
        raise FileFailed(f"{source} has no video in it.")
    video = container.streams.video[0]
    video.codec_context.thread_count = 1
    frames = int(video.frames)
    if not frames and container.duration and video.average_rate:
        frames = round(container.duration / av.time_base * float(video.average_rate))
    return _Source(source.name, container, video, frames)


class _Job:
    """The threads of one file; the caller's thread writes what they make, and waits."""

    def __init__(self, source: _Source, output: FileOutput, enhance: FileEnhance) -> None:
        self.enhance = enhance
        self.encode = FileEncode(output, source.video)
        self._source = source
        self._output = output
        self._error: Exception | None = None
        audio = [stream for stream in source.container.streams.audio if output.add_audio(stream)]
        self._inputs: Channel[Any] = Channel(1)
        self._decoded: Channel[Item] = Channel(_BETWEEN)
        self._enhanced: Channel[Item] = Channel(_BETWEEN)
        self._coded: Channel[Item] = Channel(_BETWEEN)
        self._stages: tuple[Stage[Any, Any], ...] = (
            Stage("decode file", FileDecode(source.name, source.video, audio), self._inputs,
                  self._decoded.put, finish=self._decoded.finish, fail=self._fail),
            Stage("enhance file", enhance, self._decoded,
                  self._enhanced.put, finish=self._enhanced.finish, fail=self._fail),
            Stage("encode file", self.encode, self._enhanced,
                  self._coded.put, finish=self._coded.finish, fail=self._fail),
        )  # fmt: skip

    def run(self, on_progress: Callable[[int, int], None]) -> None:
        """Works until the file is whole. Raises what a thread failed with."""
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
            self._close()
            for stage in self._stages:
                stage.join(_JOIN_S)

    def _write(self, on_progress: Callable[[int, int], None]) -> None:
        reported = 0
        while (item := self._coded.get()) is not None:
            self._output.mux(item.packet, item.audio_index)
            if self.encode.frames != reported:
                reported = self.encode.frames
                on_progress(reported, self._source.frames)

    def _fail(self, error: Exception) -> None:
        self._error = self._error or error
        self._close()

    def _close(self) -> None:
        for channel in (self._inputs, self._decoded, self._enhanced, self._coded):
            channel.close()
