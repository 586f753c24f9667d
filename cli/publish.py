"""``sharpcast publish``: sends a file or a test pattern as a live stream."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cli.publisher.command import PublishOptions
    from cli.publisher.watchdog import Attempt

_DEFAULT_KBPS = 800


def publish(
    file: Annotated[Path | None, typer.Argument(help="Any file that FFmpeg reads.")] = None,
    url: Annotated[str, typer.Option(help="WHIP address; the last part is the stream's name.")] = (
        "http://127.0.0.1:8080/whip/test"
    ),
    token: Annotated[
        str, typer.Option(envvar="SHARPCAST_PUBLISH_TOKEN", help="Publish token.")
    ] = "",
    test_pattern: Annotated[
        bool, typer.Option("--test-pattern", help="Send a moving pattern, no file.")
    ] = False,
    size: Annotated[
        str, typer.Option(help="WIDTHxHEIGHT; auto: what looks best; a file's default: 270 lines.")
    ] = "",
    fps: Annotated[float, typer.Option(min=0, max=120, help="0: the file's own, or 30.")] = 0.0,
    kbps: Annotated[int, typer.Option(min=50, max=20_000, help="Video bitrate.")] = _DEFAULT_KBPS,
    loop: Annotated[bool, typer.Option("--loop/--once", help="Begin again at the end.")] = True,
    duration: Annotated[float, typer.Option(min=0, help="Seconds to send; 0: no limit.")] = 0.0,
    stamp: Annotated[
        bool, typer.Option("--stamp", help="Burn frame numbers into the picture, for measuring.")
    ] = False,
) -> None:
    """Send a file, or a test pattern, to a WHIP server in real time; reconnect when it was away."""
    # The fork comes before the libraries that start threads: a child of a process with threads may
    # inherit a lock that nobody releases.
    from cli.publisher.watchdog import become_child

    attempt = become_child(url, duration or None)
    from cli.publisher.command import PublishOptions

    options = PublishOptions(
        file=file,
        url=url,
        token=token,
        test_pattern=test_pattern,
        size=size,
        fps=fps,
        kbps=kbps,
        loop=loop,
        duration_s=attempt.duration_s,
        stamp=stamp,
    )
    _run(options, attempt)


def _run(options: PublishOptions, attempt: Attempt) -> None:
    """Publishes in the child. Raises NotPublished, or Exit for what may succeed later."""
    from cli.errors import NotPublished
    from cli.publisher.command import run
    from cli.publisher.watchdog import TRY_AGAIN

    is_live = False

    def on_live() -> None:
        nonlocal is_live
        is_live = True
        attempt.is_live()

    try:
        run(options, on_live)
    except NotPublished as error:
        if not error.is_passing:
            raise
        # The parent knows whether a session ever stood, and so whether another try makes sense. How
        # one that stood has ended it tells itself: FFmpeg sees a refused packet whatever happened.
        if not is_live:
            print(f"sharpcast: {error}", file=sys.stderr)
        raise typer.Exit(TRY_AGAIN) from error
