"""All settings, read once per process from the environment and an optional file.

``SHARPCAST_CONFIG`` names the file: lines of ``SHARPCAST_KEY=value``. The environment wins. An
unknown key or a bad value stops the start with one sentence. Components get frozen slices of
this, never the whole.
"""

from __future__ import annotations

import difflib
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from media.codec_table import ENCODED
from wire import keys
from wire.access_settings import JwtIssuer, parse_jwt_issuer
from wire.errors import BadSettings
from wire.recording_board import RecordMode
from wire.setting_types import (
    AccessHook,
    Bitrates,
    Folder,
    FrameAncestors,
    HostNames,
    IceServers,
    IpAddresses,
    JoinAddress,
    JoinToken,
    Jwt,
    KeyPrefix,
    Networks,
    NodeName,
    OutputCodec,
    PublicUrl,
    RedisUrl,
    StunAddress,
    Token,
    WebhookAddresses,
    WebhookSecret,
    WorkerName,
    has_login,
    is_loopback,
    parse_join,
    parse_stun,
)
from wire.settings_file import PREFIX, read_file

__all__ = ["PREFIX", "Settings", "load_settings"]


class Settings(BaseSettings):
    """Every key; in the environment each is ``SHARPCAST_`` and the name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    http_host: str = "127.0.0.1"
    """Address the web server listens on. Anything but loopback needs both tokens."""
    http_port: int = Field(8080, ge=0, le=65535)
    """Port of the web server; 0 takes a free one."""
    app_processes: int = Field(1, ge=1, le=64)
    """App processes that share the port of the web server, each with an event loop, and so a core,
    of its own; limits on publishers and viewers hold for each. More than one needs Linux."""
    public_url: PublicUrl = ""
    """Base address that clients use, if it differs from what they send in ``Host``."""
    allowed_hosts: HostNames = ()
    """More host names that this server is called by, by comma (``*.example.org``: all below it;
    ``*``: any). Pages of these hosts may use it as its own pages do, but for ``*``."""
    frame_ancestors: FrameAncestors = ("'self'",)
    """Pages that may show ``/embed/NAME`` in a frame, by comma: ``'self'``, ``'none'``, ``*``, or
    origins such as ``https://example.org`` and ``https://*.example.org``."""
    trusted_proxies: Networks = ()
    """Addresses and networks of reverse proxies, by comma, whose X-Forwarded-For is believed."""
    tls_cert: Path | None = None
    """PEM certificate chain; the server speaks HTTPS with it and the key. Read again on change."""
    tls_key: Path | None = None
    """PEM private key."""
    publish_token: Token = SecretStr("")
    """Bearer token a publisher must send; empty: none needed, loopback only."""
    admin_token: Token = SecretStr("")
    """Bearer token for changes and for the worker list; empty: none needed, loopback only."""
    key_in_path: bool = False
    """Take stream keys in the path, ``/whip/STREAM/KEY``, from encoders that have one field only;
    proxies in front write paths to their logs."""
    jwt: Jwt = ""
    """Take JWTs of an issuer, ``issuer=https://id.example audience=sharpcast
    keys=https://id.example/jwks.json``; ``keys`` may be a path (docs/keys.md)."""
    access_hook: AccessHook = Field("", repr=False)
    """Address that is asked who may do what by tokens that are not known here, signed with
    ``webhook_secret`` (docs/keys.md)."""
    keys_file: Path = Path("~/.local/share/sharpcast/keys.json")
    """File in which ``sharpcast up`` keeps stream keys, view permissions and choices of recording,
    as its own Redis forgets them; unused with ``redis_url``."""
    redis_url: RedisUrl = Field("", repr=False)
    """Address of Redis: ``redis://``, ``rediss://`` (TLS), ``unix://``, ``redis+sentinel://`` or
    ``redis+cluster://``, see docs/redis.md; empty: an embedded server is started."""
    node_name: NodeName = ""
    """Name of this app process, unique among the nodes of one Redis, in its sessions' addresses;
    empty: a random one."""
    redis_prefix: KeyPrefix = keys.PREFIX
    """Prefix of the names of all keys in Redis; installations that share a Redis differ in it."""
    gateway_host: str = ""
    """Address on which the gateway listens for devices at other sites (UDP), such as ``0.0.0.0``;
    empty: there is none."""
    gateway_port: int = Field(9443, ge=0, le=65535)
    """UDP port of the gateway; 0 takes a free one."""
    gateway_composers: int = Field(2, ge=0, le=8)
    """Workers that are kept beside the gateway, which compose streams and leave nets to the
    devices, so that no weak device has to lead one: with two, one that dies is replaced within half
    a second. They take no stream that another worker of the site can hold."""
    join: JoinAddress = ""
    """Gateway that a worker joins, ``host:port``, instead of reaching Redis; empty: none."""
    join_token: JoinToken = SecretStr("")
    """Token with which devices join. At the gateway: any number of devices, each pinned by its key;
    empty: only with tokens for one device each. At a device: its own."""
    ice_addresses: IpAddresses = ()
    """IP addresses offered to peers, by comma; empty: this machine's, or loopback with it."""
    udp_port: int = Field(8189, ge=0, le=65535)
    """UDP port of all peers' sound and pictures, each app process after the first one takes the
    next; 0 takes free ones."""
    ice_tcp_port: int = Field(0, ge=0, le=65535)
    """TCP port for peers whose network lets no UDP through (ICE-TCP), and the next ones as above;
    0: none."""
    ice_stun: StunAddress = ""
    """STUN server, ``stun:host:port``, that is asked for this machine's public address, which is
    then offered to peers too; empty: none is asked."""
    ice_servers: IceServers = Field((), repr=False)
    """STUN and TURN addresses handed to browsers, by comma: ``stun:host:port``,
    ``turn:user:password@host:port``, or without a login, with ``turn_secret``."""
    turn_secret: SecretStr = SecretStr("")
    """Secret shared with the TURN servers (``static-auth-secret`` of coturn): each peer gets a
    login that expires. Empty: their logins stand in ``ice_servers``."""
    max_streams: int = Field(32, ge=1, le=10_000)
    """Publishers at a time; the next gets 503."""
    max_viewers: int = Field(200, ge=1, le=100_000)
    """Viewers at a time; the next gets 503."""
    hls: bool = True
    """Serve HLS of every rendition under ``/hls``, for players without WebRTC."""
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
    """Strength of the style where no other was chosen: 0 is faithful, 1 is crisp."""
    models_dir: Folder = Path("~/.local/share/sharpcast/models")
    """Folder of weights that do not ship, as MODEL/FILE."""
    engine: str = "auto"
    """Inference engine; ``auto`` takes the fastest that is there."""
    engine_cache: Folder = Path("~/.cache/sharpcast/engines")
    """Folder in which engines that compile for long (TensorRT) keep what they made."""
    precision: Literal["auto", "fp32", "fp16", "int8"] = "auto"
    """Weights to load, where net and engine have them; ``auto`` takes what suits the engine."""
    worker_name: WorkerName = ""
    """Name in lists and metrics, unique among the workers of one Redis; empty: host name and a
    random part."""
    worker_role: Literal["all", "compose"] = "all"
    """``compose``: leads streams, but leaves nets to other workers, and helps none."""
    worker_threads: int = Field(0, ge=0, le=256)
    """Threads the net may use; 0: all cores but one."""
    temporal: bool = True
    """Predict the enhanced picture from the last one where that helps; off: always the full net."""
    tune: bool = False
    """Tune a net on each stream in the time that is left, from a larger net of the zoo; needs
    torch (docs/tuning.md)."""
    enhance_unwatched: bool = False
    """Enhance streams that nobody watches too, with the time that watched ones leave."""
    worker_capacity: float = Field(0.0, ge=0.0, le=10_000.0)
    """Streams of 480x270 at 30 fps to take on at most; 0: as measured at start."""
    output_codec: OutputCodec = ENCODED[0].name
    """Codec of the enhanced rendition."""
    x264_preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast"] = "superfast"
    """Speed against quality of the encoder x264; superfast does more where time is idle."""
    bitrates: Bitrates = ("640x360=1800", "960x540=3750", "1280x720=6000", "1920x1080=12000")
    """Bitrate targets of the output by size, ``WxH=kbit/s`` by comma; sizes between are
    interpolated by their number of pixels."""
    record: RecordMode = "off"
    """Recording of streams for which nobody chose: off, source, enhanced or both."""
    record_dir: Folder = Path("~/.local/share/sharpcast/recordings")
    """Folder of recordings, as STREAM/TIME-RENDITION.mp4."""
    record_days: float = Field(0.0, ge=0.0, le=36_500.0)
    """Recordings that ended so many days ago are removed; 0: none is, by its age."""
    record_max_gb: float = Field(0.0, ge=0.0, le=1_000_000.0)
    """Gigabytes of recordings above which the oldest are removed; 0: none is, and recording pauses
    before the disk is full."""
    webhooks: WebhookAddresses = Field((), repr=False)
    """Addresses that are told of streams, viewers and recordings (docs/webhooks.md), by comma."""
    webhook_secret: WebhookSecret = SecretStr("")
    """Secret with which what they and the access hook are told is signed; needed where there are
    any."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Lowest level that is logged."""
    log_format: Literal["text", "json"] = "text"
    """Form of the log: lines for people, or one JSON object a line for collectors."""
    otel_endpoint: PublicUrl = ""
    """Collector of OpenTelemetry, ``http://host:4318``, that is sent traces of pictures; empty: no
    traces. Needs the extra ``otel``."""
    otel_ratio: float = Field(0.001, ge=0.0, le=1.0)
    """Part of all pictures that is traced; the same in all processes and on all machines."""

    @model_validator(mode="after")
    def _turn_logins(self) -> Settings:
        turns = [server for server in self.ice_servers if server.startswith("turn")]
        # Browsers refuse a TURN address that has no login.
        if not self.has_turn_secret and not all(map(has_login, turns)):
            raise ValueError(
                "a turn: address in SHARPCAST_ICE_SERVERS needs a login, or SHARPCAST_TURN_SECRET"
            )
        return self

    @model_validator(mode="after")
    def _webhooks_signed(self) -> Settings:
        if self.webhooks and not self.webhook_secret.get_secret_value():
            raise ValueError("SHARPCAST_WEBHOOKS needs SHARPCAST_WEBHOOK_SECRET to sign with")
        if self.access_hook and not self.webhook_secret.get_secret_value():
            raise ValueError("SHARPCAST_ACCESS_HOOK needs SHARPCAST_WEBHOOK_SECRET to sign with")
        return self

    @model_validator(mode="after")
    def _together(self) -> Settings:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("SHARPCAST_TLS_CERT and SHARPCAST_TLS_KEY go together")
        for path in (self.tls_cert, self.tls_key):
            if path is not None and not os.access(path, os.R_OK):
                raise ValueError(f"{path} cannot be read")
        if self.app_processes > 1 and sys.platform != "linux":
            raise ValueError("SHARPCAST_APP_PROCESSES above 1 needs Linux")
        last = self.app_processes - 1
        if max(self.udp_port, self.ice_tcp_port) + last > 65535:
            raise ValueError(
                "SHARPCAST_UDP_PORT or SHARPCAST_ICE_TCP_PORT is too high: each app process takes "
                "the next port"
            )
        is_one = self.app_processes == 1 or not self.node_name
        if not is_one and not keys.is_node(f"{self.node_name}-{self.app_processes}"):
            raise ValueError(
                "SHARPCAST_NODE_NAME is too long: each app process puts its number behind it"
            )
        if not self.is_loopback and not (self.has_publish_token and self.has_admin_token):
            raise ValueError(
                f"listening on {self.http_host} needs SHARPCAST_PUBLISH_TOKEN and "
                "SHARPCAST_ADMIN_TOKEN; without them only loopback is served"
            )
        public = urlsplit(self.public_url).hostname or "localhost"
        if not is_loopback(public) and not (self.has_publish_token and self.has_admin_token):
            raise ValueError(
                f"SHARPCAST_PUBLIC_URL says that {public} leads here, which needs "
                "SHARPCAST_PUBLISH_TOKEN and SHARPCAST_ADMIN_TOKEN; without them only loopback is "
                "served"
            )
        return self

    @property
    def gateway_to_join(self) -> tuple[str, int]:
        """Host and port of the gateway that a worker joins. Raises ValueError without one."""
        return parse_join(self.join)

    @property
    def stun_server(self) -> tuple[str, int]:
        """Host and port of the STUN server to ask. Raises ValueError without one."""
        return parse_stun(self.ice_stun)

    @property
    def jwt_issuer(self) -> JwtIssuer | None:
        """The issuer whose JWTs are taken, None without one."""
        return parse_jwt_issuer(self.jwt) if self.jwt else None

    @property
    def is_loopback(self) -> bool:
        """True if only this machine can reach the web server."""
        return is_loopback(self.http_host)

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


