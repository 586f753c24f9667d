"""Measures how many viewers a core carries, and the cost and delay of a packet."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Sequence

from benchmarks.edge.counting_viewers import Remote
from benchmarks.edge.servers import SERVERS, Server, lack
from benchmarks.table import markdown_table

SETTLE_S = 2.0
"""The replay for those who have just joined does not count."""


@dataclasses.dataclass(frozen=True, slots=True)
class Load:
    """One server with so many viewers."""

    server: str
    kbps: int
    viewers: int
    alive: int
    "Viewers still connected at the end."
    cpu: float
    "Cores that the server took."
    idle_cpu: float
    "Cores that it takes without viewers."
    packets: int
    expected: float
    seconds: float
    p50_ms: float
    p99_ms: float
    load: float
    "Load average of the machine."

    @property
    def packet_us(self) -> float:
        """Processor time for each packet to each viewer, in us."""
        return 1e6 * max(0.0, self.cpu - self.idle_cpu) * self.seconds / max(1, self.packets)

    @property
    def per_core(self) -> float:
        """Viewers to whom one core sends all packets at this cost, beside the stream itself."""
        per_s = self.expected / self.seconds / max(1, self.viewers)
        return 1e6 * max(0.0, 1.0 - self.idle_cpu) / max(1.0, self.packet_us * per_s)

    @property
    def delivered(self) -> float:
        """Part of the packets that arrived."""
        return min(1.0, self.packets / max(1.0, self.expected))


def measure(
    names: Sequence[str], rates: Sequence[int], steps: Sequence[int], seconds: float
) -> str:
    """Measures servers in turn, each with growing groups of viewers; returns a table."""
    loads: list[Load] = []
    for kbps in rates:
        for name in names:
            if why := lack(name):
                print(f"{name}: left out ({why})", flush=True)
                continue
            with SERVERS[name](kbps) as server:
                loads += grow(server, kbps, steps, seconds)
    return table(loads)


def grow(server: Server, kbps: int, steps: Sequence[int], seconds: float) -> list[Load]:
    """Measures one server with each number of viewers, until it takes more than a core."""
    time.sleep(SETTLE_S)
    idle_cpu = _cpu(server, min(seconds, 3.0))
    found: list[Load] = []
    with Remote(server.place, server.log) as group:
        for count in steps:
            try:
                group.ask(grow=count)
            except RuntimeError:
                # What the server could do with fewer is known by now.
                print(f"{server.name}: not all of {count} viewers could join", flush=True)
                break
            time.sleep(SETTLE_S)
            before, began = server.cpu_s(), time.monotonic()
            answer = group.ask(measure=seconds)
            took = time.monotonic() - began
            cpu = (server.cpu_s() - before) / took
            load = Load(
                server.name, kbps, count, answer["alive"], cpu, idle_cpu, answer["packets"],
                answer["expected"], answer["seconds"], answer["p50_ms"], answer["p99_ms"],
                os.getloadavg()[0],
            )  # fmt: skip
            found.append(load)
            if cpu > 0.97:
                break
    return found


def _cpu(server: Server, seconds: float) -> float:
    before = server.cpu_s()
    time.sleep(seconds)
    return (server.cpu_s() - before) / seconds


def table(loads: Sequence[Load]) -> str:
    """Writes the measurements as a table."""
    head = (
        "server", "kbit/s", "viewers", "cores", "us a packet and viewer", "viewers a core",
        "delay p50, p99 ms", "delivered", "load",
    )  # fmt: skip
    rows = [
        (
            each.server,
            str(each.kbps),
            f"{each.alive}" if each.alive == each.viewers else f"{each.alive} of {each.viewers}",
            f"{each.cpu:.2f}",
            f"{each.packet_us:.1f}",
            f"{each.per_core:.0f}",
            f"{each.p50_ms:.1f}, {each.p99_ms:.1f}",
            f"{100 * each.delivered:.1f} %",
            f"{each.load:.1f}",
        )
        for each in loads
    ]
    return markdown_table(head, rows)
