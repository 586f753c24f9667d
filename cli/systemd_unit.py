"""``sharpcast systemd``: prints a hardened unit that runs this installation."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

_UNIT = """\
# Written by `sharpcast systemd`. As root:
#   sharpcast systemd > /etc/systemd/system/sharpcast.service
#   systemctl daemon-reload && systemctl enable --now sharpcast
# Settings: {config}, owned by root, mode 600.
[Unit]
Description=Sharpcast, a live-streaming server
After=network-online.target
Wants=network-online.target

[Service]
Type=exec
ExecStart={command} up
# Read by systemd, before the rights are dropped.
EnvironmentFile=-{config}
Restart=on-failure
RestartSec=2
TimeoutStopSec=15
LimitNOFILE=65536
LimitCORE=0

# A user that exists while the unit runs, with folders of its own.
DynamicUser=yes
StateDirectory=sharpcast
CacheDirectory=sharpcast
RuntimeDirectory=sharpcast
WorkingDirectory=%S/sharpcast
Environment=HOME=%S/sharpcast XDG_CACHE_HOME=%C/sharpcast NUMBA_CACHE_DIR=%C/sharpcast/numba
Environment=SHARPCAST_ENGINE_CACHE=%C/sharpcast/engines TMPDIR=%t/sharpcast PYTHONUNBUFFERED=1
# Certificates that root alone may read: systemd hands copies to the unit.
#LoadCredential=fullchain.pem:/etc/letsencrypt/live/HOST/fullchain.pem
#LoadCredential=privkey.pem:/etc/letsencrypt/live/HOST/privkey.pem
#Environment=SHARPCAST_TLS_CERT=%d/fullchain.pem SHARPCAST_TLS_KEY=%d/privkey.pem

# Ports below 1024, and nothing else.
AmbientCapabilities=CAP_NET_BIND_SERVICE
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome={protect_home}
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
KeyringMode=private
UMask=0077
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
# Numba and OpenVINO make machine code while they run, so MemoryDenyWriteExecute stays off.

[Install]
WantedBy=multi-user.target
"""

_HOMES = (("/", "home"), ("/", "root"))
"""Folders that `ProtectHome=yes` hides from the unit, beside `/run/user`."""

CONFIG = Path("/etc/sharpcast.env")


def systemd(
    config: Annotated[Path, typer.Option(help="The settings file of the unit.")] = CONFIG,
) -> None:
    """Print a hardened systemd unit that runs this installation."""
    command = _command()
    # The command is a script of an interpreter, whose files and libraries may lie elsewhere.
    needed = [command.resolve(), Path(sys.executable).resolve(), Path(sys.prefix)]
    needed += [Path(sys.base_prefix).resolve(), Path(__file__).resolve()]
    print(unit(command, config, needed), end="")


def unit(command: Path, config: Path, needed: Sequence[Path] = ()) -> str:
    """Returns the text of the unit for an executable and a settings file; ``needed`` are other
    files and folders that the command reads.
    """
    # An installation below somebody's home must stay visible, and cannot be changed either way.
    is_at_home = any(path.parts[:2] in _HOMES for path in (command, *needed))
    protect = "read-only" if is_at_home else "yes"
    return _UNIT.format(command=command, config=config, protect_home=protect)


def _command() -> Path:
    beside = Path(sys.executable).with_name("sharpcast")
    found = beside if beside.exists() else Path(shutil.which("sharpcast") or sys.argv[0])
    return found.absolute()
