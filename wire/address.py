"""Addresses of Redis: one server, Sentinel or a cluster, in one line.

``redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]``, ``unix://[USER:PASSWORD@]PATH``,
``redis+sentinel://[USER:PASSWORD@]HOST[:PORT],.../SERVICE[/DATABASE]`` and
``redis+cluster://[USER:PASSWORD@]HOST[:PORT],...``; ``rediss`` for TLS. A password may hold any
character: it ends at the last ``@``, and ``%`` with two hex digits stands for a byte. Options:
``ca``, ``cert`` and ``key`` name files for TLS, ``sentinel_user`` and ``sentinel_password`` log
in to the Sentinels, ``db`` is the database. No message tells any part of an address that cannot
be read, since that part may be of the password.
"""

from __future__ import annotations

import dataclasses
import enum
import os
import re
from typing import Any
from urllib.parse import parse_qsl, unquote

from wire.errors import BadAddress

# The ports on which Redis and its Sentinels listen unless they are told otherwise.
_PORT = 6379
_SENTINEL_PORT = 26379
# An IPv6 address stands in brackets, since its colons could not be told from that of the port. `\Z`
# instead of `$` in all patterns: `$` also matches before a line break at the end.
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(?::(\d{1,5}))?\Z")
_SERVICE = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
_FORMS = "it must start with redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://"
_OPTIONS = {
    "ca": "ca",
    "ssl_ca_certs": "ca",
    "cert": "cert",
    "ssl_certfile": "cert",
    "key": "key",
    "ssl_keyfile": "key",
    "db": "db",
    "sentinel_user": "sentinel_user",
    "sentinel_password": "sentinel_password",
}
"""Options that an address may have behind ``?``, the library's names included."""


class AddressKind(enum.Enum):
    """Kinds of Redis installations that an address can name."""

    SERVER = "redis"
    SENTINEL = "redis+sentinel"
    CLUSTER = "redis+cluster"


