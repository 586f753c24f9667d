"""What tests record: units of real encoders, and files that were recorded."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from app.recording.file_facts import FileFacts
from app.recording.file_names import FileName
from app.recording.folder import Folder, write_facts
from app.recording.recording_writer import RecordingWriter, Subject
from media.access_unit import AccessUnit
from media.codec import Codec
from tests.media import recorded

STREAM, EPOCH = "cam1", 1_790_000_000_000_000
STARTED_US = recorded.STARTED_US
NAME = str(FileName(STARTED_US, "source", ".webm"))


def subject(rendition: str = "source", *, has_audio: bool = True, after_us: int = 0) -> Subject:
    """A stream that is recorded."""
    return Subject(STREAM, rendition, EPOCH, has_audio, "node1", after_us)


def units(count: int = 3, codec: Codec = Codec.VP8) -> list[AccessUnit]:
    """So many groups of ten pictures, with their sound, in the order of capture."""
    found = itertools.chain.from_iterable(recorded.groups(codec, count))
    return sorted(found, key=lambda unit: unit.capture_us)


def halves(count: int = 3, codec: Codec = Codec.VP8) -> Iterator[list[AccessUnit]]:
    """The same in parts, as they come from the queue: each has half a group."""
    made = units(count, codec)
    for at in range(0, len(made), 12):
        yield made[at : at + 12]


def written(folder: Folder, count: int = 3, codec: Codec = Codec.VP8) -> RecordingWriter:
    """A recording of so many groups that is still open."""
    writer = RecordingWriter(folder, subject())
    for part in halves(count, codec):
        writer.write(part, has_audio=True, viewers=1)
    return writer


def facts(started_us: int = STARTED_US, *, ended: bool = True, **changes: object) -> FileFacts:
    """The facts of a file that was recorded."""
    fields: dict[str, object] = {
        "stream": STREAM,
        "rendition": "source",
        "codec": "vp8",
        "width": 96,
        "height": 64,
        "audio": True,
        "epoch": EPOCH,
        "started_us": started_us,
        "length_us": 1_000_000,
        "ended": ended,
    }
    return FileFacts(**{**fields, **changes})  # type: ignore[arg-type]


def stored(
    folder: Folder, started_us: int, *, stream: str = STREAM, size: int = 100, **changes: object
) -> str:
    """Puts a file of so many bytes into the folder; its name."""
    name = str(FileName(started_us, "source", ".webm"))
    path = folder.root / stream / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    write_facts(path, facts(started_us, **{"stream": stream, **changes}))  # type: ignore[arg-type]
    return name
