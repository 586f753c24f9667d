"""The publish command: its checks, files and the pattern, and messages to the user."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable
from fractions import Fraction
from urllib.parse import urlsplit

import av

from cli.errors import NotPublished
from cli.publisher.address import parse_source
from cli.publisher.clip import Clip, pictures, probe, sound
from cli.publisher.copy_rule import CopyMode
from cli.publisher.pattern import pattern
from cli.publisher.publish_options import (
    DEFAULT_KBPS,
    DEFAULT_LINES,
    PublishOptions,
    parse_size,
)
from cli.publisher.send import send
from cli.publisher.send_size import automatic_size, server_sizes
from cli.publisher.session import SendFormat, WhipSession
from cli.publisher.source_command import is_copied_file, run_source
from cli.publisher.watchdog import Attempt


def run(options: PublishOptions, attempt: Attempt) -> None:
    """Sends until the source ends, the time is over, or SIGINT or SIGTERM comes.

    Raises NotPublished. ``attempt`` is told once the session stands.
    """
    _check(options)
    if options.source is not None:
        address = parse_source(options.source)
        if not address.is_file or is_copied_file(options, address):
            run_source(options, address, attempt)
            return
    _send(options, attempt)


def _check(options: PublishOptions) -> None:
    """Raises NotPublished for options that exclude each other."""
    if (options.source is None) != options.test_pattern:
        raise NotPublished("Give either a file or an address, or --test-pattern.")
    if urlsplit(options.url).scheme not in ("http", "https"):
        raise NotPublished(f"{options.url} is no address of the form http://host:port/whip/NAME.")
    if options.size and not options.is_automatic:
        parse_size(options.size)
    is_changed = bool(options.size or options.fps or options.kbps or options.stamp)
    if options.mode is CopyMode.ALWAYS and (is_changed or options.test_pattern):
        raise NotPublished(
            "What is copied stays as it is: --copy always excludes --test-pattern, --size, --fps, "
            "--kbps and --stamp."
        )


def _send(options: PublishOptions, attempt: Attempt) -> None:
    """Sends a file or the pattern, coded here. Raises NotPublished."""
    clip = None if options.file is None else probe(options.file)
    sent = _format(options, clip)
    stopped_by: list[int] = []
    # A second signal may interrupt the handler of the first one, which must hold no lock meanwhile.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda signalled, _: stopped_by.append(signalled))
    with WhipSession(options.url, options.token, sent) as session:
        attempt.is_live()
        began = time.monotonic()
        print(_announce(options, sent), flush=True)
        if options.stamp:
            print(f"frame 0 at {began:.6f} s of the monotonic clock", flush=True)
        result = send(
            session,
            _pictures(options, clip, sent),
            sound(clip, loop=options.loop) if clip is not None and clip.has_sound else (),
            sent,
            duration_s=attempt.duration_s,
            stopping=lambda: bool(stopped_by),
            began=began,
        )
    late = f", {result.left_out} left out because they were late" if result.left_out else ""
    print(f"sent {result.pictures} pictures in {result.seconds:.1f} s{late}", flush=True)


def _format(options: PublishOptions, clip: Clip | None) -> SendFormat:
    # As a fraction, the float 29.97 has the denominator 2**45, and time bases need a small one.
    # 1001 is that of NTSC.
    fps = Fraction(options.fps).limit_denominator(1001) if options.fps else Fraction(30)
    if clip is not None and not options.fps:
        fps = clip.fps
    if options.is_automatic:
        width, height = _automatic(options, clip, float(fps))
    else:
        width, height = _size(options.size, clip)
    return SendFormat(
        width=width,
        height=height,
        fps=fps,
        kbps=options.kbps or DEFAULT_KBPS,
        has_sound=clip is not None and clip.has_sound,
        has_stamp=options.stamp,
    )


def _automatic(options: PublishOptions, clip: Clip | None, fps: float) -> tuple[int, int]:
    sizes = server_sizes(options.url)
    if not sizes:
        print("no worker of the server enhances now: the usual size is sent", flush=True)
        return _size("", clip)
    # The test pattern is drawn at any size.
    full = (960, 540) if clip is None else (clip.width, clip.height)
    return automatic_size(*full, fps=fps, kbps=options.kbps or DEFAULT_KBPS, sizes=sizes)


def _size(text: str, clip: Clip | None) -> tuple[int, int]:
    if text:
        return parse_size(text)
    if clip is None:
        return 480, DEFAULT_LINES
    # Chroma has half as many lines and columns, so both numbers are even.
    height = min(clip.height & ~1, DEFAULT_LINES)
    return max(2, round(clip.width * height / clip.height / 2) * 2), height


def _pictures(
    options: PublishOptions, clip: Clip | None, sent: SendFormat
) -> Iterable[tuple[int, av.VideoFrame]]:
    if clip is None:
        return pattern(sent.width, sent.height)
    return pictures(clip, sent.fps, loop=options.loop)


def _announce(options: PublishOptions, sent: SendFormat) -> str:
    what = "a test pattern" if options.file is None else options.file.name
    return (
        f"publishing {what} to {options.url}: "
        f"{sent.width}x{sent.height} at {float(sent.fps):g} fps, "
        f"{sent.kbps} kbit/s, {'with' if sent.has_sound else 'without'} sound; stop with Ctrl-C"
    )
