"""The table of all checks, and how they are run."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator

from cli.diagnostics import (
    certificate,
    clock,
    external_access,
    folders,
    gateway_port,
    machine,
    nets,
    ports,
    programs,
    public_address,
    redis_server,
    tokens,
    turn,
    udp_path,
)
from cli.diagnostics.finding import Finding
from wire.settings import Settings


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """One subject: a function that yields its findings."""

    name: str
    "Names the subject for ``--only``."
    run: Callable[[Settings], Iterable[Finding]]


CHECKS: tuple[Check, ...] = (
    Check("machine", machine.check),
    Check("files", machine.check_open_files),
    Check("redis", redis_server.check),
    Check("encoders", programs.check_encoders),
    Check("engines", programs.check_engines),
    Check("nets", nets.check),
    Check("ports", ports.check),
    Check("udp", udp_path.check),
    Check("address", public_address.check),
    Check("turn", turn.check),
    Check("gateway", gateway_port.check),
    Check("certificate", certificate.check),
    Check("tokens", tokens.check),
    Check("jwt", external_access.check_jwt),
    Check("hook", external_access.check_hook),
    Check("clock", clock.check),
    Check("folders", folders.check),
    Check("browser", programs.check_browser),
)
"""All checks in the order of the answer. A new one is a module with its test, and a line here."""


def run_checks(settings: Settings, only: Iterable[str] = ()) -> Iterator[Finding]:
    """Runs all checks, or those named; takes some seconds, since the nets are measured."""
    wanted = set(only)
    for check in CHECKS:
        if not wanted or check.name in wanted:
            yield from check.run(settings)
