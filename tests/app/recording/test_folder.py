"""The folder of recordings: what is created, found, locked and removed."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.recording import folder as folder_module
from app.recording.file_facts import MAX_FACTS_BYTES
from app.recording.file_names import FileName, facts_name
from app.recording.folder import Folder, is_locked, write_facts
from tests.app.recording import material

PARTS = FileName(material.STARTED_US, "source", ".mp4")


def names(folder: Folder) -> set[tuple[str, str]]:
    return {(each.stream, each.name) for each in folder.stored()}


def test_files_of_one_time_get_names_of_their_own(folder: Folder) -> None:
    made = [folder.create("cam1", PARTS) for _ in range(3)]
    assert len({path for path, _ in made}) == 3
    assert made[0][0] == folder.root / "cam1" / str(PARTS)
    for _, file in made:
        file.close()


def test_a_file_of_the_other_container_does_not_take_its_facts(folder: Folder) -> None:
    path, file = folder.create("cam1", PARTS)
    file.close()
    write_facts(path, material.facts())
    other, file = folder.create("cam1", FileName(PARTS.started_us, "source", ".webm"))
    file.close()
    assert facts_name(other.name) != facts_name(path.name)


@pytest.mark.parametrize("stream", ["..", ".", "", "/etc", "a/b", "../a", "a" * 65, "-x", "a\n"])
def test_no_name_of_a_stream_leads_out_of_the_folder(folder: Folder, stream: str) -> None:
    with pytest.raises(ValueError, match="no name of a stream"):
        folder.create(stream, PARTS)
    assert folder.path(stream, str(PARTS)) is None
    assert folder.of_stream(stream) == []
    assert not folder.remove(stream, str(PARTS))
    assert not folder.root.exists()


def test_a_file_is_locked_while_it_is_written_also_for_other_processes(folder: Folder) -> None:
    path, file = folder.create("cam1", PARTS)
    script = (
        "import sys, pathlib; from app.recording.folder import is_locked;"
        "sys.exit(3 if is_locked(pathlib.Path(sys.argv[1])) else 0)"
    )
    command = [sys.executable, "-c", script, str(path)]
    assert is_locked(path)
    assert subprocess.run(command, timeout=60).returncode == 3
    assert not folder.remove("cam1", path.name)
    file.close()
    assert not is_locked(path)
    assert subprocess.run(command, timeout=60).returncode == 0
    assert not is_locked(path.with_name("missing"))


def test_a_recording_is_removed_with_its_facts_and_an_empty_folder(folder: Folder) -> None:
    first = material.stored(folder, material.STARTED_US)
    second = material.stored(folder, material.STARTED_US + 10**9)
    assert folder.remove("cam1", first)
    assert names(folder) == {("cam1", second)}
    assert not folder.remove("cam1", first)
    assert folder.remove("cam1", second)
    assert list(folder.root.iterdir()) == []


def test_only_recordings_are_found(folder: Folder, tmp_path: Path) -> None:
    name = material.stored(folder, material.STARTED_US)
    here = folder.root / "cam1"
    (here / "holiday.mp4").write_bytes(b"mine")
    (here / "20261129T014232.508Z-source.mp4.part").write_bytes(b"x")
    (here / str(FileName(5000, "source", ".mp4"))).mkdir()
    (here / str(FileName(6000, "source", ".mp4"))).symlink_to(tmp_path / "secret")
    (folder.root / "notes.txt").write_text("mine")
    (folder.root / ".hidden").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (folder.root / "link").symlink_to(tmp_path / "elsewhere")
    assert names(folder) == {("cam1", name)}
    assert [each.name for each in folder.of_stream("cam1")] == [name]
    assert folder.of_stream("nobody") == []


def test_without_a_folder_there_is_nothing(folder: Folder) -> None:
    assert names(folder) == set()
    assert folder.kept() == []
    assert folder.free_bytes() is None
    assert folder.facts("cam1", str(PARTS)) is None


def test_a_folder_that_is_a_file_breaks_no_list(folder: Folder) -> None:
    folder.root.write_text("not a folder")
    assert names(folder) == set()
    (folder.root.parent / "r2").mkdir()
    other = Folder(folder.root.parent / "r2")
    (other.root / "cam1").write_text("not a folder either")
    assert other.of_stream("cam1") == []


def test_damaged_and_huge_facts_are_none(folder: Folder) -> None:
    name = material.stored(folder, material.STARTED_US)
    path = folder.root / "cam1" / facts_name(name)
    assert folder.facts("cam1", name) == material.facts()
    path.write_bytes(b"\x00\x01")
    assert folder.facts("cam1", name) is None
    path.write_bytes(b" " * (MAX_FACTS_BYTES + 1))
    assert folder.facts("cam1", name) is None


def test_facts_are_replaced_in_one_step(folder: Folder) -> None:
    name = material.stored(folder, material.STARTED_US)
    path = folder.root / "cam1" / name
    with open(path.parent / facts_name(name), "rb") as before:
        write_facts(path, material.facts(length_us=5))
        assert b'"length_us": 1000000' in before.read()
    found = folder.facts("cam1", name)
    assert found is not None and found.length_us == 5
    assert len(list(path.parent.iterdir())) == 2


def test_retention_sees_size_change_and_lock(folder: Folder) -> None:
    name = material.stored(folder, material.STARTED_US, size=123)
    os.utime(folder.root / "cam1" / name, (1000.0, 1000.0))
    path, file = folder.create("cam2", PARTS)
    found = {each.stream: each for each in folder.kept()}
    file.close()
    assert (found["cam1"].size, found["cam1"].ended_us) == (123, 1_000_000_000)
    assert (found["cam1"].is_fixed, found["cam2"].is_fixed) == (False, True)
    assert path.exists()


def test_one_at_a_time_tidies_up(folder: Folder) -> None:
    with folder.only_one() as first, Folder(folder.root).only_one() as second:
        assert (first, second) == (True, False)
    with folder.only_one() as again:
        assert again


def test_the_disk_tells_its_space(folder: Folder) -> None:
    free, total = folder.space()
    assert 0 < free <= total
    assert folder.free_bytes() == pytest.approx(free, rel=0.5)


def test_a_folder_of_too_many_files_is_listed_in_part(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        material.stored(folder, material.STARTED_US + number * 10**9)
    monkeypatch.setattr(folder_module, "MAX_FILES", 5)
    assert len(names(folder)) < 6


def test_a_probe_writes_and_leaves_nothing(folder: Folder) -> None:
    folder.probe("cam1")
    assert list((folder.root / "cam1").iterdir()) == []
    (folder.root / "cam2").write_text("a file")
    with pytest.raises(FileExistsError):
        folder.probe("cam2")


def test_a_probe_meets_what_free_space_does_not_tell(folder: Folder) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            folder.probe("cam1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert list((folder.root / "cam1").iterdir()) == []
