"""Conversion of decoded frames by FFmpeg's filters: upright, progressive, 8-bit 4:2:0."""

from __future__ import annotations

import dataclasses
import enum
import struct
from fractions import Fraction
from typing import Any

import av.error
from av.filter import Graph

from workers.errors import FileFailed
from workers.media.picture import FULL_RANGE, PLAIN, Picture, Siting

_RGB_MATRIX = 0
"""Matrix coefficients of RGB in ITU-T H.273 (identity)."""

_CENTRED_CODECS = ("mjpeg", "mpeg1video")
"""JPEG (JFIF 1.02) and MPEG-1 (ISO 11172-2, 2.4.1) have chroma between the luma columns."""


class Turn(enum.Enum):
    """Rotation or reflection that makes a picture upright, as filters."""

    NONE = ()
    # vflip only sets a negative stride, which the net cannot read; the copy removes it.
    HALF = (("hflip", ""), ("vflip", ""), ("copy", ""))
    MIRROR = (("hflip", ""),)
    FLIP = (("vflip", ""), ("copy", ""))
    RIGHT = (("transpose", "clock"),)
    LEFT = (("transpose", "cclock"),)
    ACROSS = (("transpose", "cclock_flip"),)
    "Transposition: rows become columns."
    ACROSS_BACK = (("transpose", "clock_flip"),)
    "Transposition over the other diagonal."

    @property
    def is_quarter(self) -> bool:
        """True if width and height change places."""
        return any(name == "transpose" for name, _ in self.value)


_TURNS = {
    (1, 0, 0, 1): Turn.NONE,
    (-1, 0, 0, -1): Turn.HALF,
    (-1, 0, 0, 1): Turn.MIRROR,
    (1, 0, 0, -1): Turn.FLIP,
    (0, 1, -1, 0): Turn.RIGHT,
    (0, -1, 1, 0): Turn.LEFT,
    (0, 1, 1, 0): Turn.ACROSS,
    (0, -1, -1, 0): Turn.ACROSS_BACK,
}
"""Turns by the images of the axes under the display matrix: x to (a, b), y to (c, d), y down."""


def turn_of(frame: Any) -> Turn | None:
    """Returns the turn that the frame's display matrix asks for (ISO 14496-12, section 8.3.2.3),
    None for one that is not of quarters.
    """
    data = next((d for d in frame.side_data if d.type.name == "DISPLAYMATRIX"), None)
    if data is None:
        return Turn.NONE
    # Nine numbers, row by row; the third of each row is for perspective, which nobody uses, and the
    # last row is a shift. A matrix may scale too, so it is divided by its largest number.
    a, b, _, c, d, *_ = struct.unpack("<9i", bytes(data)[:36])
    largest = max(map(abs, (a, b, c, d)))
    if not largest:
        return Turn.NONE
    # The numbers are 16.16 fixed point; a deviation below a thousandth is rounding.
    axes = tuple(round(value / largest, 3) for value in (a, b, c, d))
    return _TURNS.get(axes)


def is_interlaced(frame: Any) -> bool:
    """Returns True for an interlaced frame, whose fields were taken at different times."""
    return bool(frame.interlaced_frame)


@dataclasses.dataclass(frozen=True, slots=True)
class Ready:
    """A converted picture with its time stamp."""

    picture: Picture
    pts: int | None
    "Time stamp in ticks of the stream's time base."
    is_corrupt: bool


