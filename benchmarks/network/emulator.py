"""The process between the hub and its devices: ``python -m benchmarks.network.emulator SEED NAME``.

It makes a namespace for the hub and one for each device, joins them by TUN interfaces, and carries
packets as ``path`` says. It answers each line of its standard input (JSON, ``Order``) by one line
(``Answer``); when the input ends it removes the CPU groups that it was told of, and all is gone.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import os
import resource
import select
import sys
import time

import msgspec

from benchmarks.network import namespace
from benchmarks.network.conditions import CLEAN, Conditions
from benchmarks.network.cpu_group import CpuGroup
from benchmarks.network.path import EmulatedPath

HUB_ADDRESS = "10.77.0.1"
"""Address of the hub's processes. The namespaces are private, so nothing can collide."""

MAX_EARLY_S = 0.000_25
"""A packet may arrive so much before its time, if the process is awake: half of what 1200 bytes
take at 20 Mbit/s."""

MAX_READ = 64
"""Packets that are read from one interface before the others get their turn."""

_PACKET_BYTES = namespace.MTU_BYTES + 4


class Order(msgspec.Struct, forbid_unknown_fields=True):
    """Changes that the emulator shall make."""

    device: str = ""
    """Owner of the path that shall change; empty: all devices' paths change."""
    up: Conditions | None = None
    """Conditions from the device to the hub; None: as before."""
    down: Conditions | None = None
    """Conditions from the hub to the device; None: as before."""
    group: str = ""
    """Name of a CPU group to remove at the end."""


class WayFigures(msgspec.Struct):
    """Counters of one direction, as in ``path.PathCounters``."""

    sent: int
    sent_bytes: int
    passed: int
    passed_bytes: int
    lost: int
    overflowed: int
    cut: int


class Answer(msgspec.Struct):
    """Reply of the emulator to every order."""

    namespaces: dict[str, str]
    """Files by which a process enters the namespace of a device, or of ``hub``."""
    cpu_s: float
    """The processor time of the emulator so far; carrying packets takes part of the kernel's."""
    late_ms: float
    """The most that a packet was handed over after its time since the answer before."""
    up: dict[str, WayFigures]
    down: dict[str, WayFigures]


@dataclasses.dataclass(slots=True)
class _Way:
    source: int
    target: int
    path: EmulatedPath


def hub_side(number: int) -> str:
    """The address of the hub's end of a device's path; devices are numbered from 1."""
    return f"10.77.{number}.1"


def device_side(number: int) -> str:
    """The address of a device."""
    return f"10.77.{number}.2"


class Emulator:
    """Carries packets between TUN interfaces until its input ends."""

    def __init__(self, devices: list[str], *, seed: int) -> None:
        hub = namespace.make_namespace()
        namespace.run_ip(f"addr add {HUB_ADDRESS}/32 dev lo")
        self._spaces = {"hub": hub}
        self._up: dict[str, _Way] = {}
        self._down: dict[str, _Way] = {}
        self._groups: list[str] = []
        self._late_s = 0.0
        self._input = b""
        for number, device in enumerate(devices, 1):
            namespace.enter(f"/proc/self/fd/{hub}")
            near = namespace.make_tun(f"dev{number}", hub_side(number), device_side(number))
            self._spaces[device] = namespace.make_namespace()
            far = namespace.make_tun("hub", device_side(number), hub_side(number))
            namespace.run_ip(f"route add default via {hub_side(number)}")
            up = EmulatedPath(CLEAN, seed=2 * (seed + number))
            down = EmulatedPath(CLEAN, seed=2 * (seed + number) + 1)
            self._up[device] = _Way(far, near, up)
            self._down[device] = _Way(near, far, down)
        self._ways = {way.source: way for way in (*self._up.values(), *self._down.values())}

    def run(self) -> None:
        """Returns when the input has ended."""
        # select and not epoll: its time-out is given in microseconds.
        sources = [0, *self._ways]
        self._answer()
        while True:
            wait_s = self._deliver(time.monotonic())
            ready, _, _ = select.select(sources, (), (), wait_s)
            for source in ready:
                if source:
                    self._read(self._ways[source])
                elif not self._obey():
                    return

    def close(self) -> None:
        """Removes the CPU groups and what is in them."""
        for name in self._groups:
            CpuGroup(name).remove()

    def _deliver(self, now: float) -> float | None:
        """Hands over what is due; returns the time to the next packet."""
        following = None
        for way in self._ways.values():
            deadline = way.path.next_deadline
            if deadline is None:
                continue
            if deadline <= now + MAX_EARLY_S:
                self._late_s = max(self._late_s, now - deadline)
                for packet in way.path.due(now=now + MAX_EARLY_S):
                    # The interface of a device may be down, which loses packets as any other.
                    with contextlib.suppress(OSError):
                        os.write(way.target, packet)
                deadline = way.path.next_deadline
            if deadline is not None and (following is None or deadline < following):
                following = deadline
        return None if following is None else max(0.0, following - time.monotonic())

    @staticmethod
    def _read(way: _Way) -> None:
        send, source = way.path.send, way.source
        now = time.monotonic()
        for _ in range(MAX_READ):
            try:
                packet = os.read(source, _PACKET_BYTES)
            except BlockingIOError:
                return
            send(packet, now=now)

    def _obey(self) -> bool:
        """Reads orders; False when there will be none."""
        data = os.read(0, 65_536)
        *lines, self._input = (self._input + data).split(b"\n")
        for line in lines:
            self._carry_out(msgspec.json.decode(line, type=Order))
            self._answer()
        return bool(data)

    def _carry_out(self, order: Order) -> None:
        now = time.monotonic()
        for ways, conditions in ((self._up, order.up), (self._down, order.down)):
            for device, way in ways.items():
                if conditions is not None and order.device in ("", device):
                    way.path.change(conditions, now=now)
        if order.group:
            self._groups.append(order.group)

    def _answer(self) -> None:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        files = {name: f"/proc/{os.getpid()}/fd/{file}" for name, file in self._spaces.items()}
        answer = Answer(
            namespaces=files,
            cpu_s=usage.ru_utime + usage.ru_stime,
            late_ms=1000 * self._late_s,
            up=_figures(self._up),
            down=_figures(self._down),
        )
        self._late_s = 0.0
        os.write(1, msgspec.json.encode(answer) + b"\n")


def _figures(ways: dict[str, _Way]) -> dict[str, WayFigures]:
    return {
        device: WayFigures(**dataclasses.asdict(way.path.counters)) for device, way in ways.items()
    }


def main() -> None:
    """Runs the emulator for the devices named on the command line, behind a seed."""
    # Ahead of the devices, which may use all cores: the network would be as slow as they are.
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    # Nothing here makes cycles, and a collection would hold packets up.
    gc.disable()
    emulator = Emulator(sys.argv[2:], seed=int(sys.argv[1]))
    try:
        emulator.run()
    finally:
        emulator.close()


if __name__ == "__main__":
    main()
