"""Publishing of an address, or of a file that is copied: open, forward, come back."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from cli.errors import NotPublished
from cli.publisher import codecs
from cli.publisher.address import SourceAddress
from cli.publisher.copy_rule import CopyMode, obstacle
from cli.publisher.copy_session import CopySession
from cli.publisher.forward import Forwarder, ForwardPlan
from cli.publisher.packet_reader import PacketReader
from cli.publisher.publish_options import DEFAULT_LINES, PublishOptions, parse_size
from cli.publisher.send_size import automatic_size, server_sizes
from cli.publisher.session import SendFormat
from cli.publisher.sound_path import SoundPath
from cli.publisher.source_input import SourceInput, open_input
from cli.publisher.source_retry import SourceRetry
from cli.publisher.timeline import Timeline
from cli.publisher.video_path import VideoPath
from cli.publisher.watchdog import SOURCE_LOST, Attempt
from media.limits import MAX_PIXELS

_BITS_PER_PIXEL = 0.07
_MAX_SIDE = 1920
"""Longer side of pictures that are coded anew: that of 1080p, a size that players know."""

MIN_KBPS, MAX_KBPS = 300, 6000
"""Rate of pictures that are coded anew and whose rate nobody gave: what x264 needs for a picture
that looks as the source, within bounds that links take."""


class LostSource(NotPublished):
    """The source is away while its session stands; the session is left for the next try."""


def run_source(options: PublishOptions, address: SourceAddress, attempt: Attempt) -> None:
    """Publishes until the end. Raises NotPublished; leaves the process where the source is lost."""
    if options.stamp:
        raise NotPublished("--stamp is for files that are coded here, and for --test-pattern.")
    source = _opened(options, address, attempt)
    stopped_by: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda signalled, _: stopped_by.append(signalled))
    _SourceRun(options, source, attempt, lambda: bool(stopped_by)).run()


def _opened(options: PublishOptions, address: SourceAddress, attempt: Attempt) -> SourceInput:
    """Opens the source; one that was there before is waited for, while there is time.

    Takes the wait from the attempt's time. Raises NotPublished.
    """
    retry, began = SourceRetry(), time.monotonic()
    # Before a session ever stood, the time has not begun.
    duration_s = attempt.duration_s if attempt.is_again else None
    if address.is_listener:
        print(f"sharpcast: {address.shown} waits for an encoder.", file=sys.stderr, flush=True)
    while True:
        left_s = _left_s(duration_s, began)
        if left_s == 0.0:
            raise NotPublished(f"The time is over, and {address.shown} is away.")
        try:
            source = _opened_once(options, address, attempt, left_s)
        except NotPublished as error:
            # Before a session ever stood, whoever typed the address wants to know what is wrong.
            if not attempt.is_again or address.is_file:
                raise
            if retry.is_news(str(error)):
                print(f"sharpcast: {error} It is tried again.", file=sys.stderr, flush=True)
            wait_s, left_s = retry.wait_s(random.random()), _left_s(duration_s, began)
            time.sleep(wait_s if left_s is None else min(wait_s, left_s))
            continue
        if attempt.is_again:
            attempt.duration_s = _left_s(duration_s, began)
        return source


def _left_s(duration_s: float | None, began_s: float) -> float | None:
    return None if duration_s is None else max(0.0, duration_s - (time.monotonic() - began_s))


def _opened_once(
    options: PublishOptions, address: SourceAddress, attempt: Attempt, left_s: float | None
) -> SourceInput:
    """Opens the source. Raises NotPublished, also where what was live is a film by now."""
    source = open_input(address, transport=options.transport, listen_s=left_s)
    if attempt.is_endless and not source.is_live:
        # A list of HLS that is closed: what is left of it was sent already.
        source.close()
        raise NotPublished(f"{address.shown} has ended.", is_passing=True)
    return source


class _SourceRun:
    """One source into one session."""

    def __init__(
        self,
        options: PublishOptions,
        source: SourceInput,
        attempt: Attempt,
        stopping: Callable[[], bool],
    ) -> None:
        self._options = options
        self._source = source
        self._attempt = attempt
        self._stopping = stopping
        self._stack = contextlib.ExitStack()
        self._is_live = False
        timeline = Timeline()
        self._video = VideoPath(
            _reason_to_code(options, source),
            timeline,
            may_change=options.mode is CopyMode.AUTO,
            form=self._form,
            say=self._say,
            max_fps=options.fps,
        )
        audio = source.audio
        codec = audio.codec_context.codec.canonical_name if audio is not None else ""
        self._sound = SoundPath(codec, timeline) if audio is not None else None

    def run(self) -> None:
        """Forwards until the end, and says what was sent. Raises NotPublished."""
        options, source = self._options, self._source
        if options.mode is CopyMode.ALWAYS and self._video.reason:
            raise NotPublished(f"{source.address.shown} cannot be copied: {self._video.reason}.")
        plan = ForwardPlan(
            is_paced=not source.address.is_real_time,
            is_late_dropped=source.address.is_real_time,
            duration_s=self._attempt.duration_s,
            no_picture=f"{source.address.shown} gives no key frame that can be decoded.",
        )
        reader = PacketReader(is_real_time=source.address.is_real_time)
        reader.start(self._packets)
        forwarder = Forwarder(
            plan, self._video, self._sound, begin=self._begin, stopping=self._stopping
        )
        with self._stack:
            try:
                forwarder.run(reader)
                if source.is_live and not self._is_over(forwarder):
                    raise LostSource(f"{source.address.shown} ended.", is_passing=True)
            except LostSource as error:
                self._leave(error)
            finally:
                reader.close()
        print(self._result(forwarder, reader), flush=True)

    def _is_over(self, forwarder: Forwarder) -> bool:
        limit = self._attempt.duration_s
        # A unit is 20 ms of sound or a picture, so the last one ends a moment before the time.
        return self._stopping() or (limit is not None and forwarder.seconds > limit - 0.5)

    def _packets(self) -> Iterator[Any]:
        """Yields packets; a file that is looped begins again. Raises LostSource."""
        source = self._source
        while True:
            try:
                yield from source.packets()
            except NotPublished as error:
                raise LostSource(str(error), is_passing=True) from error
            if source.is_live or not self._options.loop:
                return
            source = self._begun_again(source.address)

    def _begun_again(self, address: SourceAddress) -> SourceInput:
        """Opens a film for its next round. Raises LostSource where it is away for now."""
        try:
            return open_input(address)
        except NotPublished as error:
            if not error.is_passing:
                raise
            raise LostSource(str(error), is_passing=True) from error

    def _begin(self, key_frame: bytes) -> CopySession:
        options = self._options
        session = CopySession(
            options.url, options.token, key_frame, has_sound=self._sound is not None
        )
        self._stack.enter_context(session)
        self._is_live = True
        self._attempt.is_live(is_endless=self._source.is_live)
        print(self._announce(), flush=True)
        return session

    def _leave(self, error: LostSource) -> None:
        """Ends the process without an end of the session, which the next try takes over."""
        if not self._is_live:
            raise error
        print(f"sharpcast: {error} It goes on when the source is back.", file=sys.stderr)
        sys.stderr.flush()
        sys.stdout.flush()
        # FFmpeg's muxer would end the session in the server, and with it all its viewers.
        os._exit(SOURCE_LOST)

    def _form(self, width: int, height: int) -> SendFormat:
        """Returns how pictures of a size are sent that are coded anew."""
        options = self._options
        rate = self._source.video.average_rate or self._source.video.guessed_rate
        fps = Fraction(rate or 30)
        if options.fps:
            fps = min(fps, Fraction(options.fps).limit_denominator(1001))
        if options.is_automatic:
            sizes = server_sizes(options.url)
            kbps = options.kbps or default_kbps(width, height, float(fps))
            width, height = automatic_size(width, height, fps=float(fps), kbps=kbps, sizes=sizes)
        elif options.size:
            width, height = parse_size(options.size)
        else:
            width, height = fitting_size(width, height)
        kbps = options.kbps or default_kbps(width, height, float(fps))
        return SendFormat(width, height, fps, kbps, has_sound=self._sound is not None)

    def _announce(self) -> str:
        video, facts = self._video, self._source.facts
        picture = f"{facts.width}x{facts.height}, "
        picture += "copied" if video.is_copied else f"coded anew ({video.reason})"
        sound = "without sound"
        if self._sound is not None:
            title = codecs.AUDIO.title
            how = "copied" if self._sound.is_copied else f"{self._sound.codec} to {title}"
            sound = f"sound {how}"
        shown = self._source.address.shown
        return f"publishing {shown} to {self._options.url}: {picture}; {sound}; stop with Ctrl-C"

    def _say(self, sentence: str) -> None:
        print(f"sharpcast: {sentence}", file=sys.stderr, flush=True)

    def _result(self, forwarder: Forwarder, reader: PacketReader) -> str:
        counts = self._video.counts
        left = counts.left_out + reader.dropped
        told = f", {left} left out" if left else ""
        return f"sent {counts.sent} pictures in {forwarder.seconds:.1f} s{told}"


def _reason_to_code(options: PublishOptions, source: SourceInput) -> str:
    """Returns why pictures are not copied; empty if they are."""
    if options.mode is CopyMode.NEVER:
        return "--copy never"
    if options.size or options.fps or options.kbps:
        return "a size or rate is asked for"
    return obstacle(source.facts)


def fitting_size(width: int, height: int) -> tuple[int, int]:
    """Returns the even size nearest to a picture's own that servers take."""
    part = min(1.0, _MAX_SIDE / max(width, height), (MAX_PIXELS / (width * height)) ** 0.5)
    return max(16, int(width * part) & ~1), max(16, int(height * part) & ~1)


def default_kbps(width: int, height: int, fps: float) -> int:
    """Returns the rate in kbit/s of pictures whose rate nobody gave."""
    wanted = width * height * fps * _BITS_PER_PIXEL / 1000
    return round(min(max(wanted, MIN_KBPS), MAX_KBPS))


def is_copied_file(options: PublishOptions, address: SourceAddress) -> bool:
    """Decides whether a file is forwarded as an address is.

    By itself only if it is what would be sent anyway: H.264 without B-frames, no larger than the
    usual size, and nothing asked of size, rate or stamp. Raises NotPublished.
    """
    if options.mode is not CopyMode.AUTO:
        return options.mode is CopyMode.ALWAYS
    if options.size or options.fps or options.kbps or options.stamp:
        return False
    source = open_input(address)
    facts = source.facts
    source.close()
    return not obstacle(facts) and facts.height <= DEFAULT_LINES
