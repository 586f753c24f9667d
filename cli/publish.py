"""``sharpcast publish``: sends a camera, another server's stream, a file or a test pattern."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cli.loading import loading

if TYPE_CHECKING:
    from cli.publisher.publish_options import PublishOptions
    from cli.publisher.watchdog import Attempt

_Source = Annotated[
    str | None,
    typer.Argument(
        envvar="PUBLISH_SOURCE",
        show_envvar=True,
        help="A file, or an address: rtsp://, rtmp://, srt://, http(s):// (HLS or a file).",
    ),
]
_Url = Annotated[str, typer.Option(help="WHIP address; the last part is the stream's name.")]
_Token = Annotated[str, typer.Option(envvar="SHARPCAST_PUBLISH_TOKEN", help="Publish token.")]
_TestPattern = Annotated[
    bool, typer.Option("--test-pattern", help="Send a moving pattern, no file.")
]
_Copy = Annotated[
    str,
    typer.Option(help="auto, always or never: send video as it is, not coded anew."),
]
_Transport = Annotated[str, typer.Option(help="RTSP by tcp, udp, or auto.")]
_Size = Annotated[
    str, typer.Option(help="WIDTHxHEIGHT; auto: what looks best; a file's default: 270 lines.")
]
_Fps = Annotated[float, typer.Option(min=0, max=120, help="0: the source's own, or 30.")]
_Kbps = Annotated[
    int, typer.Option(min=0, max=20_000, help="Video bitrate; 0: 800, of addresses by size.")
]
_Loop = Annotated[bool, typer.Option("--loop/--once", help="Begin again at the end.")]
_Duration = Annotated[float, typer.Option(min=0, help="Seconds to send; 0: no limit.")]
_Stamp = Annotated[
    bool, typer.Option("--stamp", help="Burn frame numbers into the picture, for measuring.")
]


def publish(
    source: _Source = None,
    url: _Url = "http://127.0.0.1:8080/whip/test",
    token: _Token = "",
    test_pattern: _TestPattern = False,
    copy: _Copy = "auto",
    transport: _Transport = "auto",
    size: _Size = "",
    fps: _Fps = 0.0,
    kbps: _Kbps = 0,
    loop: _Loop = True,
    duration: _Duration = 0.0,
    stamp: _Stamp = False,
) -> None:
    """Send a camera, a stream, a file or a test pattern to a WHIP server, in real time."""
    # The fork comes before the libraries that start threads: a child of a process with threads may
    # inherit a lock that nobody releases.
    from cli.publisher.watchdog import become_child

    attempt = become_child(url, duration or None)
    from cli.publisher.publish_options import PublishOptions, parse_mode, parse_transport

    options = PublishOptions(
        source=source,
        url=url,
        token=token,
        test_pattern=test_pattern,
        size=size,
        fps=fps,
        kbps=kbps,
        loop=loop,
        stamp=stamp,
        mode=parse_mode(copy),
        transport=parse_transport(transport),
    )
    _run(options, attempt)


def _run(options: PublishOptions, attempt: Attempt) -> None:
    """Publishes in the child. Raises NotPublished, or Exit for what may succeed later."""
    with loading():
        from cli.errors import NotPublished
        from cli.publisher.command import run
        from cli.publisher.watchdog import TRY_AGAIN

    try:
        run(options, attempt)
    except NotPublished as error:
        if not error.is_passing:
            raise
        # The parent knows whether a session ever stood, and so whether another try makes sense. How
        # one that stood has ended it tells itself: FFmpeg sees a refused packet whatever happened.
        if not attempt.was_live:
            print(f"sharpcast: {error}", file=sys.stderr)
        raise typer.Exit(TRY_AGAIN) from error
