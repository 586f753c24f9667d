"""Runs the timer of one video's intake (``app/rtp/video_intake.py``)."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Sequence

from app.rtp.jitter_buffer import CodedUnit
from app.rtp.video_intake import Taken, VideoIntake
from app.webrtc.deadline_timer import DeadlineTimer
from media.codec import CodecDescriptor

OnPictures = Callable[[CodecDescriptor, int, Sequence[Taken]], None]
"""(codec, clock rate in Hz, pictures that may pass, in order)"""


class PictureIntake:
    """Hands over the pictures that may pass, when a unit comes or when their time has come."""

    def __init__(
        self,
        formats: Iterable[tuple[CodecDescriptor, str]],
        *,
        on_pictures: OnPictures,
        on_key_frame_needed: Callable[[], None],
    ) -> None:
        """``formats`` are the offer's codecs with their format parameters."""
        self._intake = VideoIntake()
        for described, fmtp in formats:
            self._intake.learn(described.codec, fmtp)
        self._on_pictures = on_pictures
        self._on_key_frame_needed = on_key_frame_needed
        self._timer = DeadlineTimer()

    @property
    def refused(self) -> dict[str, int]:
        """Pictures that were not taken, by reason."""
        return dict(self._intake.refused)

    def reason(self, *, now: float) -> str:
        """Returns why no pictures pass or what is wrong with them, as a sentence, or ""."""
        return self._intake.reason(now=now)

    def take(self, codec: CodecDescriptor, clock_rate: int, coded: CodedUnit) -> None:
        """Takes one unit of the track."""
        found = self._intake.add(codec.codec, coded, now=time.monotonic())
        self._put_out(codec, clock_rate, found)

    def stop(self) -> None:
        """Stops; nothing follows."""
        self._timer.stop()

    def _put_out(self, codec: CodecDescriptor, clock_rate: int, pictures: Sequence[Taken]) -> None:
        self._on_pictures(codec, clock_rate, pictures)
        if self._intake.needs_key:
            self._intake.needs_key = False
            self._on_key_frame_needed()
        self._timer.set(
            self._intake.next_deadline(), functools.partial(self._on_timer, codec, clock_rate)
        )

    def _on_timer(self, codec: CodecDescriptor, clock_rate: int) -> None:
        self._put_out(codec, clock_rate, self._intake.on_time(now=time.monotonic()))
