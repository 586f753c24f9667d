"""Check of the TURN servers: each gives a relay to the login that peers get."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from app.webrtc.ice import IceServer
from app.webrtc.turn import IceServerList
from cli.diagnostics.finding import Finding, fault, good, note
from cli.diagnostics.turn_client import TurnResult, TurnServer, try_login
from wire.settings import Settings

_WHERE = "Name a TURN server in SHARPCAST_ICE_SERVERS, such as turn:HOST:3478, and its secret in \
SHARPCAST_TURN_SECRET (docs/operations.md)."


def check(settings: Settings) -> Iterator[Finding]:
    """Asks each TURN server for a relay, with a login as a peer would get it."""
    servers = IceServerList(
        tuple(IceServer.parse(text) for text in settings.ice_servers),
        settings.turn_secret.get_secret_value(),
        name=lambda: "doctor",
    )
    turns = [each for each in servers.for_peer(now_s=time.time()) if each.is_turn]
    if not turns and settings.has_turn_secret:
        yield fault("TURN", "SHARPCAST_TURN_SECRET is set, and no TURN server is named", _WHERE)
    elif not turns and not settings.is_loopback:
        yield note("TURN", "none; peers whose network lets only TCP to port 443 out", _WHERE)
    for each in turns:
        yield _one(each, settings)


def _one(server: IceServer, settings: Settings) -> Finding:
    what = f"TURN {server.urls.partition(':')[2].partition('?')[0]}"
    if server.urls.startswith("turns:"):
        return note(what, "a TURN server behind TLS is not asked")
    place = place_of(server)
    try:
        result, code = try_login(place)
    except OSError as error:
        reason = str(error.strerror or error)
        return _unreachable(what, reason, place)
    if result is TurnResult.SILENT:
        return _unreachable(what, "no answer", place)
    return judge(what, result, code, has_secret=settings.has_turn_secret)


def place_of(server: IceServer) -> TurnServer:
    """Returns host, port, transport and login of a ``turn:`` address (RFC 7065)."""
    rest, _, query = server.urls.partition(":")[2].partition("?")
    parts = urlsplit(f"//{rest}")
    is_tcp = parse_qs(query).get("transport") == ["tcp"]
    return TurnServer(
        parts.hostname or "", parts.port or 3478, server.username, server.credential, is_tcp
    )


def _unreachable(what: str, reason: str, place: TurnServer) -> Finding:
    transport = "TCP" if place.is_tcp else "UDP"
    return fault(
        what,
        f"it cannot be reached ({reason})",
        f"Start the TURN server, let {transport} port {place.port} through its firewall, or "
        "correct its address in SHARPCAST_ICE_SERVERS.",
    )


def judge(what: str, result: TurnResult, code: int, *, has_secret: bool) -> Finding:
    """Judges what a TURN server answered."""
    if result is TurnResult.RELAYS:
        return good(what, "it relays for the login that peers get")
    if result is TurnResult.REFUSES:
        cure = (
            "Set SHARPCAST_TURN_SECRET to the server's `static-auth-secret` (coturn, with "
            "`use-auth-secret`), and compare the clocks of both machines."
            if has_secret
            else "Correct user and password in SHARPCAST_ICE_SERVERS: turn:USER:PASSWORD@HOST:PORT."
        )
        return fault(what, f"it refuses the login that peers get ({code})", cure)
    if result is TurnResult.OPEN:
        cure = "Set `use-auth-secret` and `static-auth-secret` in its configuration."
        return fault(what, "it relays for anybody, without a login", cure)
    cure = "Its log tells more; 486 and 508 mean that a quota or its ports are used up."
    return fault(what, f"it answers with error {code}", cure)
