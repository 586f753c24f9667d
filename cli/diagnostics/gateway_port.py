"""Check of the UDP port at which devices of other sites join."""

from __future__ import annotations

from collections.abc import Iterator

from app.gateway.gateway import GatewayOptions, bind_gateway
from cli.diagnostics.finding import Finding, fault, good, note
from wire.errors import BadSettings
from wire.settings import Settings


def check(settings: Settings) -> Iterator[Finding]:
    """Checks the port for devices at other sites, where one is set."""
    what = "gateway port"
    if not settings.gateway_host:
        yield note(what, "SHARPCAST_GATEWAY_HOST is not set; no device can join")
        return
    token = settings.join_token.get_secret_value()
    who = "with the shared token or one of its own" if token else "with a token of its own each"
    options = GatewayOptions(settings.gateway_host, settings.gateway_port)
    try:
        bind_gateway(options).close()
    except BadSettings as error:
        cure = "Set SHARPCAST_GATEWAY_PORT to a free port, or end the program that has this one."
        yield fault(what, str(error), cure)
        return
    yield good(what, f"{options.host}:{options.port} (UDP) is free; devices join {who}")
