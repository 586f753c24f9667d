"""Carries out ``sharpcast conformance``: addresses, run, output."""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
from urllib.parse import urlsplit, urlunsplit

from cli.conformance import report
from cli.conformance.endpoint import HttpEndpoint, Protocol
from cli.conformance.endpoint_probe import NoEndpoint
from cli.conformance.http_exchange import NoAnswer
from cli.conformance.suite import Suite
from cli.conformance.verdict import RuleFinding
from cli.errors import CliError


@dataclasses.dataclass(frozen=True, slots=True)
class ConformanceOptions:
    """The options of the command."""

    url: str = ""
    token: str = ""
    whip: str = ""
    whep: str = ""
    only: str = ""
    as_json: bool = False
    slow: bool = False


def addresses(options: ConformanceOptions) -> tuple[str, str]:
    """Returns the addresses of WHIP and WHEP; "" for one that is not tested. Raises CliError."""
    whip, whep = options.whip, options.whep
    if options.url:
        parts = urlsplit(options.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise CliError(f"{options.url} is no address: it needs http:// or https:// and a host.")
        path = parts.path.rstrip("/")
        if "/whip/" in f"{path}/":
            whip = whip or options.url
            whep = whep or urlunsplit(parts._replace(path=path.replace("/whip", "/whep", 1)))
        else:
            # A name of its own: the suite publishes, and must not take a stream over.
            name = f"conformance-{secrets.token_hex(4)}"
            whip = whip or urlunsplit(parts._replace(path=f"{path}/whip/{name}"))
            whep = whep or urlunsplit(parts._replace(path=f"{path}/whep/{name}"))
    if not whip and not whep:
        raise CliError("Name the server to test, or its addresses with --whip and --whep.")
    return whip, whep


def run(options: ConformanceOptions) -> bool:
    """Tests a server and prints the findings. Returns False where it breaks a MUST.

    Raises CliError.
    """
    whip, whep = addresses(options)
    tell = _ignore if options.as_json else _print
    suite = Suite(
        HttpEndpoint(Protocol.WHIP, whip, options.token) if whip else None,
        HttpEndpoint(Protocol.WHEP, whep, options.token) if whep else None,
        only=options.only,
        slow=options.slow,
        tell=tell,
    )
    try:
        findings = asyncio.run(suite.run())
    except NoAnswer as error:
        raise CliError(f"The server does not answer: {error}.") from error
    except NoEndpoint as error:
        raise CliError(str(error)) from error
    if not findings:
        raise CliError(f"No rule has {options.only!r} in its name.")
    if options.as_json:
        print(report.as_json(findings, whip=whip, whep=whep))
    else:
        print(f"\n{report.summary(findings)}")
    return not report.breaks_a_must(findings)


def _ignore(finding: RuleFinding) -> None:
    del finding


def _print(finding: RuleFinding) -> None:
    print(report.line(finding), flush=True)