_REPLACED = {"ice_ports": "all peers share one UDP port, SHARPCAST_UDP_PORT."}
"""Sentences about settings that are gone, by name."""


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Returns the settings of this process. Raises BadSettings with one sentence."""
    environ = os.environ if environ is None else environ
    values = {key: value for key, value in environ.items() if key.startswith(PREFIX)}
    config = values.pop(f"{PREFIX}CONFIG", "")
    if config:
        values = {**read_file(Path(config)), **values}
    fields: dict[str, Any] = {}
    for key, value in values.items():
        name = key.removeprefix(PREFIX).lower()
        if name in _REPLACED:
            raise BadSettings(f"{key} is no setting any more: {_REPLACED[name]}")
        if name not in Settings.model_fields:
            raise BadSettings(f"{key} is not a setting of Sharpcast{_meant(name)}")
        # A variable that is empty counts as not set: Compose files hand on unset ones as empty.
        if value != "":
            fields[name] = value
    try:
        settings = Settings(**fields)
    except ValidationError as error:
        raise BadSettings(_sentence(error)) from error
    if not settings.worker_name:
        # Two workers of one name would be one consumer and renew each other's leases (`jobs.py`),
        # so the name has a random part; copies of a container have the same host name.
        name = f"{os.uname().nodename.split('.')[0][:48]}-{secrets.token_hex(3)}"
        settings = settings.model_copy(update={"worker_name": name})
    return settings


def _meant(name: str) -> str:
    """Returns the end of the sentence: the setting whose name is most alike, if there is one."""
    alike = difflib.get_close_matches(name, Settings.model_fields, n=1)
    return f"; {PREFIX}{alike[0].upper()} is one." if alike else "."


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    message = first["msg"].removeprefix("Value error, ").rstrip(".")
    if not first["loc"]:
        return f"{message}."
    return f"{PREFIX}{str(first['loc'][0]).upper()}: {message}."
