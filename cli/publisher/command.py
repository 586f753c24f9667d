"""The publish command: options, the running session, and messages to the user."""

from __future__ import annotations

import dataclasses
import re
import signal
import time
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from urllib.parse import urlsplit

import av

from cli.errors import NotPublished
from cli.publisher.clip import Clip, pictures, probe, sound
from cli.publisher.pattern import pattern
from cli.publisher.send import send
from cli.publisher.send_size import automatic_size, server_sizes
from cli.publisher.session import SendFormat, WhipSession

_SIZE = re.compile(r"([1-9]\d{1,3})x([1-9]\d{1,3})\Z")
AUTOMATIC = "auto"
"""Word of ``--size`` that lets the rate decide."""

_DEFAULT_LINES = 270
"""Height of what is sent unless asked otherwise: the usual small stream of this project."""


@dataclasses.dataclass(frozen=True, slots=True)
class PublishOptions:
    """Options of the command line."""

    file: Path | None
    url: str
    token: str
    test_pattern: bool
    size: str
    "Empty: the file's own, at most 270 lines; ``auto``: by the rate, if the server enhances."
    fps: float
    "0: the file's own."
    kbps: int
    loop: bool
    duration_s: float | None
    stamp: bool


def run(options: PublishOptions, on_live: Callable[[], None] = lambda: None) -> None:
    """Sends until the file ends, the time is over, or SIGINT or SIGTERM comes.

    Raises NotPublished.

    ``on_live`` is called once the session stands.
    """
    if (options.file is None) != options.test_pattern:
        raise NotPublished("Give either a file or --test-pattern.")
    if urlsplit(options.url).scheme not in ("http", "https"):
        raise NotPublished(f"{options.url} is no address of the form http://host:port/whip/NAME.")
    clip = None if options.file is None else probe(options.file)
    sent = _format(options, clip)
    stopped_by: list[int] = []
    # A second signal may interrupt the handler of the first one, which must hold no lock meanwhile.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda signalled, _: stopped_by.append(signalled))
    with WhipSession(options.url, options.token, sent) as session:
        on_live()
        began = time.monotonic()
        print(_announce(options, sent), flush=True)
        if options.stamp:
            print(f"frame 0 at {began:.6f} s of the monotonic clock", flush=True)
        result = send(
            session,
            _pictures(options, clip, sent),
            sound(clip, loop=options.loop) if clip is not None and clip.has_sound else (),
            sent,
            duration_s=options.duration_s,
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
    if options.size == AUTOMATIC:
        width, height = _automatic(options, clip, float(fps))
    else:
        width, height = _size(options.size, clip)
    return SendFormat(
        width=width,
        height=height,
        fps=fps,
        kbps=options.kbps,
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
    return automatic_size(*full, fps=fps, kbps=options.kbps, sizes=sizes)


def _size(text: str, clip: Clip | None) -> tuple[int, int]:
    if text:
        match = _SIZE.match(text)
        size = (int(match[1]), int(match[2])) if match else (1, 1)
        if size[0] % 2 or size[1] % 2:
            raise NotPublished(f"--size: {text!r} is not of the form 480x270, in even numbers.")
        return size
    if clip is None:
        return 480, _DEFAULT_LINES
    # Chroma has half as many lines and columns, so both numbers are even.
    height = min(clip.height & ~1, _DEFAULT_LINES)
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
