"""An RTMP server for one connection: ``python -m tests.cli.pusher.listener PORT SECONDS``.

Prints what came as JSON: packets by codec, and the size of the picture. FFmpeg's own listener.
"""

from __future__ import annotations

import collections
import contextlib
import json
import sys
import time

import av
import av.error


def main(port: int, seconds: float) -> None:
    """Takes one connection, and tells of it."""
    packets: collections.Counter[str] = collections.Counter()
    decoded = 0
    address = f"rtmp://127.0.0.1:{port}/live/key"
    with av.open(address, options={"listen": "1"}, timeout=(60, 10)) as container:
        video = container.streams.video[0]
        size = [video.codec_context.width, video.codec_context.height]
        until = time.monotonic() + seconds
        with contextlib.suppress(av.error.FFmpegError):
            for packet in container.demux():
                if packet.size:
                    packets[packet.stream.codec_context.name] += 1
                if packet.stream is video:
                    decoded += len(packet.decode())
                if time.monotonic() > until:
                    break
    print(json.dumps({"packets": packets, "decoded": decoded, "size": size}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
