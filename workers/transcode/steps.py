"""Decode, upscale and encode steps for files: as for a live stream, but without deadlines."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av.error

from workers.media.picture import Picture
from workers.transcode.frames import FrameFilter, Ready, fit
from workers.transcode.output import FileOutput
from workers.transcode.source import Source, packets_of
from workers.upscale.model_cache import ModelCache
from workers.upscale.upscaler import Upscaler

MAX_ERRORS = 100
"""Consecutive read errors after which reading ends; single ones are damage within a file."""


@dataclasses.dataclass(slots=True)
class Item:
    """A picture in the pipeline, or a packet for the file."""

    picture: Picture | None = None
    pts: int = 0
    "Time stamp in ticks of the source's time base."
    packet: Any = None
    copy_of: int | None = None
    "Input stream of a copied packet."


class FileDecode:
    """Decodes an open input into its pictures, in order; packets of copied streams go through.

    What is damaged is left out and counted.
    """

    def __init__(self, source: Source, copied: set[int]) -> None:
        self._source = source
        self._streams = [
            each
            for each in source.container.streams
            if each.index == source.video.index
            or (each.index in copied and each.type != "attachment")
        ]
        self._filter = FrameFilter(source.video)
        self._last_pts: int | None = None
        self.damaged = 0
        "Packets that could not be read or decoded."
        self.concealed = 0
        "Pictures that the decoder concealed errors in."
        self.ended_early = ""
        "Reason why reading ended before the end; empty if it did not."

    @property
    def interlaced(self) -> int:
        """Number of frames that were deinterlaced."""
        return self._filter.interlaced

    def step(self, item: Any) -> Iterator[Item]:
        """Yields all pictures and copied packets of the input container ``item``."""
        errors = 0
        while errors < MAX_ERRORS:
            try:
                for packet in packets_of(item, *self._streams):
                    # Only errors in a row count, which a demuxer that is lost gives without end.
                    errors = 0
                    yield from self._split(packet)
                break
            except av.error.FFmpegError as error:
                # The demuxer may find the next packet behind the damage.
                errors += 1
                self.damaged += 1
                if not isinstance(error, av.error.InvalidDataError):
                    self.ended_early = error.strerror or type(error).__name__
                    break
        else:
            self.ended_early = "nothing more can be read"
        yield from self._items(self._filter.flush())

    def flush(self) -> Iterator[Item]:
        """Returns nothing: this step holds no items."""
        yield from ()

    def _split(self, packet: Any) -> Iterator[Item]:
        if packet.stream.index != self._source.video.index:
            # An empty packet, which ends each stream, has no time; a muxer would refuse it.
            if packet.dts is not None:
                yield Item(packet=packet, copy_of=packet.stream.index)
            return
        try:
            # Demuxing ends with an empty packet per stream, which flushes the decoder.
            frames = packet.decode()
        except EOFError:
            return
        except av.error.FFmpegError:
            self.damaged += 1
            return
        for frame in frames:
            yield from self._items(self._filter.push(frame))

    def _items(self, made: list[Ready]) -> Iterator[Item]:
        for ready in made:
            self.concealed += ready.is_corrupt
            yield Item(picture=ready.picture, pts=self._pts(ready.pts))

    def _pts(self, pts: int | None) -> int:
        """Returns the frame's time stamp; a missing one, or one that does not grow, is made up."""
        last, video = self._last_pts, self._source.video
        if pts is None:
            rate = video.average_rate or Fraction(30)
            step = max(1, round(1 / (rate * video.time_base)))
            pts = 0 if last is None else last + step
        # Damaged or badly made files repeat time stamps, which no encoder accepts.
        if last is not None and pts <= last:
            pts = last + 1
        self._last_pts = pts
        return int(pts)


class FileEnhance:
    """Enhances every picture; pictures of another size are fitted into the first one's."""

    def __init__(self, nets: ModelCache, model: str, strength: float, first: Picture) -> None:
        """Loads the net for the first picture. Raises NetUnusable."""
        self._nets = nets
        self._model = model
        self._strength = strength
        self._upscaler = Upscaler()
        self.engine = ""
        "Name of the engine that runs the net."
        self._size = (first.width, first.height)
        self._use_net_for(self._size)
        blank = self._upscaler.blank(first)
        self.canvas = (blank.width, blank.height)
        "Size of the output in pixels."
        self.size_changes = 0

    def step(self, item: Item) -> Iterator[Item]:
        """Yields the item with its picture enhanced."""
        if item.picture is not None:
            size = (item.picture.width, item.picture.height)
            if size != self._size:
                self._use_net_for(size)
                self.size_changes += 1
            # The canvas is the size of the first picture's result: a file has one size.
            made = self._upscaler.enhance(item.picture, self._strength)
            fits = (made.width, made.height) == self.canvas
            item.picture = made if fits else fit(made, *self.canvas)
        yield item

    def compare(self, picture: Picture) -> tuple[Picture, Picture]:
        """Returns a picture of the first one's size enlarged by bicubic, and enhanced."""
        return self._upscaler.resize(picture), self._upscaler.enhance(picture, self._strength)

    def flush(self) -> Iterator[Item]:
        """Returns nothing: this step holds no items."""
        yield from ()

    def _use_net_for(self, size: tuple[int, int]) -> None:
        net = self._nets.load(self._model, *size)
        self._upscaler.use(net)
        self._size, self.engine = size, net.engine


class FileEncode:
    """Encodes pictures to packets."""

    def __init__(self, output: FileOutput) -> None:
        self._output = output
        self.frames = 0

    def step(self, item: Item) -> Iterator[Item]:
        """Yields the packets complete after this picture."""
        if item.picture is None:
            yield item
            return
        for packet in self._output.code(item.picture, item.pts, self.frames):
            yield Item(packet=packet)
        self.frames += 1

    def flush(self) -> Iterator[Item]:
        """Yields the packets still inside the encoder."""
        for packet in self._output.code(None, 0, self.frames):
            yield Item(packet=packet)
