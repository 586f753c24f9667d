"""A hub and devices in namespaces of their own on an emulated network. Open with ``open_lab``."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import msgspec

from benchmarks.network import cpu_group, emulator, namespace
from benchmarks.network.conditions import Conditions
from benchmarks.network.cpu_group import CpuGroup
from benchmarks.network.emulator import Answer, Order
from benchmarks.server import environment
from wire.parent_death import die_with_parent

HUB = "hub"

ADDRESS = emulator.HUB_ADDRESS
"""The hub's address, for all devices."""

_numbers = itertools.count()


class LabFailed(Exception):
    """The emulator has ended, or says something that it should not."""


class Place:
    """The hub or a device: a namespace and a CPU group in which processes are started."""

    def __init__(self, name: str, namespace_file: str, group: CpuGroup) -> None:
        self.name = name
        self.group = group
        self.namespace_file = namespace_file

    def start(
        self,
        command: Sequence[str],
        *,
        log: IO[bytes] | int = subprocess.DEVNULL,
        stdout: IO[bytes] | int | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> subprocess.Popen[bytes]:
        """Starts a process here; it does not outlive this one. Call from the main thread."""
        die = die_with_parent()

        def prepare() -> None:
            die()
            namespace.enter(self.namespace_file)
            self.group.enter()

        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=log if stdout is None else stdout,
            stderr=log,
            env=dict(env) if env is not None else environment(),
            cwd=cwd,
            start_new_session=True,
            preexec_fn=prepare,
        )

    def run(self, command: Sequence[str], *, timeout_s: float = 10.0) -> bytes:
        """Runs a command here and returns what it prints. Raises subprocess's errors."""
        done = subprocess.run(
            command,
            preexec_fn=namespace.entering(self.namespace_file),
            capture_output=True,
            timeout=timeout_s,
            check=True,
        )
        return done.stdout


class Lab:
    """The places and the network between them."""

    def __init__(self, process: subprocess.Popen[bytes], devices: Sequence[str]) -> None:
        self._process = process
        self.names = list(devices)
        answer = self._hear()
        self._unique = f"sharpcast-{os.getpid()}-{next(_numbers)}"
        self._groups: list[CpuGroup] = []
        self.places: dict[str, Place] = {}
        for name, file in answer.namespaces.items():
            self.places[name] = self._place(name, file)

    def _place(self, name: str, namespace_file: str) -> Place:
        group = CpuGroup(f"{self._unique}-{name}")
        self._groups.append(group)
        # The emulator removes it, since it sees the end of this process in any case.
        self._tell(Order(group=group.name))
        return Place(name, namespace_file, group)

    def beside(self, name: str, role: str) -> Place:
        """Makes another CPU group in the namespace of a place, for processes counted apart."""
        return self._place(f"{name}-{role}", self.places[name].namespace_file)

    @property
    def hub(self) -> Place:
        """The place that all devices reach."""
        return self.places[HUB]

    def address(self, device: str) -> str:
        """The address of a device."""
        return emulator.device_side(self.names.index(device) + 1)

    def change(
        self, device: str = "", *, up: Conditions | None = None, down: Conditions | None = None
    ) -> Answer:
        """Sets the conditions of a device's path, or of all; those left out stay."""
        return self._tell(Order(device=device, up=up, down=down))

    def change_both(self, conditions: Conditions, device: str = "") -> Answer:
        """Sets the conditions of both directions."""
        return self.change(device, up=conditions, down=conditions)

    def figures(self) -> Answer:
        """Returns what the emulator has counted."""
        return self._tell(Order())

    def set_congestion_control(self, device: str, name: str) -> None:
        """Lets TCP on both ends of a path use ``cubic``, ``bbr`` or another of the kernel's."""
        number = self.names.index(device) + 1
        near, far = emulator.hub_side(number), emulator.device_side(number)
        for place, route in (
            (self.hub, f"{far}/32 dev dev{number} src {near}"),
            (self.places[device], f"default via {near}"),
            (self.places[device], f"{ADDRESS}/32 via {near}"),
        ):
            place.run(["ip", "route", "replace", *route.split(), "congctl", name])

    def _tell(self, order: Order) -> Answer:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(msgspec.json.encode(order) + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise LabFailed("the emulator of the network has ended") from None
        return self._hear()

    def _hear(self) -> Answer:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        try:
            return msgspec.json.decode(line, type=Answer)
        except msgspec.DecodeError:
            raise LabFailed("the emulator of the network has ended") from None

    def close(self) -> None:
        """Ends the emulator and all processes of the places, and removes all that was made."""
        assert self._process.stdin is not None and self._process.stdout is not None
        for group in self._groups:
            group.remove()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def missing() -> str:
    """Returns a sentence that says why there can be no lab here, or an empty one."""
    return namespace.missing() or cpu_group.missing()


@contextlib.contextmanager
def open_lab(devices: Sequence[str], *, seed: int = 1) -> Iterator[Lab]:
    """Gives a lab with the named devices, all on clean paths. Raises OSError and LabFailed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.network.emulator", str(seed), *devices],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # Ctrl-C in a terminal must not reach it: it outlives this process to clean up.
        start_new_session=True,
    )
    try:
        lab = Lab(process, devices)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    try:
        yield lab
    finally:
        lab.close()
