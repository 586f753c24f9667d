"""What the three threads do with a file: the steps of a live stream, without haste."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av.error

from workers.enhance.nets import NetCache
from workers.enhance.upscaler import Upscaler
from workers.errors import FileFailed
from workers.file_output import FileOutput
from workers.picture import Picture


@dataclasses.dataclass(slots=True)
class Item:
    """One picture on its way, or a packet on its way to the file."""

    picture: Picture | None = None
    pts: int = 0
    "In ticks of the source's time base."
    packet: Any = None
    audio_index: int | None = None
    "Of the input, for a copied packet."


class FileDecode:
    """An open input to its pictures, in order; packets of the audio streams go through."""

    def __init__(self, name: str, video: Any, audio: list[Any]) -> None:
        self._name = name
        self._stream = video
        self._audio = audio
        self._last_pts: int | None = None

    def step(self, item: Any) -> Iterator[Item]:
        """All pictures and audio packets of the input container ``item``."""
        try:
            # Demuxing ends with an empty packet per stream, which flushes the decoder.
            for packet in item.demux(self._stream, *self._audio):
                yield from self._split(packet)
        except av.error.FFmpegError as error:
            raise FileFailed(f"{self._name} is damaged: {error.strerror}.") from error

    def flush(self) -> Iterator[Item]:
        """Nothing is held back."""
        yield from ()

    def _split(self, packet: Any) -> Iterator[Item]:
        if packet.stream.index == self._stream.index:
            for frame in packet.decode():
                yield Item(picture=Picture.of_frame(frame), pts=self._pts(frame))
        elif packet.dts is not None:
            yield Item(packet=packet, audio_index=packet.stream.index)

    def _pts(self, frame: Any) -> int:
        """The frame's time stamp; a missing one, or one that does not grow, is made up."""
        last, pts = self._last_pts, frame.pts
        if pts is None:
            rate = self._stream.average_rate or Fraction(30)
            step = max(1, round(1 / (rate * self._stream.time_base)))
            pts = 0 if last is None else last + step
        if last is not None and pts <= last:
            pts = last + 1
        self._last_pts = pts
        return int(pts)


class FileEnhance:
    """Every picture through the net."""

    def __init__(self, nets: NetCache, model: str, strength: float) -> None:
        self._nets = nets
        self._model = model
        self._strength = strength
        self._upscaler = Upscaler()
        self._size: tuple[int, int] | None = None
        self.engine = ""
        "Name of the engine that runs the net; empty before the first picture."

    def step(self, item: Item) -> Iterator[Item]:
        """The item with its picture enhanced."""
        if item.picture is not None:
            self._use_net_for(item.picture)
            item.picture = self._upscaler.enhance(item.picture, self._strength)
        yield item

    def flush(self) -> Iterator[Item]:
        """Nothing is held back."""
        yield from ()

    def _use_net_for(self, picture: Picture) -> None:
        size = (picture.width, picture.height)
        if self._size is None:
            net = self._nets.load(self._model, *size)
            self._upscaler.use(net)
            self.engine = net.engine
            self._size = size
        if size != self._size:
            raise FileFailed(
                f"The picture changes from {self._size[0]}x{self._size[1]} to "
                f"{size[0]}x{size[1]}, which one file cannot hold."
            )


class FileEncode:
    """Pictures to packets."""

    def __init__(self, output: FileOutput, source: Any) -> None:
        self._output = output
        self._source = source
        self._held: list[Item] = []
        self.frames = 0
        self.size = (0, 0)

    def step(self, item: Item) -> Iterator[Item]:
        """The packets complete after this picture."""
        picture = item.picture
        if picture is None:
            # The first packet makes FFmpeg write the container's header, after which no stream
            # can be added: sound that comes before the first picture waits for it.
            if self.frames:
                yield item
            else:
                self._held.append(item)
            return
        if not self.frames:
            self.size = (picture.width, picture.height)
            self._output.open_video(picture, self._source)
            yield from self._held
            self._held.clear()
        for packet in self._output.code(picture, item.pts, self.frames):
            yield Item(packet=packet)
        self.frames += 1

    def flush(self) -> Iterator[Item]:
        """The packets still inside the encoder."""
        for packet in self._output.code(None, 0, self.frames):
            yield Item(packet=packet)
