"""One viewer that counts frames: ``python -m benchmarks.edge.frame_viewer "PLACE" SECONDS LOSS
PLI``.

It loses a part of what comes at random, asks for it again, and sends ``PLI`` requests for a key
frame a second. Prints what it got. It decrypts and does not decode.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from typing import Any

from benchmarks.edge import signalling
from benchmarks.edge.frame_counter import FrameCounter, rate
from benchmarks.server import environment

SETTLE_S = 2.0
_STEP_S = 0.005


class FrameViewer:
    """Reads the packets of one connection."""

    def __init__(self, peer: Any, loss: float) -> None:
        self._receiver = next(t.receiver for t in peer.getTransceivers() if t.kind == "video")
        self._rtx = {
            codec.payloadType: codec.parameters.get("apt")
            for t in peer.getTransceivers() for codec in t._codecs if codec.name == "rtx"
        }  # fmt: skip
        self._media = set(self._rtx.values())
        self._loss, self._random = loss, random.Random(1)
        self.counter = FrameCounter()
        self.ssrc = 0
        self.lost = self.resent = self.nacks = 0
        self._receiver.transport._handle_rtp_data = self._take

    async def _take(self, data: bytes, arrival_time_ms: int = 0) -> None:
        kind = data[1] & 0x7F
        if kind not in self._media and kind not in self._rtx:
            return
        if self._random.random() < self._loss:
            self.lost += 1
            return
        sequence, timestamp = int.from_bytes(data[2:4], "big"), int.from_bytes(data[4:8], "big")
        if kind in self._rtx:
            self.resent += 1
            # RFC 4588 section 4: the original number stands in front of the payload.
            head = 12 + (4 + 4 * int.from_bytes(data[14:16], "big") if data[0] & 0x10 else 0)
            if len(data) < head + 2:
                return
            sequence = int.from_bytes(data[head : head + 2], "big")
        else:
            self.ssrc = int.from_bytes(data[8:12], "big")
        self.counter.take(sequence, timestamp, marker=bool(data[1] & 0x80), now=time.monotonic())

    async def ask(self) -> None:
        """Asks for what is missing."""
        numbers = self.counter.missing(now=time.monotonic())
        if numbers and self.ssrc:
            self.nacks += len(numbers)
            await self._receiver._send_rtcp_nack(self.ssrc, numbers)

    async def want_key(self) -> None:
        """Asks for a key frame."""
        await self._receiver._send_rtcp_pli(self.ssrc)


async def _watch(place: str, seconds: float, loss: float, pli: float) -> dict[str, Any]:
    signalling.allow_many_requests()
    peer = await signalling.join(place)
    viewer = FrameViewer(peer, loss)
    await asyncio.sleep(SETTLE_S)
    viewer.counter = FrameCounter()
    began, asked = time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds:
        await viewer.ask()
        while asked < passed * pli:
            await viewer.want_key()
            asked += 1
        await asyncio.sleep(_STEP_S)
    # What was asked for last may still come.
    for _ in range(80):
        await viewer.ask()
        await asyncio.sleep(_STEP_S)
    took = time.monotonic() - began
    whole = viewer.counter.whole_frames()
    return {
        **rate(whole, took),
        "whole": len(whole),
        "sent": viewer.counter.frames_sent(),
        "lost": viewer.lost,
        "resent": viewer.resent,
        "nacks": viewer.nacks,
        "plis": asked,
    }


def start(place: str, seconds: float, *, loss: float = 0.0, pli: float = 0.0) -> Any:
    """Starts a viewer's process; ``result`` waits for its report."""
    words = [place, str(seconds), str(loss), str(pli)]
    command = [sys.executable, "-m", "benchmarks.edge.frame_viewer", *words]
    return subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE)


def result(process: Any, timeout_s: float) -> dict[str, Any]:
    """Returns the report of a viewer's process."""
    out, _ = process.communicate(timeout=timeout_s)
    report: dict[str, Any] = json.loads(out)
    return report


if __name__ == "__main__":
    place, *numbers = sys.argv[1:]
    print(json.dumps(asyncio.run(_watch(place, *map(float, numbers)))))
