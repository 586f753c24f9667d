"""A camera: an RTSP server (RFC 2326) that plays a film in a loop, and may fail on demand.

It serves media within the connection (TCP) or by UDP, and wants a user and password by Digest.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import re
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av

from cli.publisher.h264_units import H264Units
from media.h264 import packetize

PATH = "cam"
_REALM, _NONCE = "camera", "0123456789abcdef"


@dataclasses.dataclass
class Camera:
    """What the camera does; may be changed while it runs."""

    film: Path
    user: str = ""
    password: str = ""
    takes_tcp: bool = True
    has_video: bool = True
    hangs: bool = False
    "Takes connections and answers nothing."
    stalls: bool = False
    "Plays nothing more, and keeps the connection."
    port: int = 0
    asked: list[str] = dataclasses.field(default_factory=list)
    connections: list[socket.socket] = dataclasses.field(default_factory=list)

    def url(self, user: str = "", password: str = "", path: str = PATH) -> str:
        """The address, with a user if one is given."""
        login = f"{user}:{password}@" if user else ""
        return f"rtsp://{login}127.0.0.1:{self.port}/{path}"

    def cut(self) -> None:
        """Ends all connections at once."""
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.connections.clear()


@contextlib.contextmanager
def camera(film: Path, *, port: int = 0, **properties: Any) -> Iterator[Camera]:
    """Runs a camera on a port of loopback."""
    made = Camera(film, **properties)

    class Handler(socketserver.BaseRequestHandler):
        """One connection."""

        def handle(self) -> None:
            made.connections.append(self.request)
            with contextlib.suppress(OSError):
                _Session(made, self.request).run()

    class Server(socketserver.ThreadingTCPServer):
        """Takes its port again at once."""

        allow_reuse_address = True
        daemon_threads = True
        block_on_close = False

    server = Server(("127.0.0.1", port), Handler)
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="camera")
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        made.cut()
        server.server_close()


class _Session:
    def __init__(self, made: Camera, connection: socket.socket) -> None:
        self._camera = made
        self._connection = connection
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._way: dict[int, Any] = {}

    def run(self) -> None:
        data = b""
        try:
            while part := self._connection.recv(65_536):
                data += part
                while True:
                    if data[:1] == b"$" and len(data) >= 4:  # RTCP within the connection
                        size = 4 + int.from_bytes(data[2:4], "big")
                        if len(data) < size:
                            break
                        data = data[size:]
                    elif b"\r\n\r\n" in data and data[:1] != b"$":
                        head, _, data = data.partition(b"\r\n\r\n")
                        self._answer(head.decode())
                    else:
                        break
        finally:
            self._is_over.set()
            for way in self._way.values():
                if isinstance(way, socket.socket):
                    way.close()

    def _answer(self, head: str) -> None:
        made = self._camera
        method, address, _ = head.split("\r\n")[0].split(" ")
        fields = dict(re.findall(r"^([\w-]+): *(.*?)\r?$", head, re.MULTILINE))
        made.asked.append(method)
        if made.hangs:
            return
        if made.user and method != "OPTIONS" and not self._knows(method, fields):
            challenge = f'Digest realm="{_REALM}", nonce="{_NONCE}"'
            self._say(fields, "401 Unauthorized", {"WWW-Authenticate": challenge})
        elif method == "DESCRIBE" and not address.rstrip("/").endswith(f"/{PATH}"):
            self._say(fields, "404 Not Found")
        elif method == "DESCRIBE":
            self._say(fields, "200 OK", {"Content-Type": "application/sdp"}, self._sdp())
        elif method == "SETUP":
            self._set_up(fields, address)
        elif method == "PLAY":
            self._say(fields, "200 OK", {"Session": "1"})
            threading.Thread(target=self._play, daemon=True, name="camera plays").start()
        else:
            self._say(fields, "200 OK", {"Public": "DESCRIBE, SETUP, PLAY, TEARDOWN"})

    def _knows(self, method: str, fields: dict[str, str]) -> bool:
        """RFC 2617 section 3.2.2.1, without qop."""
        given = dict(re.findall(r'(\w+)="([^"]*)"', fields.get("Authorization", "")))

        def digest(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()

        secret = digest(f"{self._camera.user}:{_REALM}:{self._camera.password}")
        wanted = digest(f"{secret}:{_NONCE}:{digest(method + ':' + given.get('uri', ''))}")
        return given.get("response") == wanted

    def _say(
        self,
        asked: dict[str, str],
        status: str,
        fields: dict[str, str] | None = None,
        body: str = "",
    ) -> None:
        lines = [f"RTSP/1.0 {status}", f"CSeq: {asked.get('CSeq', '0')}"]
        lines += [f"{name}: {value}" for name, value in (fields or {}).items()]
        lines += [f"Content-Length: {len(body)}", "", body]
        with self._lock:
            self._connection.sendall("\r\n".join(lines).encode())

    def _sdp(self) -> str:
        lines = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=camera", "t=0 0", "a=control:*"]
        if self._camera.has_video:
            lines += ["m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000"]
            lines += ["a=fmtp:96 packetization-mode=1", "a=control:track0"]
        lines += ["m=audio 0 RTP/AVP 8", "a=rtpmap:8 PCMA/8000", "a=control:track1"]
        return "\r\n".join(lines) + "\r\n"

    def _set_up(self, fields: dict[str, str], address: str) -> None:
        track = int(address.rstrip("/")[-1])
        wanted = fields["Transport"].split(",")[0]
        if "TCP" in wanted:
            if not self._camera.takes_tcp:
                self._say(fields, "461 Unsupported Transport")
                return
            self._way[track] = 2 * track
            answer = f"RTP/AVP/TCP;unicast;interleaved={2 * track}-{2 * track + 1}"
        else:
            port = int(re.findall(r"client_port=(\d+)", wanted)[0])
            media = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            media.bind(("127.0.0.1", 0))
            media.connect(("127.0.0.1", port))
            self._way[track] = media
            own = media.getsockname()[1]
            answer = f"RTP/AVP;unicast;client_port={port}-{port + 1};server_port={own}-{own + 1}"
        self._say(fields, "200 OK", {"Transport": answer, "Session": "1"})

    def _send(self, track: int, packet: bytes) -> None:
        way = self._way[track]
        if isinstance(way, int):
            with self._lock:
                self._connection.sendall(b"$" + struct.pack("!BH", way, len(packet)) + packet)
        else:
            way.send(packet)

    def _play(self) -> None:
        with contextlib.suppress(OSError, KeyError):
            began, numbers = time.monotonic(), [0, 0]
            for at_s, key, unit in looped(self._camera.film):
                late_s = began + at_s - time.monotonic()
                if self._is_over.wait(max(0.0, late_s)):
                    return
                while self._camera.stalls and not self._is_over.wait(0.05):
                    pass
                payloads = packetize(unit, picture_id=0, is_key=key, size=(0, 0))
                for index, payload in enumerate(payloads):
                    marker = 0x80 if index == len(payloads) - 1 else 0
                    self._send(0, _rtp(96 | marker, numbers[0], round(at_s * 90_000), payload))
                    numbers[0] += 1
                if 1 in self._way:
                    # 40 ms of silence in A-law for each picture of 25 a second.
                    self._send(1, _rtp(8, numbers[1], 320 * numbers[1], b"\xd5" * 320))
                    numbers[1] += 1


def _rtp(kind: int, number: int, stamp: int, payload: bytes) -> bytes:
    head = (0x80, kind, number & 0xFFFF, stamp & 0xFFFFFFFF, 0x1234 + (kind & 0x7F))
    return struct.pack("!BBHII", *head) + payload


def looped(film: Path) -> Iterator[tuple[float, bool, bytes]]:
    """Seconds, key and unit of every picture of an H.264 film, again and again."""
    began = 0.0
    while True:
        units, end = H264Units(), 0.0
        with av.open(str(film)) as container:
            for packet in container.demux(video=0):
                picture = units.read(packet) if packet.size else None
                if picture is None or packet.pts is None:
                    continue
                at_s = float(packet.pts * packet.time_base)
                end = at_s + 0.04
                yield began + at_s, picture.is_key, picture.payload
        began += end
