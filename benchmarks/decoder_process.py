"""The cost of decoding in a child process instead of in the worker: ``make bench-decoder``.

The child gets units by a pipe and puts planes, vectors and quantizers into shared memory, which the
parent copies once, as it would have to. Prints a table: latency and processor time a frame, memory.
"""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import av
import numpy as np
import psutil

from benchmarks import machine
from benchmarks.machine import cpu_s
from media.codec import Codec
from workers.decode.decoder import UnitDecoder

SIZES = ((480, 270), (1280, 720))
FRAMES = 200
FPS = 30
# What FFmpeg exports beside a picture: motion vectors and quantizers, which temporal propagation
# reads. Their bytes have to cross to the worker as well.
_SIDE = ("MOTION_VECTORS", "VIDEO_ENC_PARAMS")
# Bytes: room for both where every macroblock of 1280x720 is split as far as it can be.
_SIDE_BYTES = 4_000_000

Decode = Callable[[bytes, int], None]
"""Decodes a unit with a tag, and waits for its picture."""


@dataclasses.dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one way to decode, for a frame."""

    way: str
    size: tuple[int, int]
    ms_p50: float
    "Time from the unit to the picture and what belongs to it."
    ms_p95: float
    cpu_ms: float
    "CPU time of all processes together."
    mib: float
    "Memory that the child alone holds."


def coded(width: int, height: int, count: int) -> list[bytes]:
    """Codes a moving picture into units, at about 0.12 bit per pixel."""
    codec: Any = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.framerate, codec.bit_rate = FPS, int(0.12 * width * height * FPS)
    codec.options = {"preset": "veryfast", "tune": "zerolatency"}
    # Random blocks of 8x8 that shift by a block a frame: motion vectors are found everywhere, and
    # nothing of it can be skipped.
    rng = np.random.default_rng(1)
    base = rng.integers(0, 255, (height // 8 + 1, width // 8 + 65, 3), dtype=np.uint8)
    units: list[bytes] = []
    for index in range(count):
        part = base[: height // 8 + 1, index % 64 : index % 64 + width // 8 + 1]
        picture = np.kron(part, np.ones((8, 8, 1), np.uint8))[:height, :width]
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        units += map(bytes, codec.encode(frame.reformat(format="yuv420p")))
    return units


@contextlib.contextmanager
def in_process() -> Iterator[tuple[Decode, list[psutil.Process]]]:
    """Decodes in this process, and reads of each picture what temporal propagation needs."""
    decoder = UnitDecoder(Codec.H264)

    def decode(unit: bytes, tag: int) -> None:
        for _, picture in decoder.decode(unit, tag):
            for name in _SIDE:
                found = picture.frame.side_data.get(name)
                if found is not None:
                    bytes(found)

    yield decode, []


@contextlib.contextmanager
def in_child(width: int, height: int) -> Iterator[tuple[Decode, list[psutil.Process]]]:
    """Decodes in a child process, and reads the same of each picture."""
    planes = width * height * 3 // 2
    shared = SharedMemory(create=True, size=planes + _SIDE_BYTES)
    # A forked child would hold copies of everything that this process has loaded.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, shared.name), daemon=True)
    process.start()
    assert ours.recv() == "ready"

    def decode(unit: bytes, tag: int) -> None:
        ours.send_bytes(unit)
        size, lengths = ours.recv()
        # The child writes its next picture into the same place, so the parent has to copy this one.
        np.frombuffer(_memory(shared), np.uint8, count=size).copy()
        at = size
        for length in lengths:
            bytes(_memory(shared)[at : at + length])
            at += length

    try:
        yield decode, [psutil.Process(process.pid)]
    finally:
        ours.send_bytes(b"end")
        process.join()
        shared.close()
        shared.unlink()


def _memory(shared: SharedMemory) -> memoryview:
    assert shared.buf is not None  # None once it is closed
    return shared.buf


def _serve(pipe: Connection, name: str) -> None:
    shared = SharedMemory(name, **_UNTRACKED)
    decoder = UnitDecoder(Codec.H264)
    pipe.send("ready")
    tag = 0
    while (unit := pipe.recv_bytes()) != b"end":
        tag += 1
        for _, picture in decoder.decode(unit, tag):
            at = 0
            for plane in (picture.y, picture.u, picture.v):
                flat = np.frombuffer(_memory(shared), np.uint8, count=plane.size, offset=at)
                flat.reshape(plane.shape)[:] = plane
                at += plane.size
            size, lengths = at, []
            for side in _SIDE:
                data = picture.frame.side_data.get(side)
                data = bytes(data) if data is not None else b""
                _memory(shared)[at : at + len(data)] = data
                lengths.append(len(data))
                at += len(data)
            pipe.send((size, lengths))
    del flat
    shared.close()


# From Python 3.13 on a child that attaches must say that the parent frees the memory.
_UNTRACKED: dict[str, Any] = (
    {"track": False} if "track" in SharedMemory.__init__.__code__.co_varnames else {}
)


def measure(width: int, height: int, *, frames: int = FRAMES, paced: bool = True) -> list[Cost]:
    """Measures both ways: with 30 frames a second (``paced``), or as fast as each can decode."""
    units = coded(width, height, frames)
    costs = []
    ways = {"in the worker": in_process(), "in a child": in_child(width, height)}
    for way, decoding in ways.items():
        with decoding as (decode, others):
            costs.append(_run(way, (width, height), decode, others, units, paced))
    return costs


def _run(
    way: str,
    size: tuple[int, int],
    decode: Decode,
    others: list[psutil.Process],
    units: list[bytes],
    paced: bool,
) -> Cost:
    processes = [psutil.Process(), *others]
    took: list[float] = []
    begun_s = sum(map(cpu_s, processes))
    due = time.perf_counter()
    for tag, unit in enumerate(units):
        if paced:
            due += 1 / FPS
            time.sleep(max(0.0, due - time.perf_counter()))
        begun = time.perf_counter()
        decode(unit, tag)
        took.append(time.perf_counter() - begun)
    spent_s = sum(map(cpu_s, processes)) - begun_s
    # The first unit is left out: it opens the decoder. Of 19 cut points the tenth is the median and
    # the last one the 95th percentile.
    marks = statistics.quantiles(took[1:], n=20)
    own = sum(other.memory_full_info().uss for other in others) / 2**20
    cpu_ms = 1000 * spent_s / len(units)
    return Cost(way, size, marks[9] * 1000, marks[18] * 1000, cpu_ms, round(own))


def main() -> None:
    """Measures all sizes and prints a table."""
    print(machine.describe())
    print(
        "| size | decoded | latency p50 / p95, ms | processor, ms a frame | child's memory, MiB |"
    )
    print("|---|---|---|---|---|")
    for width, height in SIZES:
        for cost in measure(width, height):
            print(
                f"| {width}x{height} | {cost.way} | {cost.ms_p50:.2f} / {cost.ms_p95:.2f} "
                f"| {cost.cpu_ms:.2f} | {cost.mib:.0f} |"
            )


if __name__ == "__main__":
    main()
