"""Real-time sender: one clock for pictures and sound, without drift; late pictures are left out."""

from __future__ import annotations

import dataclasses
import heapq
import time
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

import av

from cli.publisher.session import SendFormat, WhipSession
from cli.publisher.stamp import stamped

_MAX_LATENESS_S = 0.5  # a later picture would only delay the ones after it


@dataclasses.dataclass(frozen=True, slots=True)
class Sent:
    """Result of sending."""

    pictures: int
    left_out: int
    "Pictures that were more than half a second late."
    seconds: float


@dataclasses.dataclass(frozen=True, slots=True)
class _Piece:
    """A picture or 20 ms of sound, with the time at which it is due."""

    due_s: float
    tick: int
    frame: av.VideoFrame | av.AudioFrame


def send(
    session: WhipSession,
    pictures: Iterable[tuple[int, av.VideoFrame]],
    sound: Iterable[av.AudioFrame],
    sent: SendFormat,
    *,
    duration_s: float | None,
    stopping: Callable[[], bool],
    began: float,
) -> Sent:
    """Sends until the pictures end, the time is over or ``stopping()`` is true.

    ``began`` is the monotonic time of the first picture, in s.
    """
    count = left_out = 0
    # Both are in order already, so the merge reads ahead by one piece of each.
    pieces = heapq.merge(
        _pictures(pictures, sent.fps), _sound(sound), key=lambda piece: piece.due_s
    )
    for piece in pieces:
        if stopping() or (duration_s is not None and piece.due_s >= duration_s):
            break
        # Against the beginning, not the last piece: otherwise each sleep would add its error.
        late_s = time.monotonic() - began - piece.due_s
        if late_s < 0:
            time.sleep(-late_s)
        # Sound is sent however late it is: it costs little, and a gap is heard.
        if isinstance(piece.frame, av.AudioFrame):
            session.send_sound(piece.frame)
        elif late_s > _MAX_LATENESS_S:
            left_out += 1
        else:
            session.send_picture(_fit(piece.frame, sent, piece.tick), piece.tick)
            count += 1
    return Sent(count, left_out, time.monotonic() - began)


def _fit(frame: av.VideoFrame, sent: SendFormat, tick: int) -> av.VideoFrame:
    fitting = frame.reformat(
        width=sent.width, height=sent.height, format="yuv420p", interpolation="AREA"
    )
    return stamped(fitting, tick) if sent.has_stamp else fitting


def _pictures(source: Iterable[tuple[int, av.VideoFrame]], fps: Fraction) -> Iterator[_Piece]:
    for tick, frame in source:
        yield _Piece(float(tick / fps), tick, frame)


def _sound(source: Iterable[av.AudioFrame]) -> Iterator[_Piece]:
    for frame in source:
        pts = frame.pts or 0
        yield _Piece(pts / frame.sample_rate, pts, frame)
