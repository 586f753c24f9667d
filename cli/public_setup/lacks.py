"""Lists in sentences what is missing to serve a public address, without I/O."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from urllib.parse import urlsplit

from wire.errors import BadSettings
from wire.settings import PREFIX

PUBLIC_URL = f"{PREFIX}PUBLIC_URL"
PUBLISH_TOKEN = f"{PREFIX}PUBLISH_TOKEN"
ADMIN_TOKEN = f"{PREFIX}ADMIN_TOKEN"
TLS_CERT = f"{PREFIX}TLS_CERT"
TLS_KEY = f"{PREFIX}TLS_KEY"
TRUSTED_PROXIES = f"{PREFIX}TRUSTED_PROXIES"
HTTP_HOST = f"{PREFIX}HTTP_HOST"
HTTP_PORT = f"{PREFIX}HTTP_PORT"

_EVERYWHERE = "0.0.0.0"
_HTTPS = 443


class LackKind(enum.Enum):
    """Kind of what is missing."""

    TOKENS = "tokens"
    CERTIFICATE = "certificate"
    PATH = "path"
    "A port that cannot be had, or a firewall in the way."


@dataclasses.dataclass(frozen=True, slots=True)
class Lack:
    """One thing that is missing, and how to get it."""

    kind: LackKind
    sentence: str
    cure: str


def check_url(url: str) -> str:
    """Returns the address without a slash at its end. Raises BadSettings with one sentence."""
    parts = urlsplit(url)
    try:
        has_port = parts.port != 0
    except ValueError:  # no number, or above 65535
        has_port = False
    if not has_port:
        raise BadSettings("--public wants a port of 1 to 65535, or none.")
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.query:
        raise BadSettings(
            "--public wants an address of the form https://HOST[:PORT][/PATH]: browsers give the "
            "camera to https pages only."
        )
    return url.rstrip("/")


def find_lacks(values: Mapping[str, str], url: str) -> list[Lack]:
    """Returns what settings lack to serve an address; ``values`` are whole keys and texts."""
    found = []
    missing = [name for name in (PUBLISH_TOKEN, ADMIN_TOKEN) if not values.get(name)]
    if missing:
        found.append(
            Lack(
                LackKind.TOKENS,
                f"{' and '.join(missing)}: whoever knows them may publish, or administer",
                "`python3 -c 'import secrets; print(secrets.token_urlsafe(24))'` prints one",
            )
        )
    has_certificate = values.get(TLS_CERT) and values.get(TLS_KEY)
    if not has_certificate and not values.get(TRUSTED_PROXIES):
        host = urlsplit(url).hostname
        found.append(
            Lack(
                LackKind.CERTIFICATE,
                f"a certificate for {host}: {TLS_CERT} and {TLS_KEY}, or {TRUSTED_PROXIES} where a "
                "reverse proxy has it",
                f"`certbot certonly --standalone -d {host}` gets one in "
                f"/etc/letsencrypt/live/{host}",
            )
        )
    return found


def derived(values: Mapping[str, str], url: str) -> dict[str, str]:
    """Returns the settings that follow from the address, but for those that are set."""
    follow = {PUBLIC_URL: url}
    # Behind a proxy the server stays on loopback, at its own port.
    if values.get(TLS_CERT):
        follow[HTTP_HOST] = _EVERYWHERE
        follow[HTTP_PORT] = str(urlsplit(url).port or _HTTPS)
    return {name: text for name, text in follow.items() if not values.get(name)}


def in_words(url: str, lacks: list[Lack]) -> str:
    """Returns the one list of what is missing, for a start without a terminal."""
    lines = [f"To serve {url}, this is missing:"]
    for lack in lacks:
        lines += [f"  - {lack.sentence};", f"    {lack.cure}."]
    lines.append("At a terminal the same command asks for it and writes a settings file.")
    return "\n".join(lines)
