"""Types of settings: each checks its value and names the fault at the end of a sentence."""

from __future__ import annotations

import base64
import ipaddress
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from media.codec_table import ENCODED
from wire import keys
from wire.access_settings import check_hook, check_jwt, is_web_address
from wire.access_settings import is_loopback as is_loopback
from wire.address import parse_address
from wire.bitrates import parse_target

MIN_TOKEN_LENGTH = 8
"""One address may try twenty words a minute: eight random letters take it 10,000 years."""

MIN_SECRET_LENGTH = 16
"""A receiver that was told something can try words at home."""

MIN_JOIN_TOKEN_LENGTH = 20
"""Whoever leads a device to a gateway of his own sees a proof, and can try words at home."""

# No braces in a prefix: the first pair of braces in a key chooses its slot in a cluster, and it
# must be that of the stream (`keys.py`).
_KEY_PREFIX = re.compile(r"[A-Za-z0-9_.:/-]{1,64}\Z")
_HOST = re.compile(
    r"(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?\Z|\[?[0-9a-fA-F:]+\]?\Z"
)


_ANCESTOR = re.compile(
    r"https?://(\*\.)?[A-Za-z0-9_-][A-Za-z0-9_.-]{0,251}(:([0-9]{1,5}|\*))?\Z", re.ASCII
)


def has_login(server: str) -> bool:
    """True for ``turn:user:password@host``; neither word may be empty."""
    login, at, _ = server.partition(":")[2].rpartition("@")
    user, _, password = login.partition(":")
    return bool(at and user and password)


def _split(value: object) -> object:
    # Only text is split; code may pass a tuple.
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _check_addresses(value: tuple[str, ...]) -> tuple[str, ...]:
    for address in value:
        ipaddress.ip_address(address)
    return value


def _check_networks(value: tuple[str, ...]) -> tuple[str, ...]:
    for network in value:
        ipaddress.ip_network(network, strict=False)
    return value


def _check_hosts(value: tuple[str, ...]) -> tuple[str, ...]:
    for name in value:
        if name != "*" and not _HOST.match(name):
            raise ValueError(f"{name!r} is no host name; a port or scheme does not belong here")
    return tuple(name.lower() for name in value)


def _check_ancestors(value: tuple[str, ...]) -> tuple[str, ...]:
    # They become a part of a header, so nothing else than these forms may get there.
    for source in value:
        if source not in ("'self'", "'none'", "*") and not _ANCESTOR.match(source):
            raise ValueError(
                f"{source!r} is neither 'self', 'none', * nor an origin like https://example.org"
            )
    if len(value) > 1 and "'none'" in value:
        raise ValueError("'none' stands alone")
    if not value:
        raise ValueError("at least one is needed; 'none' forbids all")
    return value


def _check_ice_servers(value: tuple[str, ...]) -> tuple[str, ...]:
    for server in value:
        if not server.startswith(("stun:", "turn:", "turns:")):
            raise ValueError("each must start with stun:, turn: or turns:")
    return value


def _check_bitrates(value: tuple[str, ...]) -> tuple[str, ...]:
    for part in value:
        if parse_target(part) is None:
            raise ValueError(f"{part!r} is not of the form 960x540=2500")
    if not value:
        raise ValueError("at least one size is needed")
    return value


def _check_output_codec(value: str) -> str:
    names = [each.name for each in ENCODED]
    if value not in names:
        raise ValueError(f"{value!r} is none of {', '.join(map(repr, names))}")
    return value


def _check_token(value: SecretStr) -> SecretStr:
    token = value.get_secret_value()
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        raise ValueError("only ASCII characters without spaces; others do not survive HTTP")
    if token and len(token) < MIN_TOKEN_LENGTH:
        raise ValueError(f"at least {MIN_TOKEN_LENGTH} characters; shorter ones are guessed")
    return value


def _check_join_token(value: SecretStr) -> SecretStr:
    if value.get_secret_value() and len(value.get_secret_value()) < MIN_JOIN_TOKEN_LENGTH:
        raise ValueError(
            f"a token to join with needs at least {MIN_JOIN_TOKEN_LENGTH} random letters; "
            "`openssl rand -base64 24` makes one"
        )
    return _check_token(value)


