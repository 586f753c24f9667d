"""A recorder is one more consumer of a reader: it needs nothing of WebRTC or of delivery."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av

from app.streams.readers import RenditionReaders
from media.access_unit import AccessUnit, Kind
from tests.app import coding, fakes
from tests.app.peers import until
from wire import keys
from wire.clock import now_us
from wire.connection import Redis
from wire.log import LogWriter
from wire.stream_record import StreamRecord, StreamRegistry

SIZE, COUNT = (98, 54), 12
CLIP = [
    dataclasses.replace(fakes.video(n, key=n == 0), payload=unit, width=SIZE[0], height=SIZE[1])
    for n, unit in enumerate(coding.h264(*SIZE, COUNT))
]


class Recorder:
    """Writes the video of a rendition into an MPEG transport stream."""

    def __init__(self, path: Path) -> None:
        self._file = av.open(str(path), "w", format="mpegts")
        self._track = self._file.add_mux_stream("h264", width=SIZE[0], height=SIZE[1])
        self.count = 0
        self.is_needed = True

    def take(self, unit: AccessUnit) -> None:
        """Writes one unit."""
        if unit.kind is not Kind.VIDEO:
            return
        packet = av.Packet(unit.payload)
        packet.stream = self._track
        packet.time_base = Fraction(1, unit.clock_rate)
        packet.pts = packet.dts = unit.pts
        packet.is_keyframe = unit.is_key
        self._file.mux(packet)
        self.count += 1

    def on_gap(self) -> None:
        """Nothing is to be forgotten: what follows begins at a key frame."""

    def on_end(self) -> None:
        """Ends the file."""
        self._file.close()


async def test_a_recorder_makes_a_playable_file_of_a_reader(
    redis_client: Redis, tmp_path: Path
) -> None:
    epoch = await StreamRegistry(redis_client).create("cam1")
    writer = LogWriter(redis_client, stream="cam1", rendition=keys.SOURCE, epoch=epoch)
    record = StreamRecord(id="cam1", epoch=epoch)

    async def still_live(stream: str) -> StreamRecord:
        return record

    readers = RenditionReaders(redis_client, record=still_live, ingest=lambda _: None)
    recorder = Recorder(tmp_path / "cam1.ts")
    readers.get(record, keys.SOURCE).attach(recorder)
    for unit in CLIP:
        await writer.append(fakes.batch(epoch, unit), now_ms=now_us() // 1000)
        await writer.append(fakes.batch(epoch, fakes.audio(unit.sequence)), now_ms=now_us() // 1000)
    await until(lambda: recorder.count == COUNT)
    await readers.close()
    with av.open(str(tmp_path / "cam1.ts")) as recorded:
        pictures = list(recorded.decode(video=0))
    assert len(pictures) == COUNT
    assert {(picture.width, picture.height) for picture in pictures} == {SIZE}
    seconds = [picture.time for picture in pictures]
    assert all(later > earlier for earlier, later in zip(seconds, seconds[1:], strict=False))


def test_readers_load_no_transport() -> None:
    script = (
        "import sys, app.streams.readers\n"
        "found = [m for m in sys.modules if m.startswith(('app.webrtc', 'app.delivery', 'app.rtp',"
        " 'aiortc'))]\n"
        "sys.exit(', '.join(found) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
