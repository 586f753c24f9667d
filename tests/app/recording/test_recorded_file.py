"""A file is playable at every moment, whatever the disk does."""

from __future__ import annotations

import errno
import shutil
from io import FileIO
from pathlib import Path

import pytest

from app.recording.cutter import RecordedFragment
from app.recording.file_facts import Gap, ViewerPoint
from app.recording.file_names import FileName, facts_name
from app.recording.folder import Folder, is_locked
from app.recording.recorded_file import RecordedFile
from media.codec import Codec
from media.container import Tracks
from media.matroska.webm import Webm
from tests.app.recording import material
from tests.media import recorded

GROUPS = recorded.groups(Codec.VP8, 4)
FRAGMENTS = [RecordedFragment(tuple(recorded.samples(units))) for units in GROUPS]
PARTS = FileName(material.STARTED_US, "source", ".webm")


def begun(folder: Folder, file: FileIO | None = None) -> RecordedFile:
    path, made = folder.create("cam1", PARTS)
    tracks = Tracks(GROUPS[0][0], True, material.STARTED_US)
    facts = material.facts(ended=False, length_us=0)
    return RecordedFile(path, file or made, Webm(), tracks, facts)


class FullDisk(FileIO):
    """A file on a disk that takes so many bytes more, and then a part of what it is given."""

    left = 2**40

    def write(self, data: bytes | memoryview) -> int:  # type: ignore[override]
        taken = min(len(data), self.left)
        if not taken and data:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.left -= taken
        return super().write(bytes(data[:taken])) or 0


def test_the_file_can_be_played_after_each_fragment(folder: Folder, tmp_path: Path) -> None:
    file = begun(folder)
    for count, fragment in enumerate(FRAGMENTS, 1):
        file.append(fragment)
        copy = Path(shutil.copy(file.path, tmp_path / f"{count}.webm"))
        assert len(recorded.decoded(copy)[0]) == 10 * count
    assert file.size == file.path.stat().st_size
    assert is_locked(file.path)
    facts = file.finish()
    assert not is_locked(file.path)
    assert facts.ended
    assert facts.length_us == pytest.approx(40 / 30 * 1e6, abs=25_000)
    assert recorded.decoded(file.path)[2] == pytest.approx(40 / 30, abs=0.05)
    assert folder.facts("cam1", file.path.name) == facts


def test_facts_are_there_from_the_beginning(folder: Folder) -> None:
    file = begun(folder)
    found = folder.facts("cam1", file.path.name)
    file.close()
    assert found is not None
    assert (found.ended, found.length_us, found.codec) == (False, 0, "vp8")


def test_gaps_and_viewers_are_noted_at_their_places(folder: Folder) -> None:
    file = begun(folder)
    file.note_viewers(2)
    file.append(FRAGMENTS[0])
    file.note_viewers(2)
    file.note_viewers(5)
    gone = RecordedFragment(FRAGMENTS[3].samples, gap_us=600_000)
    file.append(gone)
    facts = file.finish()
    assert [point.viewers for point in facts.viewers] == [2, 5]
    assert facts.viewers[0] == ViewerPoint(0, 2)
    assert facts.viewers[1].at_us == pytest.approx(333_333, abs=25_000)
    assert facts.gaps == [Gap(pytest.approx(400_000, abs=25_000), 600_000)]  # type: ignore[arg-type]


@pytest.mark.parametrize("space", [0, 1, 700, 1500])
def test_a_disk_that_fills_up_in_a_fragment_leaves_the_ones_before(
    folder: Folder, space: int
) -> None:
    path, first = folder.create("cam1", PARTS)
    first.close()
    path.unlink()
    disk = FullDisk(path, "x+")
    tracks = Tracks(GROUPS[0][0], True, material.STARTED_US)
    file = RecordedFile(path, disk, Webm(), tracks, material.facts(ended=False, length_us=0))
    file.append(FRAGMENTS[0])
    whole = path.stat().st_size
    disk.left = space
    with pytest.raises(OSError, match="No space left"):
        file.append(FRAGMENTS[1])
    assert (path.stat().st_size, file.size) == (whole, whole)
    assert len(recorded.decoded(path)[0]) == 10
    disk.left = 2**40
    file.append(FRAGMENTS[1])
    file.finish()
    assert len(recorded.decoded(path)[0]) == 20


def test_a_disk_without_space_for_a_head_keeps_no_file(folder: Folder) -> None:
    path, first = folder.create("cam1", PARTS)
    first.close()
    path.unlink()
    disk = FullDisk(path, "x+")
    disk.left = 100
    tracks = Tracks(GROUPS[0][0], True, material.STARTED_US)
    with pytest.raises(OSError, match="No space left"):
        RecordedFile(path, disk, Webm(), tracks, material.facts())
    assert list(folder.stored()) == []
    assert not (path.parent / facts_name(path.name)).exists()


def test_a_file_that_is_discarded_leaves_nothing(folder: Folder) -> None:
    file = begun(folder)
    file.discard()
    assert list(file.path.parent.iterdir()) == []
    file.close()
