"""Publishes the clip over and over: ``python -m benchmarks.edge.feeder whip URL LOG KBPS``, or
``rtp VIDEO_PORT,AUDIO_PORT LOG KBPS`` for a server that takes plain RTP.

It encodes nothing while it sends, and notes when the last packet of each frame left. Asked for a
key frame, it goes on with the next group of pictures.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import struct
import sys
import time
from collections.abc import AsyncIterator, Callable
from fractions import Fraction
from typing import IO, Any

from benchmarks import whep
from benchmarks.edge import clip, feed_log
from benchmarks.edge.janus import AUDIO_TYPE, VIDEO_TYPE
from media.codec import Codec
from media.codec_table import DESCRIPTORS

_HEADER = struct.Struct("!BBHII")


class Playlist:
    """Frames of the clip in a row without end."""

    def __init__(self, frames: list[clip.CodedFrame]) -> None:
        self._frames = frames
        self._at = 0
        self._key_wanted = False

    def want_key(self) -> None:
        """Goes on with the next key frame."""
        self._key_wanted = True

    def next(self) -> clip.CodedFrame:
        """Returns the next frame."""
        if self._key_wanted:
            self._key_wanted = False
            while not self._frames[self._at].is_key:
                self._at = (self._at + 1) % len(self._frames)
        frame = self._frames[self._at]
        self._at = (self._at + 1) % len(self._frames)
        return frame


class Log:
    """Writes the feed log as it grows."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def frame(self, ticks: int) -> None:
        """Notes that a frame's last packet left just now."""
        self._write(feed_log.frame_line(ticks, time.time_ns()))

    def request(self) -> None:
        """Notes that a key frame was asked for."""
        self._write(feed_log.request_line(time.time_ns()))

    def _write(self, line: str) -> None:
        self._file.write(line)
        self._file.flush()


async def video(frames: Playlist, began: float) -> AsyncIterator[tuple[bytes, int]]:
    """Yields frames with their times in ticks, each when it is due."""
    number = 0
    while True:
        ticks = clip.video_ticks(number)
        await asyncio.sleep(max(0.0, began + ticks / 90_000 - time.monotonic()))
        yield frames.next().data, ticks
        number += 1


async def audio(frames: Playlist, began: float) -> AsyncIterator[tuple[bytes, int]]:
    """Yields packets of sound with their times in ticks, each when it is due."""
    ticks = 0
    while True:
        await asyncio.sleep(max(0.0, began + ticks / 48_000 - time.monotonic()))
        yield frames.next().data, ticks
        ticks += clip.AUDIO_TICKS


async def _publish(url: str, log: Log, kbps: int) -> None:
    from aiortc import MediaStreamTrack
    from av.packet import Packet

    class Track(MediaStreamTrack):
        def __init__(self, kind: str, units: AsyncIterator[tuple[bytes, int]], rate: int) -> None:
            self.kind = kind
            super().__init__()
            self._units, self._rate = units, rate

        async def recv(self) -> Any:
            data, ticks = await anext(self._units)
            packet: Packet[Any] = Packet(data)
            packet.pts, packet.time_base = ticks, Fraction(1, self._rate)
            return packet

    pictures, began = Playlist(clip.encode_video(kbps)), time.monotonic() + 1.0
    peer = whep.new_peer()
    peer.addTransceiver(
        Track("audio", audio(Playlist(clip.encode_audio()), began), 48_000), direction="sendonly"
    )
    track = Track("video", video(pictures, began), 90_000)
    whep.prefer_h264(peer.addTransceiver(track, direction="sendonly"))
    await peer.setLocalDescription(await peer.createOffer())
    location = await whep.join(peer, url)
    _watch_sender(peer, log, pictures.want_key)
    try:
        await asyncio.Event().wait()
    finally:
        await whep.leave(location)
        await peer.close()


def _watch_sender(peer: Any, log: Log, want_key: Callable[[], None]) -> None:
    """Notes what the video's sender of aiortc sends and is asked for."""
    sender = peer.getSenders()[1]

    def asked() -> None:
        log.request()
        want_key()

    sender._send_keyframe = asked
    transport = sender.transport
    send = transport._send_rtp

    async def send_and_note(data: bytes) -> None:
        await send(data)
        # RTCP has types 192 to 223 in its second byte (RFC 5761 section 4), the marker is its
        # upper bit in RTP.
        is_own = int.from_bytes(data[8:12], "big") == sender._ssrc
        if is_own and data[1] & 0x80 and not 192 <= data[1] <= 223:
            log.frame(int.from_bytes(data[4:8], "big"))

    transport._send_rtp = send_and_note


async def _send_plain(ports: tuple[int, int], log: Log, kbps: int) -> None:
    pictures, sound = Playlist(clip.encode_video(kbps)), Playlist(clip.encode_audio())
    began = time.monotonic() + 0.5
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        async with asyncio.TaskGroup() as group:
            group.create_task(
                _send_track(out, ports[0], video(pictures, began), log=log), name="video"
            )
            group.create_task(
                _send_track(out, ports[1], audio(sound, began), log=None), name="audio"
            )


async def _send_track(
    out: socket.socket, port: int, units: AsyncIterator[tuple[bytes, int]], *, log: Log | None
) -> None:
    codec, kind = (Codec.OPUS, AUDIO_TYPE) if log is None else (Codec.H264, VIDEO_TYPE)
    sequence = 0
    async for data, ticks in units:
        payloads = DESCRIPTORS[codec].packetize(data, picture_id=0, is_key=False, size=(0, 0))
        for index, payload in enumerate(payloads):
            marker = log is not None and index == len(payloads) - 1
            head = _HEADER.pack(0x80, marker << 7 | kind, sequence & 0xFFFF, ticks % 2**32, kind)
            out.sendto(head + payload, ("127.0.0.1", port))
            sequence += 1
        if log is not None:
            log.frame(ticks % 2**32)


async def _feed(way: str, target: str, log: Log, kbps: int) -> None:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is not None:
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        if way == "whip":
            await _publish(target, log, kbps)
        else:
            first, _, second = target.partition(",")
            await _send_plain((int(first), int(second)), log, kbps)


if __name__ == "__main__":
    with open(sys.argv[3], "w") as out:
        asyncio.run(_feed(sys.argv[1], sys.argv[2], Log(out), int(sys.argv[4])))
