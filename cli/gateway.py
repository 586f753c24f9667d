"""``sharpcast gateway``: runs the gateway alone."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from cli import logs
from wire.log_lines import is_json

log = logging.getLogger(__name__)


def gateway(
    check: Annotated[
        bool,
        typer.Option("--check", help="Only say whether a gateway of this machine is alive."),
    ] = False,
) -> None:
    """Run only the port at which devices of other sites join (needs SHARPCAST_REDIS_URL)."""
    from app.gateway.gateway import GatewayOptions
    from app.gateway.process import run
    from cli.composer import composers_of
    from wire.errors import BadSettings, NoRedisServer
    from wire.settings import load_settings

    settings = load_settings()
    if not settings.redis_url:
        raise NoRedisServer(
            "`sharpcast gateway` needs SHARPCAST_REDIS_URL; `sharpcast up` brings its own server "
            "and gateway."
        )
    if check:
        from cli.healthcheck import check_gateway

        check_gateway(settings.redis_url, settings.redis_prefix)
        return
    options = GatewayOptions.of(settings)
    if options is None:
        raise BadSettings(
            "`sharpcast gateway` needs SHARPCAST_GATEWAY_HOST, the address on which it listens, "
            "such as 0.0.0.0."
        )
    logs.set_up(settings.log_level, settings.log_format)
    run(
        settings,
        options,
        redis_url=settings.redis_url,
        on_ready=_show,
        beside=composers_of(settings),
    )


def _show(address: tuple[str, int]) -> None:
    host, port = address
    place = f"[{host}]" if ":" in host else host
    if is_json():
        log.info("the gateway listens at %s:%d", place, port, extra={"action": "ready"})
    else:
        print(f"The gateway listens at {place}:{port} (UDP). Stop with Ctrl-C.", flush=True)