@dataclasses.dataclass(frozen=True, slots=True)
class Login:
    """A user name and a password; neither is shown."""

    user: str | None = dataclasses.field(default=None, repr=False)
    password: str | None = dataclasses.field(default=None, repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Address:
    """An address of Redis, read into its parts."""

    kind: AddressKind
    hosts: tuple[tuple[str, int], ...] = ()
    "Hosts and ports of the server, the Sentinels or some servers of the cluster."
    path: str = ""
    "Path of a Unix socket, instead."
    login: Login = Login()
    sentinel_login: Login = Login()
    database: int = 0
    service: str = ""
    "The Sentinels' name of the master."
    is_tls: bool = False
    ca: str = ""
    cert: str = ""
    key: str = ""

    def shown(self) -> str:
        """Returns the address as text, without any login."""
        if self.path:
            return f"unix://{self.path}"
        scheme = self.kind.value.replace("redis", "rediss", 1) if self.is_tls else self.kind.value
        hosts = ",".join(f"{f'[{h}]' if ':' in h else h}:{port}" for h, port in self.hosts)
        tail = f"/{self.service}" if self.service else ""
        return f"{scheme}://{hosts}{tail}" + (f"/{self.database}" if self.database else "")

    def connection(self) -> dict[str, Any]:
        """Returns the library's options of a connection, but for host and port."""
        found: dict[str, Any] = {
            "username": self.login.user,
            "password": self.login.password,
            "db": self.database,
        }
        if self.is_tls:
            found |= {
                "ssl_ca_certs": self.ca or None,
                "ssl_certfile": self.cert or None,
                "ssl_keyfile": self.key or None,
                "ssl_cert_reqs": "required",
                "ssl_check_hostname": True,
            }
        return found


def parse_address(text: str) -> Address:
    """Reads an address. Raises BadAddress with a sentence that tells nothing secret."""
    scheme, _, rest = text.strip().partition("://")
    is_tls = scheme.startswith("rediss")
    plain = scheme.replace("rediss", "redis", 1)
    if plain not in (kind.value for kind in AddressKind) and scheme != "unix":
        raise BadAddress(_FORMS)
    login, rest = _login(rest, is_unix=scheme == "unix")
    place, _, query = rest.partition("?")
    options = _options(query)
    if scheme == "unix":
        if not place.startswith("/"):
            raise BadAddress("unix:// is followed by the path of a socket")
        database = _database(options.get("db", ""))
        return Address(AddressKind.SERVER, path=place, login=login, database=database)
    kind = AddressKind(plain)
    hosts, _, tail = place.partition("/")
    service, database_text = "", tail
    if kind is AddressKind.SENTINEL:
        service, _, database_text = tail.partition("/")
        if not _SERVICE.match(service):
            raise BadAddress("behind the Sentinels' hosts comes /SERVICE, the name of the master")
    address = Address(
        kind,
        hosts=_hosts(hosts, _SENTINEL_PORT if kind is AddressKind.SENTINEL else _PORT, kind),
        login=login,
        sentinel_login=Login(options.get("sentinel_user"), options.get("sentinel_password")),
        database=_database(options.get("db", "") or database_text),
        service=service,
        is_tls=is_tls,
        ca=options.get("ca", ""),
        cert=options.get("cert", ""),
        key=options.get("key", ""),
    )
    _check(address)
    return address


def _login(rest: str, *, is_unix: bool) -> tuple[Login, str]:
    """Splits at the last @; returns the login before it and the text after it."""
    # Without a login the path begins at once, and may itself hold an @.
    if is_unix and rest.startswith("/"):
        return Login(), rest
    # The last @ and not the first: people paste passwords unescaped, and no host name has an @.
    login, at, place = rest.rpartition("@")
    if not at:
        return Login(), rest
    user, colon, password = login.partition(":")
    return Login(_decoded(user) or None, _decoded(password) if colon else None), place


def _decoded(text: str) -> str:
    """Decodes ``%41`` to ``A``; a ``%`` that begins no such pair is kept."""
    try:
        # Strict, since the replacement character would silently make another password of it.
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text


def _options(query: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in _OPTIONS:
            raise BadAddress("an option behind ? is none of " + ", ".join(sorted(_OPTIONS)))
        found[_OPTIONS[name]] = value
    return found


def _hosts(text: str, port: int, kind: AddressKind) -> tuple[tuple[str, int], ...]:
    if not text and kind is AddressKind.SERVER:
        return (("localhost", port),)
    found = []
    for part in text.split(","):
        match = _HOST.match(part)
        number = int(match.group(2) or port) if match else 0
        if match is None or not 0 < number < 65536:
            raise BadAddress(
                "behind the password and its @ comes HOST:PORT; the host or the port cannot be read"
            )
        found.append((match.group(1).strip("[]"), number))
    if kind is AddressKind.SERVER and len(found) > 1:
        raise BadAddress("several hosts need redis+sentinel:// or redis+cluster://")
    return tuple(found)


def _database(text: str) -> int:
    if text and not re.fullmatch(r"\d{1,5}", text):
        raise BadAddress("behind the host comes the number of a database")
    return int(text or 0)


def _check(address: Address) -> None:
    if address.kind is AddressKind.CLUSTER and address.database:
        raise BadAddress("a cluster has database 0 only")
    files = (address.ca, address.cert, address.key)
    if any(files) and not address.is_tls:
        raise BadAddress("ca, cert and key are for rediss://")
    if bool(address.cert) != bool(address.key):
        raise BadAddress("cert and key go together")
    # The library reads these files while it connects and reports a missing one as a lost
    # connection, so processes would wait for ever for a server that is there.
    for name, file in zip(("ca", "cert", "key"), files, strict=True):
        if file and not os.access(file, os.R_OK):
            raise BadAddress(f"the file that {name} names cannot be read")
