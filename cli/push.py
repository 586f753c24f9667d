"""``sharpcast push``: republishes a rendition to another server, by WHIP or RTMP."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import logs


def push(
    stream: Annotated[str, typer.Argument(help="Name of the stream.")],
    target: Annotated[str, typer.Argument(help="https://host/whip/NAME, or rtmp://host/app/KEY.")],
    rendition: Annotated[
        str, typer.Option(help="source, or the name of an enhanced rendition.")
    ] = "enhanced",
    token: Annotated[
        str, typer.Option(envvar="PUSH_TOKEN", help="Bearer token of a WHIP target.")
    ] = "",
) -> None:
    """Push a rendition to a WHIP or RTMP server as it is coded (needs SHARPCAST_REDIS_URL)."""
    from cli.errors import NotPushed
    from cli.pusher.session import run
    from cli.pusher.target import parse_target
    from wire import keys
    from wire.errors import NoRedisServer
    from wire.settings import load_settings

    parsed = parse_target(target, token)
    if not keys.is_stream_id(stream):
        raise NotPushed(f"{stream[:40]!r} is no name of a stream.")
    if rendition != keys.SOURCE and not keys.is_rendition(rendition):
        raise NotPushed(f"{rendition[:40]!r} is no name of a rendition.")
    settings = load_settings()
    if not settings.redis_url:
        raise NoRedisServer("`sharpcast push` reads a log, and needs SHARPCAST_REDIS_URL.")
    logs.set_up(settings.log_level, settings.log_format)
    counters = run(settings, stream, rendition, parsed)
    print(
        f"pushed {counters.written} units by {counters.connections} connections, "
        f"{counters.dropped} left out"
    )
