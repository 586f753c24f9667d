"""Checks of Host and Origin: the server's names, and the rights of other origins' pages.

A page of any site can make its visitor's browser send requests here, also where only the visitor's
machine can reach us, and by pointing its own name at our address (DNS rebinding) it can become
same-origin with us. So a request must name a host that we know, and on a server without tokens
pages of other origins may do nothing.
"""

from __future__ import annotations

import dataclasses
import enum
import ipaddress
from collections.abc import Callable
from urllib.parse import urlsplit

from app.http.edge.areas import Area

_DEFAULT_PORTS = {"http": "80", "https": "443", "ws": "80", "wss": "443"}


def split_host(value: str) -> tuple[str, str]:
    """Splits a Host header into host and port, which may be empty.

    The host comes in lower case, without brackets and final dot.
    """
    value = value.strip().lower()
    if value.startswith("["):
        host, _, rest = value[1:].partition("]")
        return host, rest.removeprefix(":")
    host, _, port = value.partition(":")
    return host.removesuffix("."), port


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Returns True for ``localhost`` and names under it, 127.0.0.0/8 and ::1."""
    address = _ip(host)
    if address is not None:
        return address.is_loopback
    return host == "localhost" or host.endswith(".localhost")


def _is_one_of(host: str, patterns: tuple[str, ...]) -> bool:
    return any(
        # The dot stays in the suffix: evilcdn.example is not below cdn.example.
        pattern in ("*", host) or (pattern.startswith("*.") and host.endswith(pattern[1:]))
        for pattern in patterns
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Names:
    """The host names that this server answers to."""

    bound: str = "127.0.0.1"
    "The address that the server listens on."
    public_url: str = ""
    others: tuple[str, ...] = ()
    """Host names of the setting and of this machine, in lower case; ``*.example.org`` stands for
    all below it, ``*`` for any."""
    certified: Callable[[], tuple[str, ...]] = tuple
    "Returns the names in the certificate, which may be renewed."

    def knows(self, host: str) -> bool:
        """Returns True if this host (without port) is a name of this server.

        An IP address in Host cannot come of DNS rebinding, which needs a name; it is taken
        wherever more than loopback is served, since NAT and containers give us addresses that we
        do not see.
        """
        if is_loopback(host) or host == self.bound:
            return True
        if _is_one_of(host, self.others) or _is_one_of(host, self.certified()):
            return True
        if self.public_url and host == urlsplit(self.public_url).hostname:
            return True
        return not is_loopback(self.bound) and _ip(host) is not None


@dataclasses.dataclass(frozen=True, slots=True)
class Caller:
    """The headers that identify the page that made a request."""

    host: str
    "The Host header."
    origin: str = ""
    "The Origin header; empty if none was sent: not a page, or a page of ours that reads."
    fetch_site: str = ""
    "The Sec-Fetch-Site header, which pages cannot set."


class OriginVerdict(enum.Enum):
    """The rights of pages of the caller's origin."""

    OPEN = "may ask and read the answer"
    MAY_NOT_WATCH = "may read why it cannot watch"
    BLIND = "may ask for what anybody may have, and cannot read it"
    REFUSED = "may not ask"


@dataclasses.dataclass(frozen=True, slots=True)
class Origins:
    """Decides the rights of callers by the tokens that guard the server."""

    names: Names = Names()
    publish_token: bool = False
    "True if publishing needs a token; watching and reading are then public."
    admin_token: bool = False
    pages: tuple[str, ...] = ()
    "Hosts whose pages have the rights of ours, written as in ``Names.others`` but without ``*``."

    def is_foreign(self, caller: Caller) -> bool:
        """Returns True if the request comes from a page of another origin."""
        if not caller.origin:
            return False
        try:
            # Frames in a sandbox and local files send `null`, which has no host and so is foreign.
            parts = urlsplit(caller.origin)
            host, port = parts.hostname or "", str(parts.port or "")
        except ValueError:
            return True
        default = _DEFAULT_PORTS.get(parts.scheme, "")
        own_host, own_port = split_host(caller.host)
        # Browsers leave a default port out of Origin, but Host may name it.
        if (host, port or default) == (own_host, own_port or default) or _is_one_of(
            host, self.pages
        ):
            return False
        # Host may be the name of a proxy's upstream, while the browser shows the public address.
        public = urlsplit(self.names.public_url)
        if public.hostname and (public.scheme, public.hostname, str(public.port or "")) == (
            parts.scheme,
            host,
            port,
        ):
            return False
        # A proxy in front may give us another Host than the browser sees.
        return not (caller.fetch_site == "same-origin" and self.names.knows(host))

    def judge(
        self, area: Area, caller: Caller, *, is_below_endpoint: bool = False
    ) -> OriginVerdict:
        """Returns the rights of this caller in an area, or in a session below its endpoint."""
        guarded = self.admin_token if area is Area.CHANGE else self.publish_token
        if guarded or not self.is_foreign(caller):
            return OriginVerdict.OPEN
        # Why it cannot watch is told by the endpoint; sessions are nothing to such a page.
        if area is Area.WATCH and not is_below_endpoint:
            return OriginVerdict.MAY_NOT_WATCH
        return OriginVerdict.BLIND if area in (Area.PAGE, Area.HEALTH) else OriginVerdict.REFUSED
