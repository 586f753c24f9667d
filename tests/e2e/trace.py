"""The destinations of what processes send, read from a system-call trace."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from benchmarks.waiting import until

CALLS = "connect,sendto,sendmsg,sendmmsg"
DNS_PORT = 53

_INET = re.compile(
    r"sa_family=AF_INET6?, .*?sin6?_port=htons\((\d+)\).*?"
    r"(?:inet_addr\(\"([^\"]+)\"\)|inet_pton\(AF_INET6, \"([^\"]+)\")"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Sent:
    """One destination that a process named."""

    address: str
    port: int
    line: str
    "Of the trace, for a person."


def destinations(text: str) -> Iterable[Sent]:
    """Finds all Internet addresses in a trace. Unix and netlink sockets have none."""
    for line in text.splitlines():
        for port, v4, v6 in _INET.findall(line):
            yield Sent(v4 or v6, int(port), line)


def unwanted(text: str, own: Iterable[str]) -> list[str]:
    """Returns the lines that look up a name, or have an address neither loopback nor own."""
    allowed = set(own)
    return [
        sent.line
        for sent in destinations(text)
        if sent.port == DNS_PORT
        or not (ipaddress.ip_address(sent.address).is_loopback or sent.address in allowed)
    ]


def traced(trace: Path) -> list[str]:
    """Returns the words before a command that let it and its children be traced. Skips the test
    where nothing can be traced.
    """
    if shutil.which("strace") is None:
        pytest.skip("strace is missing: apt-get install strace")
    # -D: the command keeps the place, and so the signals, of the process that was started.
    words = ["strace", "-DDD", "-f", "--seccomp-bpf", "-q", "-e", f"trace={CALLS}"]
    probe = subprocess.run([*words, "-o", "/dev/null", "true"], capture_output=True, text=True)
    if probe.returncode != 0:
        pytest.skip(f"no system-call trace: {probe.stderr.strip()[-100:]}")
    return [*words, "-o", str(trace)]


def finished(trace: Path, pid: int, timeout_s: float = 10.0) -> str:
    """Waits until a command has ended; returns its whole trace."""
    ended = re.compile(rf"^{pid} .*\+\+\+ (exited|killed)", re.MULTILINE)

    def whole() -> str:
        text = trace.read_text()
        return text if ended.search(text) else ""

    return until(f"the end of the trace of {pid}", whole, timeout_s)
