"""Units become files, and a disk that refuses costs no more than it must."""

from __future__ import annotations

import dataclasses
import errno
import itertools
import os

import pytest

from app.recording.cutter import FileLimits
from app.recording.folder import Folder
from app.recording.recorded_file import RecordedFile
from app.recording.recording_writer import NoSpace, RecordingWriter
from media.access_unit import Kind
from media.codec import Codec
from media.matroska.webm import Webm
from tests.app.recording import material
from tests.media import recorded


def files(folder: Folder) -> list[str]:
    return sorted(each.name for each in folder.stored())


@pytest.mark.parametrize("codec", list(recorded.CODED))
def test_all_pictures_and_sounds_are_in_the_file(folder: Folder, codec: Codec) -> None:
    writer = material.written(folder, 3, codec)
    assert writer.name in files(folder)
    writer.end()
    (file,) = writer.take_finished()
    assert writer.take_finished() == []
    path = folder.root / "cam1" / file.name
    pictures, sounds, length = recorded.decoded(path)
    assert (len(pictures), len(sounds)) == (30, 49)
    assert length == pytest.approx(1.0, abs=0.05)
    assert pictures == pytest.approx([n / 30 for n in range(30)], abs=0.002)
    assert sounds == pytest.approx([n / 50 for n in range(49)], abs=0.002)
    assert (file.size, writer.bytes > 0) == (path.stat().st_size, True)
    assert (file.facts.codec, file.facts.ended) == (codec.name.lower(), True)


def test_what_is_on_the_disk_is_told(folder: Folder) -> None:
    writer = RecordingWriter(folder, material.subject())
    durable = [
        writer.write(part, has_audio=True, viewers=0).durable_us for part in material.halves(2)
    ]
    last = max(unit.capture_us for unit in material.units(2) if unit.kind is Kind.VIDEO)
    assert durable == sorted(durable)
    assert last - 40_000 < durable[-1] < last
    assert writer.end().durable_us == last


def test_nothing_is_begun_before_a_key_frame(folder: Folder) -> None:
    writer = RecordingWriter(folder, material.subject())
    units = [unit for unit in material.units(1) if not (unit.kind is Kind.VIDEO and unit.is_key)]
    written = writer.write(units, has_audio=True, viewers=0)
    assert (written.is_open, written.durable_us, writer.name) == (False, 0, "")
    writer.end()
    assert (files(folder), writer.take_finished()) == ([], [])


def test_long_recordings_are_several_files_without_a_picture_missing(folder: Folder) -> None:
    writer = RecordingWriter(folder, material.subject(), limits=FileLimits(file_us=600_000))
    for part in material.halves(6):
        writer.write(part, has_audio=True, viewers=0)
    writer.end()
    made = writer.take_finished()
    assert len(made) == 3
    assert sum(len(recorded.decoded(folder.root / "cam1" / f.name)[0]) for f in made) == 60
    assert [f.name for f in made] == files(folder)


def test_another_codec_is_another_file(folder: Folder) -> None:
    writer = RecordingWriter(folder, material.subject())
    for codec in (Codec.VP8, Codec.H264):
        writer.write(material.units(1, codec), has_audio=True, viewers=0)
    writer.end()
    assert [f.facts.codec for f in writer.take_finished()] == ["vp8", "h264"]
    assert [name.rpartition(".")[2] for name in files(folder)] == ["webm", "mp4"]


