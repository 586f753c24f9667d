"""The look at a running server from outside: HTTP, TLS, clock, and ICE over UDP to its address."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import socket
import ssl
import time
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from app.ice.stun import (
    Attribute,
    StunKind,
    encode_message,
    new_transaction,
    parse_message,
)
from cli.conformance.offers import IceLogin, OfferText
from cli.diagnostics import clock
from cli.diagnostics.finding import Finding, fault, good, note
from cli.diagnostics.web_client import WebAnswer, request

STREAM = "doctor-probe"
"""Name under which the probe offers to publish; it never sends, and its session is deleted."""

WAIT_S = 1.0
"""Seconds until a check is repeated; the longest round trips on Earth are shorter."""

MAX_TRIES = 4
_READ_BYTES = 2048


@dataclasses.dataclass(frozen=True, slots=True)
class OfferedAddress:
    """An address of the server in its answer."""

    host: str
    port: int
    is_udp: bool


def check(url: str, token: str = "") -> Iterator[Finding]:
    """Asks a running server as a browser elsewhere does. ``token``: its publish token."""
    base = url.rstrip("/")
    answer, finding = _reach(base)
    yield finding
    if answer is None:
        return
    if answer.clock_offset_s is not None:
        yield clock.judge(urlsplit(base).hostname or base, answer.clock_offset_s)
    yield _readiness(base)
    yield from _media(base, token, needs_token=bool(answer.content.get("publish_token_needed")))


def _reach(base: str) -> tuple[WebAnswer | None, Finding]:
    """Asks for the server's description, with its certificate verified, then without."""
    what, address = "web server", f"{base}/api/v1/server"
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        cure = "Give an address of the form https://HOST[:PORT]."
        return None, fault(what, f"{base} is no address", cure)
    try:
        answer = request("GET", address, verifies=True)
    except ssl.SSLCertVerificationError as error:
        finding = fault(
            "certificate",
            f"browsers refuse it: {error.verify_message}",
            f"Get one for {parts.hostname} from an authority that browsers know: "
            f"`certbot certonly --standalone -d {parts.hostname}`.",
        )
        with contextlib.suppress(OSError, http.client.HTTPException):
            return request("GET", address), finding
        return None, finding
    except ssl.SSLError as error:
        cure = "Ask for http://, or set SHARPCAST_TLS_CERT and SHARPCAST_TLS_KEY there."
        return None, fault(what, f"it does not speak TLS ({error.reason})", cure)
    except OSError as error:
        reason = str(error.strerror or error)
        return None, fault(
            what,
            f"{parts.netloc} cannot be reached ({reason})",
            "Start the server, let its port through firewalls and routers (SHARPCAST_HTTP_HOST, "
            "SHARPCAST_HTTP_PORT), or correct the DNS record.",
        )
    except http.client.HTTPException:
        return None, fault(what, "it does not speak HTTP", "Correct the port in the address.")
    return _judged(base, answer)


def _judged(base: str, answer: WebAnswer) -> tuple[WebAnswer | None, Finding]:
    if not answer.is_ours:
        cure = "Correct the address, or the reverse proxy: it must pass on /api, /whip and /whep."
        detail = f"{base} is no Sharpcast (HTTP {answer.status})"
        return None, fault("web server", detail, cure)
    version = answer.content.get("version", "")
    if urlsplit(base).scheme == "https":
        return answer, good("web server", f"Sharpcast {version}, and its certificate is good")
    host = urlsplit(base).hostname
    if host in ("localhost", "127.0.0.1", "::1"):
        return answer, good("web server", f"Sharpcast {version}")
    return answer, note(
        "web server",
        f"Sharpcast {version}, without encryption: browsers give it no camera",
        "Set a certificate, or put a proxy with TLS in front (docs/operations.md).",
    )


def _readiness(base: str) -> Finding:
    try:
        answer = request("GET", f"{base}/readyz")
    except (OSError, http.client.HTTPException):
        return fault("readiness", "no answer", "Read the log of the server.")
    if answer.status != 200:
        return fault(
            "readiness",
            "the server does not reach its Redis",
            "`sharpcast doctor` on the server, with its settings, tells why.",
        )
    workers = answer.content.get("workers", 0)
    if not workers:
        cure = "Start one: `sharpcast work` with the server's SHARPCAST_REDIS_URL."
        return note("readiness", "no worker: streams are shown as they were sent", cure)
    return good("readiness", f"{workers} workers")


