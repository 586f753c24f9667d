"""Check of the way of media: a datagram to each own address arrives at the media port."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator

from app.webrtc.ice import choose_addresses
from app.webrtc.udp_port import bind_udp
from cli.diagnostics.finding import Finding, fault, good
from cli.diagnostics.ports import is_running
from wire.settings import Settings

WAIT_S = 0.5
"""Seconds for a datagram that stays on this machine."""

MAX_TRIES = 4
"""A socket with a full buffer may lose one."""


def check(settings: Settings) -> Iterator[Finding]:
    """Sends datagrams to the media port at each address that peers are offered."""
    if is_running(settings):
        return  # The port is in use; `sharpcast doctor URL` asks the server itself.
    addresses = choose_addresses(settings.ice_addresses, loopback_only=settings.is_loopback)
    silent: list[str] = []
    tried = 0
    for host in addresses.local:
        try:
            receiver = bind_udp(host, settings.udp_port)
        except OSError:
            continue  # The check of the port itself has named it.
        tried += 1
        with receiver:
            if not arrives(receiver, host):
                silent.append(host)
    if tried:
        yield judge(settings.udp_port, silent)


def judge(port: int, silent: list[str]) -> Finding:
    """Judges the addresses at which nothing arrived."""
    what = "UDP"
    if not silent:
        return good(what, "datagrams arrive at the media port")
    place = port or "of media"
    return fault(
        what,
        f"datagrams to {', '.join(silent)} port {place} do not arrive: a firewall of this machine "
        "drops them",
        f"Let UDP port {place} in: `ufw allow {port}/udp`, `firewall-cmd --add-port={port}/udp`, "
        f"or `nft add rule inet filter input udp dport {port} accept`.",
        silent=silent,
    )


def arrives(receiver: socket.socket, host: str) -> bool:
    """Returns True if a datagram from another socket of this machine arrives."""
    token = os.urandom(16)
    receiver.settimeout(WAIT_S)
    with socket.socket(receiver.family, socket.SOCK_DGRAM) as sender:
        for _ in range(MAX_TRIES):
            # A rule that refuses instead of dropping is an error of the sender.
            with contextlib.suppress(OSError):
                sender.sendto(token, (host, receiver.getsockname()[1]))
            with contextlib.suppress(OSError):
                if receiver.recv(64) == token:
                    return True
    return False
