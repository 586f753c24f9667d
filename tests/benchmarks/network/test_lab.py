"""Real processes in real namespaces. Root only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from benchmarks.network import lab
from benchmarks.network.conditions import WIDE_AREA, Conditions
from benchmarks.network.lab import ADDRESS, Lab, LabFailed, open_lab
from benchmarks.waiting import until

pytestmark = pytest.mark.skipif(bool(lab.missing()), reason=lab.missing())

PORT = 5000

# Sends back every datagram; the namespaces are private, so the port is free.
ECHO = f"""
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("{ADDRESS}", {PORT}))
print("up", flush=True)
while True:
    s.sendto(*s.recvfrom(2000))
"""

# Sends datagrams one after the other, and prints the round trips in ms.
ASK = f"""
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("{ADDRESS}", {PORT}))
s.settimeout(float(sys.argv[2]))
for number in range(int(sys.argv[1])):
    began = time.monotonic()
    s.send(bytes(1000))
    try:
        s.recv(2000)
        print(1000 * (time.monotonic() - began))
    except TimeoutError:
        pass
"""

SPIN = "while True: pass"


def python(code: str, *arguments: str) -> list[str]:
    # Without the packages of the site it starts in a tenth of the time.
    return [sys.executable, "-I", "-S", "-c", code, *arguments]


def round_trips(network: Lab, device: str, count: int, timeout_s: float = 1.0) -> list[float]:
    told = network.places[device].run(python(ASK, str(count), str(timeout_s)), timeout_s=30)
    return [float(line) for line in told.split()]


@pytest.fixture(scope="module")
def network() -> Iterator[Lab]:
    with open_lab(["one", "two"]) as found:
        echo = found.hub.start(python(ECHO), stdout=subprocess.PIPE)
        assert echo.stdout is not None and echo.stdout.readline() == b"up\n"
        yield found
    echo.wait()
    echo.stdout.close()


@pytest.fixture(autouse=True)
def _clean(network: Lab) -> None:
    network.change_both(Conditions())


def test_packets_take_the_delay_of_both_directions(network: Lab) -> None:
    assert min(round_trips(network, "one", 20)) < 3
    network.change_both(WIDE_AREA)
    trips = sorted(round_trips(network, "one", 20))
    assert 40.0 <= trips[0] < 44
    # Half of them; the other half may have met a busy machine.
    assert trips[10] < 55


def test_conditions_of_one_device_and_direction_leave_the_others_alone(network: Lab) -> None:
    network.change("one", up=Conditions(delay_s=0.03))
    assert 30 <= sorted(round_trips(network, "one", 9))[4] < 45
    assert sorted(round_trips(network, "two", 9))[0] < 5


def test_a_slow_path_takes_longer_for_each_byte(network: Lab) -> None:
    network.change("one", up=Conditions(rate_bps=411_200))
    # 1000 bytes and 28 of head
    assert 20.0 <= sorted(round_trips(network, "one", 5))[2] < 35


def test_losses_and_cuts_are_counted(network: Lab) -> None:
    before = network.figures().up["two"]
    network.change("two", up=Conditions(loss=0.5))
    passed = len(round_trips(network, "two", 40, 0.02))
    after = network.figures().up["two"]
    assert after.sent - before.sent == 40
    assert after.lost - before.lost == 40 - passed
    assert 5 < passed < 35
    network.change("two", up=Conditions(is_cut=True))
    assert round_trips(network, "two", 3, 0.02) == []
    assert network.figures().up["two"].cut - after.cut == 3


def test_the_emulator_tells_its_processor_time(network: Lab) -> None:
    before = network.figures().cpu_s
    round_trips(network, "one", 200)
    used = network.figures().cpu_s - before
    # 400 packets; that a packet costs less than half a millisecond also holds on a busy machine.
    assert 0.0 < used < 0.2


@pytest.mark.parametrize("name", ["cubic", "reno"])
def test_congestion_control_of_tcp_is_set_by_path(network: Lab, name: str) -> None:
    network.set_congestion_control("one", name)
    told = network.places["one"].run(["ip", "route", "get", ADDRESS]).decode()
    assert f"congctl {name}" in told or f"cong {name}" in told
    told = network.hub.run(["ip", "route", "get", network.address("one")]).decode()
    assert name in told
    assert len(round_trips(network, "one", 3)) == 3


def test_a_device_uses_no_more_than_its_quota(network: Lab) -> None:
    device = network.places["two"]
    device.group.set_quota(0.2)
    process = device.start(python(SPIN))
    began = time.monotonic()
    before = device.group.cpu_s()
    time.sleep(0.8)
    used = (device.group.cpu_s() - before) / (time.monotonic() - began)
    assert process.pid in device.group.pids()
    device.group.kill()
    assert process.wait() == -signal.SIGKILL
    device.group.set_quota(None)
    assert used < 0.3


def gone(pids: list[int]) -> Callable[[], bool]:
    def check() -> bool:
        return not any(psutil.pid_exists(pid) and _runs(pid) for pid in pids)

    return check


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


# A whole life of a lab in a process of its own, which prints what it made.
LIFE = """
import subprocess, sys, time
from benchmarks.network.lab import open_lab
with open_lab(["device"]) as lab:
    child = lab.places["device"].start(["sleep", "1000"])
    stray = lab.places["device"].start(["setsid", "--fork", "sleep", "1000"])
    stray.wait()
    emulator = lab._process.pid
    group = lab.places["device"].group
    while len(group.pids()) < 2:
        time.sleep(0.01)
    print(emulator, *group.pids(), group.name, flush=True)
    time.sleep(1000)
"""


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_whatever_ends_the_owner(end: signal.Signals) -> None:
    root = Path(__file__).parents[3]
    owner = subprocess.Popen(
        [sys.executable, "-c", LIFE], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert owner.stdout is not None
    *pids, group = owner.stdout.readline().split()
    os.kill(owner.pid, end)
    owner.wait()
    owner.stdout.close()
    until("the end of all", gone([int(pid) for pid in pids]), 10)
    until(
        "the removal of the group",
        lambda: not Path("/sys/fs/cgroup/cpu", group.decode()).exists(),
        10,
    )
    assert not Path("/sys/fs/cgroup/cpuacct", group.decode()).exists()


def test_a_lab_whose_emulator_ended_says_so() -> None:
    with open_lab(["device"]) as found:
        found._process.kill()
        found._process.wait()
        with pytest.raises(LabFailed):
            found.figures()
        groups = [place.group.name for place in found.places.values()]
    assert not any(Path("/sys/fs/cgroup/cpu", name).exists() for name in groups)


def test_an_orderly_end_leaves_nothing() -> None:
    with open_lab(["device"]) as found:
        child = found.places["device"].start(["sleep", "1000"])
        group = found.places["device"].group
    assert child.wait() == -signal.SIGKILL
    assert not Path("/sys/fs/cgroup/cpu", group.name).exists()
