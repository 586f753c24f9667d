"""A viewer that is no browser: ``python -m benchmarks.viewer URL SECONDS`` prints what it saw, at
SIGTERM sooner.

It decodes with its own jitter buffer (aiortc's), in its own process, and reads the stamps.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import time
from typing import Any

from benchmarks import stamps, whep
from benchmarks.server import environment

# Seconds after the first picture that do not count for the frame rate.
SETTLE_S = 2.0


class Watcher:
    """Counts what arrives over one connection."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.first_s: dict[str, float] = {}
        self.video: list[tuple[float, int, int, int | None]] = []
        self.audio = 0

    def take(self, kind: str, frame: Any) -> None:
        """One decoded frame."""
        at = time.monotonic() - self.began
        self.first_s.setdefault(kind, at)
        if kind == "audio":
            self.audio += 1
            return
        luma = frame.reformat(format="gray").to_ndarray()
        self.video.append((at, frame.width, frame.height, stamps.read(luma)))

    def report(self) -> dict[str, Any]:
        """Counts and rates as JSON."""
        times = [row[0] for row in self.video]
        numbers = [row[3] for row in self.video if row[3] is not None]
        # A joining viewer gets the replay in one burst, which is no frame rate.
        steady = [at for at in times if at > times[0] + SETTLE_S]
        span = steady[-1] - steady[0] if len(steady) > 1 else 0.0
        gaps = sorted(b - a for a, b in zip(times, times[1:], strict=False))
        return {
            "frames": len(self.video),
            "audio_frames": self.audio,
            "first_s": self.first_s,
            "fps": (len(steady) - 1) / span if span else 0.0,
            "longest_gap_s": gaps[-1] if gaps else 0.0,
            "sizes": sorted({(row[1], row[2]) for row in self.video}),
            "stamped": len(numbers),
            "first_number": numbers[0] if numbers else None,
            "last_number": numbers[-1] if numbers else None,
            "distinct_numbers": len(set(numbers)),
        }


async def _watch(url: str, seconds: float) -> dict[str, Any]:
    from aiortc.mediastreams import MediaStreamError

    watcher = Watcher()
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    peer = whep.new_peer()
    readers: list[asyncio.Task[None]] = []

    async def read(track: Any) -> None:
        try:
            while True:
                watcher.take(track.kind, await track.recv())
        except MediaStreamError:
            return

    @peer.on("track")
    def on_track(track: Any) -> None:
        readers.append(asyncio.get_running_loop().create_task(read(track), name=track.kind))

    # Both kinds, since the server sends no sound to an offer without it and would have less to do.
    for kind in ("video", "audio"):
        peer.addTransceiver(kind, direction="recvonly")
    await peer.setLocalDescription(await peer.createOffer())
    watcher.began = time.monotonic()
    location = await whep.join(peer, url)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(told.wait(), seconds)
    report = watcher.report()
    await whep.leave(location)
    await peer.close()
    await asyncio.gather(*readers, return_exceptions=True)
    return report


def start(url: str, seconds: float) -> subprocess.Popen[bytes]:
    """A viewer process; its standard output is the report."""
    command = [sys.executable, "-m", "benchmarks.viewer", url, str(seconds)]
    return subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE)


def stop(process: subprocess.Popen[bytes], timeout_s: float = 30.0) -> dict[str, Any]:
    """Ends a viewer process, which must have joined, and returns its report."""
    process.terminate()
    return result(process, timeout_s)


def result(process: subprocess.Popen[bytes], timeout_s: float) -> dict[str, Any]:
    """The report of a viewer process."""
    out, _ = process.communicate(timeout=timeout_s)
    report: dict[str, Any] = json.loads(out)
    return report


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_watch(sys.argv[1], float(sys.argv[2])))))