class FrameFilter:
    """Filter for the frames of one video stream; used by one thread.

    Frames that are ready as they are pass by; others go through a graph, which is made anew when
    their properties change. Once a frame was interlaced, those that say so become progressive, one
    for one (bwdif); the others are left alone.
    """

    def __init__(self, video: Any) -> None:
        """Takes the video stream, whose codec tells where chroma lies."""
        self._time_base: Fraction = video.time_base
        self._aspect: Fraction = video.sample_aspect_ratio or Fraction(1)
        is_centred = video.codec_context.name in _CENTRED_CODECS
        self._siting = Siting.CENTRE if is_centred else Siting.LEFT
        self._graph: Any = None
        self._key: tuple[Any, ...] | None = None
        self._weaves = False
        self.interlaced = 0
        "Number of interlaced frames so far."

    def push(self, frame: Any) -> list[Ready]:
        """Returns the pictures that are ready after this frame, in order. Raises FileFailed."""
        if is_interlaced(frame):
            self.interlaced += 1
            self._weaves = True
        # Turns by other angles than quarters are left out; ``losses`` tells the user.
        turn = turn_of(frame) or Turn.NONE
        is_ready = frame.format.name in PLAIN and turn is Turn.NONE and not self._weaves
        key = (
            None
            if is_ready
            else (
                frame.width,
                frame.height,
                frame.format.name,
                int(frame.colorspace),
                int(frame.color_range),
                turn,
                self._weaves,
            )
        )
        # A graph is made for one kind of frame. The deinterlacer holds a frame back, so the old
        # graph gives what it has before another one begins, and the order stays.
        made = [] if key == self._key else self.flush()
        if key is None:
            return [*made, self._ready(frame, bool(frame.is_corrupt))]
        if key != self._key:
            self._graph, self._key = self._make_graph(frame, turn), key
        self._graph.push(frame)
        return [*made, *self._pull(bool(frame.is_corrupt))]

    def flush(self) -> list[Ready]:
        """Returns the pictures still inside."""
        if self._graph is None:
            return []
        self._graph.push(None)
        made = self._pull(False)
        self._graph, self._key = None, None
        return made

    def _pull(self, corrupt: bool) -> list[Ready]:
        made: list[Ready] = []
        while True:
            try:
                frame = self._graph.pull()
            except (BlockingIOError, EOFError):
                # The graph wants another frame, or has ended.
                return made
            except av.error.FFmpegError as error:
                raise FileFailed(f"A picture cannot be converted: {error.strerror}.") from error
            made.append(self._ready(frame, corrupt))

    def _ready(self, frame: Any, corrupt: bool) -> Ready:
        # A filter may choose a time base of its own; bwdif's is half as long.
        pts, time_base = frame.pts, frame.time_base
        if pts is not None and time_base and time_base != self._time_base:
            pts = round(pts * time_base / self._time_base)
        picture = Picture.of_frame(frame)
        colour = dataclasses.replace(picture.colour, siting=self._siting)
        picture = dataclasses.replace(picture, colour=colour)
        return Ready(picture=picture, pts=pts, is_corrupt=corrupt)

    def _make_graph(self, frame: Any, turn: Turn) -> Any:
        graph: Any = Graph()
        aspect = self._aspect
        last = graph.add(
            "buffer",
            f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}"
            f":time_base={frame.time_base or self._time_base}:colorspace={int(frame.colorspace)}"
            f":range={int(frame.color_range)}:pixel_aspect={aspect.numerator}/{aspect.denominator}",
        )
        steps: list[tuple[str, str]] = []
        if self._weaves:
            steps.append(("bwdif", "mode=send_frame:deint=interlaced"))
        steps += turn.value
        if frame.format.name not in PLAIN:
            steps += _conversion(frame)
        for name, arguments in (*steps, ("buffersink", "")):
            node = graph.add(name, arguments or None)
            last.link_to(node)
            last = node
        try:
            graph.configure()
        except (av.error.FFmpegError, ValueError) as error:
            raise FileFailed(
                f"Pictures of {frame.format.name} cannot be converted: {error}."
            ) from error
        return graph


def _conversion(frame: Any) -> list[tuple[str, str]]:
    """Returns the filters to 8-bit 4:2:0 of the same matrix and range; RGB becomes BT.709, limited
    range.
    """
    # Exact rounding and all chroma samples; swscale's defaults trade both for speed.
    options = "flags=bicubic+accurate_rnd+full_chroma_inp+full_chroma_int:out_chroma_loc=left"
    if frame.format.is_rgb or frame.format.has_palette or int(frame.colorspace) == _RGB_MATRIX:
        options += ":out_color_matrix=bt709:out_range=limited"
    return [("scale", options), ("format", "yuv420p")]


def fit(picture: Picture, width: int, height: int) -> Picture:
    """Returns the picture scaled into another size, its proportions kept, with black beside it."""
    part = min(width / picture.width, height / picture.height)
    # Even sizes and, below, even offsets: chroma has half as many samples on both axes.
    inner = [
        max(2, min(round(side * part) // 2 * 2, most))
        for side, most in (
            (picture.width, width),
            (picture.height, height),
        )
    ]
    scaled = Picture.of_frame(
        picture.frame.reformat(width=inner[0], height=inner[1], interpolation="BICUBIC")
    )
    target = Picture.blank(width, height, picture.colour)
    # Black is 16 in limited range (ITU-R BT.601), and 128 is no colour in either range.
    target.y[:] = 0 if picture.colour.range == FULL_RANGE else 16
    target.u[:] = target.v[:] = 128
    left, top = (width - inner[0]) // 4 * 2, (height - inner[1]) // 4 * 2
    target.y[top : top + inner[1], left : left + inner[0]] = scaled.y
    for large, small in ((target.u, scaled.u), (target.v, scaled.v)):
        rows, columns = small.shape
        large[top // 2 : top // 2 + rows, left // 2 : left // 2 + columns] = small
    return target