def parse_join(text: str) -> tuple[str, int]:
    """Returns host and port of ``host:port``; an IPv6 address stands in brackets. Raises
    ValueError.
    """
    host, _, port = text.rpartition(":")
    is_bare = ":" in host and not (host.startswith("[") and host.endswith("]"))
    if not _HOST.match(host) or host.startswith("*") or is_bare or not port.isascii():
        raise ValueError("this must be host:port, such as cast.example.org:9443")
    if not port.isdigit() or not 1 <= int(port) <= 65535:
        raise ValueError("this must be host:port, such as cast.example.org:9443")
    return host.strip("[]"), int(port)


def parse_stun(text: str) -> tuple[str, int]:
    """Returns host and port of ``stun:host:port``; 3478 where there is none. Raises ValueError."""
    scheme, _, place = text.partition(":")
    if scheme != "stun":
        raise ValueError("this must be stun:host:port, such as stun:stun.example.org:3478")
    # An IPv6 address stands in brackets, so a colon behind them, or one at all, leads to a port.
    has_port = ":" in place.rpartition("]")[2]
    return parse_join(place if has_port else f"{place}:3478")


def _check_stun(value: str) -> str:
    if value:
        parse_stun(value)
    return value


def _check_join(value: str) -> str:
    if value:
        parse_join(value)
    return value


def _check_name(value: str) -> str:
    if value and not keys.is_worker(value):
        raise ValueError("only letters, digits, _ . - and at most 64 of them")
    return value


def _check_redis_url(value: str) -> str:
    if value:
        parse_address(value)
    return value


def _check_key_prefix(value: str) -> str:
    if not _KEY_PREFIX.match(value):
        raise ValueError("only letters, digits, _ . : / - and at most 64 of them")
    return value


def _check_public_url(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError("it must be of the form https://host[:port][/path]")
    if parts.query or parts.fragment or parts.username is not None:
        raise ValueError("it must be of the form https://host[:port][/path], and no more")
    return value.rstrip("/")


def _check_webhooks(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        # An address may hold a secret of its own, so no sentence repeats it.
        if not is_web_address(value):
            raise ValueError("each must be of the form https://host[:port]/path")
    return values


def _check_webhook_secret(value: SecretStr) -> SecretStr:
    secret = value.get_secret_value()
    if secret and len(secret) < MIN_SECRET_LENGTH:
        raise ValueError(f"at least {MIN_SECRET_LENGTH} characters; shorter ones are guessed")
    if secret.startswith("whsec_"):
        try:
            base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except ValueError as error:
            raise ValueError("behind whsec_ it must be base64") from error
    return value


def _check_folder(value: Path) -> Path:
    if "\0" in str(value):
        raise ValueError(f"{str(value)!r} is no path")
    try:
        return value.expanduser()
    except RuntimeError as error:
        # Also for the default, under a user who is in no list of users and has no $HOME.
        raise ValueError(f"{value}: there is no such home folder; give the whole path") from error


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""Words between commas."""

HostNames = Annotated[Words, AfterValidator(_check_hosts)]
IpAddresses = Annotated[Words, AfterValidator(_check_addresses)]
FrameAncestors = Annotated[Words, AfterValidator(_check_ancestors)]

Networks = Annotated[Words, AfterValidator(_check_networks)]
IceServers = Annotated[Words, AfterValidator(_check_ice_servers)]
Bitrates = Annotated[Words, AfterValidator(_check_bitrates)]
WebhookAddresses = Annotated[Words, AfterValidator(_check_webhooks)]
Jwt = Annotated[str, AfterValidator(check_jwt)]
AccessHook = Annotated[str, AfterValidator(check_hook)]
WebhookSecret = Annotated[SecretStr, AfterValidator(_check_webhook_secret)]
PublicUrl = Annotated[str, AfterValidator(_check_public_url)]
RedisUrl = Annotated[str, AfterValidator(_check_redis_url)]
KeyPrefix = Annotated[str, AfterValidator(_check_key_prefix)]
NodeName = Annotated[str, AfterValidator(keys.node_name)]
WorkerName = Annotated[str, AfterValidator(_check_name)]
OutputCodec = Annotated[str, AfterValidator(_check_output_codec)]
Token = Annotated[SecretStr, AfterValidator(_check_token)]
StunAddress = Annotated[str, AfterValidator(_check_stun)]
JoinAddress = Annotated[str, AfterValidator(_check_join)]
JoinToken = Annotated[SecretStr, AfterValidator(_check_join_token)]
Folder = Annotated[Path, AfterValidator(_check_folder)]
