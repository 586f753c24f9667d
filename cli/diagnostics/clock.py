"""Check of the clock: against that of Redis, of the public address, and the system's own word."""

from __future__ import annotations

import asyncio
import http.client
import subprocess
from collections.abc import Iterator
from urllib.parse import urlsplit

from cli.diagnostics import redis_server
from cli.diagnostics.finding import Finding, fault, good, note
from cli.diagnostics.web_client import request
from wire.errors import ServerRefuses
from wire.settings import Settings

MAX_OFFSET_S = 2.0
"""Logins for TURN and certificates bear more; delays between machines are measured by it."""

ASK_S = 5.0

_CURE = "Set the clock by the network: `timedatectl set-ntp true`, or install chrony."


def check(settings: Settings) -> Iterator[Finding]:
    """Compares the clock with those of the machines that the settings name."""
    found = False
    for whose, offset in _offsets(settings):
        found = True
        yield judge(whose, offset)
    if not found:
        yield by_kernel(kernel_says())


def _offsets(settings: Settings) -> Iterator[tuple[str, float]]:
    """Yields whose clock it is and how far it is ahead of ours, in seconds."""
    if settings.redis_url:
        try:
            facts = asyncio.run(redis_server.ask(settings.redis_url))
        except ServerRefuses:
            facts = None  # The check of Redis has named it.
        if facts is not None:
            yield "Redis", facts.clock_offset_s
    if settings.public_url:
        offset = date_offset(settings.public_url)
        if offset is not None:
            yield urlsplit(settings.public_url).hostname or "", offset


def judge(whose: str, offset_s: float) -> Finding:
    """Judges how far another machine's clock is ahead of this one's."""
    what = "clock"
    if abs(offset_s) <= MAX_OFFSET_S:
        return good(what, f"as that of {whose}", offset_s=round(offset_s, 3))
    way = "behind" if offset_s > 0 else "ahead of"
    return fault(
        what,
        f"this machine is {abs(offset_s):.0f} s {way} {whose}: certificates, logins for TURN and "
        "delays are judged by it",
        _CURE,
        offset_s=round(offset_s, 3),
    )


def date_offset(url: str) -> float | None:
    """Returns how far the clock behind an address is ahead, by its Date; None without an answer."""
    try:
        return request("HEAD", url).clock_offset_s
    except (OSError, http.client.HTTPException):
        return None


def kernel_says() -> str:
    """Returns ``yes`` or ``no`` for a clock that is set by the network, "" where nobody knows."""
    try:
        done = subprocess.run(
            ["timedatectl", "show", "--property=NTPSynchronized", "--value"],
            capture_output=True,
            text=True,
            timeout=ASK_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def by_kernel(says: str) -> Finding:
    """Judges what the system says of its clock."""
    if says == "yes":
        return good("clock", "set by the network")
    if says == "no":
        return note("clock", "not set by the network; it may be wrong", _CURE)
    return note("clock", "nobody here tells whether it is right")
