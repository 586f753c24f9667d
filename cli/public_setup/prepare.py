"""Prepares the settings of a public address: asks at a terminal, or says what is missing."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, MutableMapping
from pathlib import Path

from app.webrtc.ice import choose_addresses
from cli.diagnostics import ports, public_address, udp_path
from cli.diagnostics.finding import Finding, Status
from cli.public_setup.dialogue import Ask, Dialogue
from cli.public_setup.lacks import Lack, LackKind, check_url, derived, find_lacks, in_words
from cli.public_setup.settings_writer import write_settings
from wire.errors import BadSettings
from wire.settings import PREFIX, Settings, load_settings
from wire.settings_file import read_file

CONFIG = f"{PREFIX}CONFIG"


def prepare(
    url: str,
    environ: MutableMapping[str, str],
    *,
    ask: Ask | None,
    say: Callable[[str], None],
) -> Settings:
    """Returns the settings that serve an address, and puts their file into ``environ``.

    ``ask`` is None without a terminal. Raises BadSettings with the list of what is missing.
    """
    url = check_url(url)
    path = settings_path(environ)
    known = _known(path, environ)
    lacks = find_lacks(known, url)
    if lacks and ask is None:
        raise BadSettings(in_words(url, lacks))
    changes: dict[str, str] = {}
    if lacks and ask is not None:
        try:
            changes = Dialogue(ask, say, path.parent).fill(lacks, url, known)
        except EOFError:
            raise BadSettings("The input ended before all was answered.") from None
    changes |= derived({**known, **changes}, url)
    if changes:
        _write(path, changes)
        say(f"Written to {path}, which only you can read: {', '.join(sorted(changes))}.")
    environ[CONFIG] = str(path)
    settings = load_settings(environ)
    _check_path(settings, url)
    if is_behind_router(settings):
        say(
            f"No address of this machine is a public one. If a router stands in front, let it pass "
            f"UDP port {settings.udp_port} and the web port on, and set SHARPCAST_ICE_ADDRESSES to "
            f"its public address, or SHARPCAST_ICE_STUN=stun:HOST:PORT to ask for it at each start."
        )
    return settings


def is_behind_router(settings: Settings) -> bool:
    """Returns True where peers are offered no global address, and no STUN server is asked."""
    if settings.ice_stun:
        return False
    offered = choose_addresses(settings.ice_addresses, loopback_only=False)
    addresses = (*offered.local, *offered.mapped)
    return not any(ipaddress.ip_address(each).is_global for each in addresses)


def settings_path(environ: MutableMapping[str, str]) -> Path:
    """Returns the settings file: the one of SHARPCAST_CONFIG, else one in the user's folder."""
    if named := environ.get(CONFIG):
        return Path(named)
    base = environ.get("XDG_CONFIG_HOME") or os.path.join(environ.get("HOME", "/"), ".config")
    return Path(base) / "sharpcast" / "sharpcast.env"


def _known(path: Path, environ: MutableMapping[str, str]) -> dict[str, str]:
    stored = read_file(path) if path.exists() else {}
    own = {key: text for key, text in environ.items() if key.startswith(PREFIX) and text}
    own.pop(CONFIG, None)
    return {**stored, **own}


def _write(path: Path, changes: dict[str, str]) -> None:
    try:
        write_settings(path, changes)
    except OSError as error:
        raise BadSettings(f"{path} cannot be written: {error.strerror}.") from error


def _check_path(settings: Settings, url: str) -> None:
    """Looks whether the ports can be had and datagrams arrive. Raises BadSettings with a list."""
    found: list[Finding] = [*ports.check(settings), *udp_path.check(settings)]
    if settings.ice_stun:
        found += public_address.check_stun(settings)
    faults = [each for each in found if each.status is Status.FAULT]
    if faults:
        lacks = [
            Lack(LackKind.PATH, f"{each.what}: {each.detail}", each.cure.rstrip("."))
            for each in faults
        ]
        raise BadSettings(in_words(url, lacks))