def test_a_full_disk_is_told_and_the_file_is_ended(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = material.written(folder, 2)
    free = {"free": 1_000}
    monkeypatch.setattr(Folder, "space", lambda _: (free["free"], 2**40))
    with pytest.raises(NoSpace, match="only 0 MiB are free"):
        writer.write(material.units(1), has_audio=True, viewers=0)
    assert writer.name == ""
    (file,) = writer.take_finished()
    assert len(recorded.decoded(folder.root / "cam1" / file.name)[0]) >= 19
    with pytest.raises(NoSpace):
        writer.check_disk()
    free["free"] = 2**39
    writer.check_disk()
    writer.write(material.units(2), has_audio=True, viewers=0)
    writer.end()
    assert len(files(folder)) == 2


def test_an_error_of_the_disk_ends_the_file_and_the_next_key_frame_begins_another(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = material.written(folder, 1)
    append = RecordedFile.append

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(RecordedFile, "append", fail)
    with pytest.raises(OSError, match="Input/output error"):
        writer.write(material.units(1), has_audio=True, viewers=0)
    monkeypatch.setattr(RecordedFile, "append", append)
    writer.write(material.units(2), has_audio=True, viewers=0)
    writer.end()
    assert len(writer.take_finished()) == 2


def test_a_folder_that_cannot_be_made_is_an_error(folder: Folder) -> None:
    folder.root.write_text("a file")
    writer = RecordingWriter(folder, material.subject())
    with pytest.raises(OSError, match="exists|directory"):
        writer.write(material.units(2), has_audio=True, viewers=0)


def test_a_damaged_unit_costs_its_file_the_rest_of_the_group(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = material.written(folder, 1)
    append = RecordedFile.append

    def refuse(*_: object) -> None:
        raise ValueError("A unit of H.264 is damaged.")

    monkeypatch.setattr(RecordedFile, "append", refuse)
    writer.write(material.units(1), has_audio=True, viewers=0)
    monkeypatch.setattr(RecordedFile, "append", append)
    writer.write(material.units(1), has_audio=True, viewers=0)
    writer.end()
    assert len(writer.take_finished()) == 2


def test_a_file_whose_bytes_changed_on_the_disk_costs_the_next_one_nothing(folder: Folder) -> None:
    writer = material.written(folder, 2, Codec.H264)
    path = folder.root / "cam1" / writer.name
    data = path.read_bytes()
    with open(path, "r+b") as file:
        file.seek(data.index(b"tfdt") + 8)
        file.write(b"\x7f")
    writer.end()
    assert writer.take_finished() == []
    assert path.stat().st_size > len(data)  # with the last picture
    writer.write(material.units(2), has_audio=True, viewers=0)
    writer.end()
    assert len(writer.take_finished()) == 1


@pytest.mark.parametrize("codec", [Codec.VP8, Codec.VP9])
@pytest.mark.parametrize("pause_s", [20, 40])
def test_a_camera_that_is_off_while_the_sound_goes_on_costs_nothing(
    folder: Folder, codec: Codec, pause_s: int
) -> None:
    """RFC 9559: a block's time has 16 bits in ms, so 40 s do not fit into one cluster."""
    units = material.units(2, codec)
    half = len(units) // 2
    writer = RecordingWriter(folder, material.subject())
    writer.write(units[:half], has_audio=True, viewers=0)
    for number in range(35, 33 + pause_s * 50, 15):
        sound = [recorded.sound(number + n) for n in range(15)]
        writer.write(sound, has_audio=True, viewers=0)
    back = [
        dataclasses.replace(
            unit,
            pts=unit.pts + unit.clock_rate * pause_s,
            capture_us=unit.capture_us + pause_s * 10**6,
        )
        for unit in units
    ]
    writer.write(back, has_audio=True, viewers=0)
    writer.end()
    (file,) = writer.take_finished()
    pictures, _, length = recorded.decoded(folder.root / "cam1" / file.name)
    assert len(pictures) == 30
    assert max(after - before for before, after in itertools.pairwise(pictures)) == pytest.approx(
        pause_s - 0.3, abs=0.1
    )
    assert length == pytest.approx(pause_s + 0.667, abs=0.3)
    assert file.facts.length_us == pytest.approx(length * 1e6, abs=100_000)


def test_a_file_of_vp8_with_sound_has_its_key_frames_in_the_index(folder: Folder) -> None:
    writer = RecordingWriter(folder, material.subject())
    for unit in material.units(4):
        writer.write([unit], has_audio=True, viewers=0)
    name = writer.name
    writer.end()
    found = recorded.scanned(Webm(), (folder.root / "cam1" / name).read_bytes())
    starts = [place.time_us / 1e6 for place in found.places if place.begins_with_key]
    assert starts == pytest.approx([0, 1 / 3, 2 / 3, 1], abs=0.002)
