"""Two channels stay two channels, from a publisher's Opus to a viewer's."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from fractions import Fraction
from typing import Any

import av
import numpy as np

from tests.app import coding
from tests.app.http.conftest import Site
from tests.app.http.test_whep import Http, until_live
from tests.app.peers import Publisher, Viewer, until

RATE = 48_000
STEREO = "stereo=1;sprop-stereo=1"


def opus(seconds: float) -> list[bytes]:
    """20 ms packets with a tone on the left and silence on the right."""
    encoder: Any = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE, "stereo", "s16"
    encoder.bit_rate = 96_000
    encoder.time_base = Fraction(1, RATE)
    tone = (np.sin(np.arange(int(seconds * RATE)) * 2 * np.pi * 440 / RATE) * 9000).astype("<i2")
    both = np.stack([tone, np.zeros_like(tone)], axis=1).reshape(1, -1)
    packets: list[bytes] = []
    for at in range(0, both.shape[1] // 2 - 959, 960):
        frame = av.AudioFrame.from_ndarray(
            both[:, 2 * at : 2 * (at + 960)].copy(), format="s16", layout="stereo"
        )
        frame.sample_rate, frame.pts = RATE, at
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets


def loudness(packets: list[bytes]) -> tuple[float, float]:
    """Root mean square of the left and the right channel, decoded."""
    decoder: Any = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = RATE, "stereo"
    frames = [f for data in packets for f in decoder.decode(av.Packet(data))]
    samples = np.concatenate([f.to_ndarray().reshape(-1, 2) for f in frames]).astype(float)
    left, right = np.sqrt((samples[RATE // 5 :] ** 2).mean(axis=0))
    return float(left), float(right)


def asking(signal: Callable[[str], Awaitable[str]], answers: list[str]) -> Any:
    """Offers with Opus as our pages and OBS offer it; keeps the answers."""

    async def asked(sdp: str) -> str:
        number = re.search(r"a=rtpmap:(\d+) opus", sdp)
        assert number is not None
        line = f"a=fmtp:{number[1]} {STEREO}\r\n"
        at = sdp.index("\r\n", number.end()) + 2
        answers.append(await signal(sdp[:at] + line + sdp[at:]))
        return answers[-1]

    return asked


async def test_a_viewer_hears_two_channels(site: Site) -> None:
    answers: list[str] = []
    publisher, viewer = Publisher(), Viewer()
    await publisher.start(asking(Http(site, "/whip/cam1"), answers))

    async def send() -> None:
        assert publisher.audio is not None
        video = coding.h264(160, 90, 30, options="keyint=10")
        sound = opus(4.0)
        for number in range(200):
            publisher.video.put(video[number % 30], ticks=number * 1800)
            publisher.audio.put(sound[number % len(sound)], ticks=number * 960)
            await asyncio.sleep(0.02)

    task = asyncio.get_running_loop().create_task(send(), name="send-stereo")
    await until_live(site)
    await viewer.start(asking(Http(site, "/whep/cam1?rendition=source"), answers))
    await until(lambda: len(viewer.received["audio"].packets) >= 50)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await viewer.close()
    await publisher.close()
    assert len(answers) == 2
    assert all(STEREO in answer for answer in answers)
    left, right = loudness([packet.payload for packet in viewer.received["audio"].packets])
    assert left > 1000
    assert right < left / 20