def _media(base: str, token: str, *, needs_token: bool) -> Iterator[Finding]:
    """Offers to publish, and sends a check of ICE to each address in the answer."""
    if needs_token and not token:
        cure = "Give the publish token: SHARPCAST_PUBLISH_TOKEN=... `sharpcast doctor URL`."
        yield note("media over UDP", "not tried: the server wants a token", cure)
        return
    login = IceLogin()
    headers = {"Content-Type": "application/sdp"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    offer = str(OfferText("sendonly", login=login))
    try:
        made = request("POST", f"{base}/whip/{STREAM}", body=offer, headers=headers)
    except (OSError, http.client.HTTPException) as error:
        yield fault("media over UDP", f"no answer to an offer ({error})", "Read the server's log.")
        return
    if made.status != 201:
        yield _refused(made)
        return
    try:
        yield from _paths(made.body.decode(errors="replace"), login)
    finally:
        with contextlib.suppress(OSError, http.client.HTTPException):
            request(
                "DELETE", urljoin(f"{base}/", made.headers.get("location", "")), headers=headers
            )


def _refused(answer: WebAnswer) -> Finding:
    reason = answer.content.get("detail") or f"HTTP {answer.status}"
    if answer.status in (401, 403):
        cure = "Correct SHARPCAST_PUBLISH_TOKEN."
        return fault("media over UDP", f"the token is refused: {reason}", cure)
    return note("media over UDP", f"not tried: the offer was refused ({reason})")


def _paths(answer: str, login: IceLogin) -> Iterator[Finding]:
    candidates = candidates_of(answer)
    remote = IceLogin(_value(answer, "a=ice-ufrag:"), _value(answer, "a=ice-pwd:"))
    reached = [each for each in candidates if each.is_udp and _answers(each, login, remote)]
    tried = [each for each in candidates if each.is_udp]
    shown = ", ".join(f"{each.host}:{each.port}" for each in reached or tried)
    if reached:
        yield good("media over UDP", f"a check of ICE is answered at {shown}")
        return
    tcp = "; TCP is offered too" if len(tried) < len(candidates) else ""
    yield fault(
        "media over UDP",
        f"no check of ICE is answered at {shown or 'any address'}{tcp}",
        "Let UDP port SHARPCAST_UDP_PORT through the firewall and the router, and name the public "
        "address in SHARPCAST_ICE_ADDRESSES; SHARPCAST_ICE_TCP_PORT and a TURN server help where "
        "no UDP passes.",
        addresses=[each.host for each in tried],
    )


def candidates_of(answer: str) -> list[OfferedAddress]:
    """Returns the host candidates of a description (RFC 8839 section 5.1), each once."""
    found: dict[OfferedAddress, None] = {}
    for line in answer.splitlines():
        words = line.removeprefix("a=candidate:").split()
        if line.startswith("a=candidate:") and len(words) > 5 and words[5].isdigit():
            found[OfferedAddress(words[4], int(words[5]), words[2].lower() == "udp")] = None
    return list(found)


def _value(text: str, name: str) -> str:
    return next((ln[len(name) :].strip() for ln in text.splitlines() if ln.startswith(name)), "")


def _answers(candidate: OfferedAddress, login: IceLogin, remote: IceLogin) -> bool:
    """Sends a check as a browser does (RFC 8445 section 7.2.4), and waits for its answer."""
    transaction = new_transaction()
    message = encode_message(
        StunKind.REQUEST,
        transaction,
        {
            Attribute.USERNAME: f"{remote.ufrag}:{login.ufrag}".encode(),
            Attribute.PRIORITY: (0x6E0001FF).to_bytes(4, "big"),
            Attribute.ICE_CONTROLLING: bytes(7) + b"\1",
        }.items(),
        password=remote.password.encode(),
    )
    with contextlib.suppress(OSError):
        family = socket.AF_INET6 if ":" in candidate.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as udp:
            udp.connect((candidate.host, candidate.port))
            return any(_answered(udp, message, transaction) for _ in range(MAX_TRIES))
    return False


def _answered(udp: socket.socket, message: bytes, transaction: bytes) -> bool:
    deadline = time.monotonic() + WAIT_S
    with contextlib.suppress(OSError, ValueError):
        udp.send(message)
        while (left := deadline - time.monotonic()) > 0:
            udp.settimeout(left)
            found = parse_message(udp.recv(_READ_BYTES))
            if found.transaction == transaction:
                # An error is an answer too: the way is open.
                return found.kind in (StunKind.RESPONSE, StunKind.ERROR)
    return False
