"""Measures one cell of the table: one way, one size of frames, one path."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import psutil

from benchmarks.network.conditions import Conditions
from benchmarks.network.lab import ADDRESS, Lab, LabFailed, open_lab
from benchmarks.transport.frames import DEADLINE_S, DRAIN_S, FPS, WARM_S, Arrived, Sent
from benchmarks.transport.ways import WAYS
from benchmarks.transport.ways.redis_log import REDIS_PORT

STUCK_S = 60.0
"""A way may be so much slower than its frames."""

DEVICE_NAME = "device"


class Cell(msgspec.Struct, kw_only=True):
    """Figures of one way on one path. Times in milliseconds."""

    way: str
    size: str
    loss: float
    in_time: float
    """Part of the frames that are whole within the deadline."""
    late: float
    """Part of the frames that are whole later than that; the rest never is."""
    p50: float | None
    """Ages of the frames that are whole, also the late ones; None where there is none."""
    p95: float | None
    p99: float | None
    overhead: float
    """Bytes on the path in both directions, IP heads included, per byte of frames, less one."""
    cpu_send: float
    """Processor time per second, in cores; Redis at the hub counts to the end at the hub."""
    cpu_receive: float
    cpu_emulator: float
    emulator_late_ms: float
    """The most that the emulator held a packet beyond its time."""


def measure(
    name: str,
    size: str,
    frame_bytes: int,
    conditions: Conditions,
    seconds: float,
    *,
    drain_s: float = DRAIN_S,
) -> Cell:
    """Runs both ends of a way for some seconds. Raises LabFailed and TimeoutError."""
    with open_lab([DEVICE_NAME]) as lab, _redis(lab, name) as server:
        way = WAYS[name]
        lab.change_both(conditions)
        if way.congestion:
            lab.set_congestion_control(DEVICE_NAME, way.congestion)
        before = lab.figures()
        server_before = _cpu_s(server)
        sent, arrived = _run_ends(lab, name, frame_bytes, seconds, drain_s)
        after = lab.figures()
        redis_cores = (_cpu_s(server) - server_before) / sent.seconds
    carried = sum(
        ways_after[DEVICE_NAME].sent_bytes - ways_before[DEVICE_NAME].sent_bytes
        for ways_after, ways_before in ((after.up, before.up), (after.down, before.down))
    )
    cores = [sent.cpu_s / sent.seconds, arrived.cpu_s / sent.seconds]
    # Redis serves the end beside it.
    cores[0 if way.sends_from_hub else 1] += redis_cores
    return Cell(
        way=name,
        size=size,
        loss=conditions.loss,
        **msgspec.structs.asdict(judge(arrived.ages_ms, sent.frames - int(WARM_S * FPS))),
        overhead=carried / (sent.frames * frame_bytes) - 1,
        cpu_send=cores[0],
        cpu_receive=cores[1],
        cpu_emulator=(after.cpu_s - before.cpu_s) / sent.seconds,
        emulator_late_ms=after.late_ms,
    )


class Ages(msgspec.Struct):
    """Figures of the frames that arrived, as in ``Cell``."""

    in_time: float
    late: float
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


def judge(ages_ms: list[float], sent: int) -> Ages:
    """Returns the figures of the ages of those of ``sent`` frames that arrived."""
    in_time = sum(age <= 1000 * DEADLINE_S for age in ages_ms)
    found = Ages(in_time / sent, (len(ages_ms) - in_time) / sent)
    if ages_ms:
        found.p50, found.p95, found.p99 = map(float, np.percentile(ages_ms, (50, 95, 99)))
    return found


def _run_ends(
    lab: Lab, name: str, size: int, seconds: float, drain_s: float
) -> tuple[Sent, Arrived]:
    places = [lab.hub, lab.places[DEVICE_NAME]]
    if not WAYS[name].sends_from_hub:
        places.reverse()
    command = [sys.executable, "-m", "benchmarks.transport.end"]
    arguments = [name, str(size), str(seconds), str(drain_s)]
    root = Path(__file__).parents[2]
    receiver, sender = (
        place.start([*command, role, *arguments], stdout=subprocess.PIPE, log=2, cwd=root)
        for place, role in ((places[1], "receive"), (places[0], "send"))
    )
    told, _ = sender.communicate(timeout=WARM_S + seconds + STUCK_S)
    time.sleep(drain_s)
    receiver.send_signal(signal.SIGTERM)
    heard, _ = receiver.communicate(timeout=STUCK_S)
    try:
        return msgspec.json.decode(told, type=Sent), msgspec.json.decode(heard, type=Arrived)
    except msgspec.DecodeError:
        raise LabFailed(f"an end of {name} did not report") from None


@contextlib.contextmanager
def _redis(lab: Lab, name: str) -> Iterator[psutil.Process | None]:
    if WAYS[name].module != "redis_log":
        yield None
        return
    options = f"--bind {ADDRESS} --port {REDIS_PORT} --protected-mode no --save '' --appendonly no"
    process = lab.hub.start(["sh", "-c", f"exec redis-server {options}"])
    yield psutil.Process(process.pid)
    process.kill()
    process.wait()


def _cpu_s(process: psutil.Process | None) -> float:
    if process is None:
        return 0.0
    times = process.cpu_times()
    return float(times.user + times.system)
