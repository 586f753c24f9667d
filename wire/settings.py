"""All settings, read once per process from the environment and an optional file.

``SHARPCAST_CONFIG`` names the file: lines of ``SHARPCAST_KEY=value``. The environment wins. An
unknown key or a bad value stops the start with one sentence. Components get frozen slices of
this, never the whole.
"""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.functional_validators import AfterValidator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from media.codec_table import ENCODED
from wire import keys
from wire.address import parse_address
from wire.bitrates import parse_rung
from wire.errors import BadSettings

PREFIX = "SHARPCAST_"
_KEY_PREFIX = re.compile(r"[A-Za-z0-9_.:/-]{1,64}\Z")
_PORTS = re.compile(r"([1-9][0-9]{0,4})-([1-9][0-9]{0,4})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")

_HOST = re.compile(
    r"(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?\Z|\[?[0-9a-fA-F:]+\]?\Z"
)

MIN_TOKEN_LENGTH = 8
"""One address may try twenty words a minute: eight random letters take it 10,000 years."""

Words = Annotated[tuple[str, ...], NoDecode]


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Settings(BaseSettings):
    """Every key; in the environment each is ``SHARPCAST_`` and the name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    http_host: str = "127.0.0.1"
    """Address the web server listens on. Anything but loopback needs both tokens."""
    http_port: int = Field(8080, ge=0, le=65535)
    """Port of the web server; 0 takes a free one."""
    public_url: str = ""
    """Base address that clients use, if it differs from what they send in ``Host``."""
    allowed_hosts: Words = ()
    """More host names that this server is called by, by comma (``*.example.org``: all below it;
    ``*``: any). Pages of these hosts may use it as its own pages do, but for ``*``."""
    trusted_proxies: Words = ()
    """Addresses and networks of reverse proxies, by comma, whose X-Forwarded-For is believed."""
    tls_cert: Path | None = None
    """PEM certificate chain; the server speaks HTTPS with it and the key. Read again on change."""
    tls_key: Path | None = None
    """PEM private key."""
    publish_token: SecretStr = SecretStr("")
    """Bearer token a publisher must send; empty: none needed, loopback only."""
    admin_token: SecretStr = SecretStr("")
    """Bearer token for changes and for the worker list; empty: none needed, loopback only."""
    redis_url: str = Field("", repr=False)
    """Address of Redis: ``redis://``, ``rediss://`` (TLS), ``unix://``, ``redis+sentinel://`` or
    ``redis+cluster://``, see docs/redis.md; empty: an embedded server is started."""
    node_name: Annotated[str, AfterValidator(keys.node_name)] = ""
    """Name of this app process among several, in its sessions' addresses; empty: a random one."""
    redis_prefix: str = keys.PREFIX
    """Prefix of the names of all keys in Redis; installations that share a Redis differ in it."""
    ice_addresses: Words = ()
    """IP addresses offered to peers, by comma; empty: this machine's, or loopback with it."""
    ice_ports: str = ""
    """UDP ports of peers, ``first-last``; each peer takes one for each address. Empty: any."""
    ice_servers: Words = Field((), repr=False)
    """STUN and TURN addresses handed to browsers, by comma: ``stun:host:port``,
    ``turn:user:password@host:port``, or without a login, with ``turn_secret``."""
    turn_secret: SecretStr = SecretStr("")
    """Secret shared with the TURN servers (``static-auth-secret`` of coturn): each peer gets a
    login that expires. Empty: their logins stand in ``ice_servers``."""
    max_streams: int = Field(32, ge=1, le=10_000)
    """Publishers at a time; the next gets 503."""
    max_viewers: int = Field(200, ge=1, le=100_000)
    """Viewers at a time; the next gets 503."""
    start_bitrate_kbps: int = Field(1500, ge=100, le=50_000)
    """Bitrate that a Chromium publisher is told to start at."""
    publisher_timeout_s: float = Field(4.0, ge=1.0, le=60.0)
    """A publisher that gives no sign of life for this long is gone; one that only pauses stays for
    30 times as long."""
    publisher_grace_s: float = Field(10.0, ge=0.0, le=600.0)
    """A stream whose publisher is gone waits this long for it, and its viewers with it."""
    model: str = "live-s"
    """Net that enhances a stream for which no other was chosen."""
    strength: float = Field(0.5, ge=0.0, le=1.0)
    """Look of streams for which no other was chosen: 0 is faithful, 1 is crisp."""
    models_dir: Path = Path("~/.local/share/sharpcast/models")
    """Folder of weights that do not ship, as MODEL/FILE."""
    engine: str = "auto"
    """Inference engine; ``auto`` takes the fastest that is there."""
    engine_cache: Path = Path("~/.cache/sharpcast/engines")
    """Folder in which engines that compile for long (TensorRT) keep what they made."""
    precision: Literal["auto", "fp32", "fp16", "int8"] = "auto"
    """Weights to load, where net and engine have them; ``auto`` takes what suits the engine."""
    worker_name: str = ""
    """Name in lists and metrics; empty: host name and a random part."""
    worker_threads: int = Field(0, ge=0, le=256)
    """Threads the net may use; 0: all cores but one."""
    temporal: bool = True
    """Predict the enhanced picture from the last one where that helps; off: always the full net."""
    enhance_unwatched: bool = False
    """Enhance streams that nobody watches too, with the time that watched ones leave."""
    worker_capacity: float = Field(0.0, ge=0.0, le=10_000.0)
    """Streams of 480x270 at 30 fps to take on at most; 0: as measured at start."""
    output_codec: str = ENCODED[0].name
    """Codec of the enhanced rendition."""
    x264_preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast"] = "superfast"
    """Speed against quality of the encoder x264."""
    bitrates: Words = ("640x360=1200", "960x540=2500", "1280x720=4000", "1920x1080=8000")
    """Bitrate targets of the output by size, ``WxH=kbit/s`` by comma; sizes between are
    interpolated by their number of pixels."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Lowest level that is logged."""

    @field_validator(
        "allowed_hosts",
        "trusted_proxies",
        "ice_addresses",
        "ice_servers",
        "bitrates",
        mode="before",
    )
    @classmethod
    def _words(cls, value: object) -> object:
        return _split(value)

    @field_validator("ice_ports")
    @classmethod
    def _ice_ports(cls, value: str) -> str:
        if value and parse_ports(value) is None:
            raise ValueError(f"{value!r} is not of the form 50000-50199")
        return value

    @field_validator("ice_addresses")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            ipaddress.ip_address(address)
        return value

    @field_validator("ice_servers")
    @classmethod
    def _ice_servers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for server in value:
            if not server.startswith(("stun:", "turn:", "turns:")):
                raise ValueError("each must start with stun:, turn: or turns:")
        return value

    @model_validator(mode="after")
    def _turn_logins(self) -> Settings:
        turns = [server for server in self.ice_servers if server.startswith("turn")]
        # Browsers refuse a TURN address that has no login.
        if not self.has_turn_secret and not all(map(_has_login, turns)):
            raise ValueError(
                "a turn: address in SHARPCAST_ICE_SERVERS needs a login, or SHARPCAST_TURN_SECRET"
            )
        return self

    @field_validator("bitrates")
    @classmethod
    def _bitrates(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for part in value:
            if parse_rung(part) is None:
                raise ValueError(f"{part!r} is not of the form 960x540=2500")
        if not value:
            raise ValueError("at least one size is needed")
        return value

    @field_validator("output_codec")
    @classmethod
    def _output_codec(cls, value: str) -> str:
        names = [each.name for each in ENCODED]
        if value not in names:
            raise ValueError(f"{value!r} is none of {', '.join(map(repr, names))}")
        return value

    @field_validator("allowed_hosts")
    @classmethod
    def _allowed_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name != "*" and not _HOST.match(name):
                raise ValueError(f"{name!r} is no host name; a port or scheme does not belong here")
        return tuple(name.lower() for name in value)

    @field_validator("trusted_proxies")
    @classmethod
    def _trusted_proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network, strict=False)
        return value

    @field_validator("publish_token", "admin_token")
    @classmethod
    def _token(cls, value: SecretStr) -> SecretStr:
        token = value.get_secret_value()
        if token and not (token.isascii() and token.isprintable() and " " not in token):
            raise ValueError("only ASCII characters without spaces; others do not survive HTTP")
        if token and len(token) < MIN_TOKEN_LENGTH:
            raise ValueError(f"at least {MIN_TOKEN_LENGTH} characters; shorter ones are guessed")
        return value

    @field_validator("models_dir", "engine_cache")
    @classmethod
    def _folders(cls, value: Path) -> Path:
        return value.expanduser()

    @field_validator("worker_name")
    @classmethod
    def _worker_name(cls, value: str) -> str:
        if value and not _NAME.match(value):
            raise ValueError("only letters, digits, _ . - and at most 64 of them")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_url(cls, value: str) -> str:
        if value:
            parse_address(value)
        return value

    @field_validator("redis_prefix")
    @classmethod
    def _redis_prefix(cls, value: str) -> str:
        if not _KEY_PREFIX.match(value):
            raise ValueError("only letters, digits, _ . : / - and at most 64 of them")
        return value

    @field_validator("public_url")
    @classmethod
    def _public_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("it must be of the form https://host[:port][/path]")
        if parts.query or parts.fragment or parts.username is not None:
            raise ValueError("it must be of the form https://host[:port][/path], and no more")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _together(self) -> Settings:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("SHARPCAST_TLS_CERT and SHARPCAST_TLS_KEY go together")
        for path in (self.tls_cert, self.tls_key):
            if path is not None and not os.access(path, os.R_OK):
                raise ValueError(f"{path} cannot be read")
        if not self.is_loopback and not (self.has_publish_token and self.has_admin_token):
            raise ValueError(
                f"listening on {self.http_host} needs SHARPCAST_PUBLISH_TOKEN and "
                "SHARPCAST_ADMIN_TOKEN; without them only loopback is served"
            )
        public = urlsplit(self.public_url).hostname or "localhost"
        if not _is_loopback(public) and not (self.has_publish_token and self.has_admin_token):
            raise ValueError(
                f"SHARPCAST_PUBLIC_URL says that {public} leads here, which needs "
                "SHARPCAST_PUBLISH_TOKEN and SHARPCAST_ADMIN_TOKEN; without them only loopback is "
                "served"
            )
        return self

    @property
    def port_range(self) -> tuple[int, int] | None:
        """First and last UDP port of peers, None for any."""
        return parse_ports(self.ice_ports)

    @property
    def is_loopback(self) -> bool:
        """True if only this machine can reach the web server."""
        return _is_loopback(self.http_host)

    @property
    def has_publish_token(self) -> bool:
        """True if publishers need a token."""
        return bool(self.publish_token.get_secret_value())

    @property
    def has_turn_secret(self) -> bool:
        """True if TURN logins are made here."""
        return bool(self.turn_secret.get_secret_value())

    @property
    def has_admin_token(self) -> bool:
        """True if the admin API needs a token."""
        return bool(self.admin_token.get_secret_value())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what ``load_settings`` hands over counts: no hidden .env files."""
        return (init_settings,)


def _has_login(server: str) -> bool:
    """True for ``turn:user:password@host``; neither word may be empty."""
    login, at, _ = server.partition(":")[2].rpartition("@")
    user, _, password = login.partition(":")
    return bool(at and user and password)


def parse_ports(text: str) -> tuple[int, int] | None:
    """(first, last) of ``first-last``, None if that is no range of ports."""
    match = _PORTS.fullmatch(text)
    if match is None:
        return None
    first, last = int(match[1]), int(match[2])
    return (first, last) if 1 <= first <= last <= 65535 else None


def read_file(path: Path) -> dict[str, str]:
    """The keys of a settings file: ``KEY=value`` lines, ``#`` comments. Raises BadSettings."""
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise BadSettings(f"SHARPCAST_CONFIG: {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadSettings(f"SHARPCAST_CONFIG: {path} is not a text file in UTF-8.") from error
    found = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals or not name.strip().startswith(PREFIX):
            raise BadSettings(f"{path} line {number}: not of the form {PREFIX}KEY=value.")
        found[name.strip()] = value.strip().strip("\"'")
    return found


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process. Raises BadSettings with one sentence."""
    environ = os.environ if environ is None else environ
    values = {key: value for key, value in environ.items() if key.startswith(PREFIX)}
    config = values.pop(f"{PREFIX}CONFIG", "")
    if config:
        values = {**read_file(Path(config)), **values}
    fields: dict[str, Any] = {}
    for key, value in values.items():
        name = key.removeprefix(PREFIX).lower()
        if name not in Settings.model_fields:
            raise BadSettings(f"{key} is not a setting of Sharpcast.")
        if value != "":
            fields[name] = value
    try:
        settings = Settings(**fields)
    except ValidationError as error:
        raise BadSettings(_sentence(error)) from error
    if not settings.worker_name:
        name = f"{os.uname().nodename.split('.')[0][:48]}-{secrets.token_hex(3)}"
        settings = settings.model_copy(update={"worker_name": name})
    return settings


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    message = first["msg"].removeprefix("Value error, ").rstrip(".")
    if not first["loc"]:
        return f"{message}."
    return f"{PREFIX}{str(first['loc'][0]).upper()}: {message}."
