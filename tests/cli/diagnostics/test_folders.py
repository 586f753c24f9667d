"""Folders that cannot be written to, and disks without room."""

from __future__ import annotations

import shutil
import types
from pathlib import Path

import pytest

from app.recording.retention import SpaceGuard, floor_bytes
from cli.diagnostics import folders
from cli.diagnostics.finding import Status
from tests.cli.diagnostics.seeds import assert_fault, by_name, in_namespace, settings


def test_a_folder_that_can_be_written_to_is_good_also_before_it_exists(tmp_path: Path) -> None:
    place = tmp_path / "not" / "yet"
    found = folders.folder("recordings", place, "SHARPCAST_RECORD_DIR", 1)
    assert found.status is Status.GOOD
    assert list(tmp_path.iterdir()) == []


def test_a_place_below_a_file_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = folders.folder("recordings", tmp_path / "file" / "x", "SHARPCAST_RECORD_DIR", 1)
    assert_fault(found, "it is no folder", "install -d", "SHARPCAST_RECORD_DIR")


def test_a_folder_that_nobody_may_write_to_is_a_fault() -> None:
    found = folders.folder("recordings", Path("/proc"), "SHARPCAST_RECORD_DIR", 1)
    assert_fault(found, "cannot be written to")


def test_a_disk_without_room_is_a_fault(tmp_path: Path) -> None:
    found = folders.folder("recordings", tmp_path, "SHARPCAST_RECORD_DIR", 1 << 60)
    assert_fault(found, "MiB free", "SHARPCAST_RECORD_DIR")


def test_the_folders_of_the_settings_are_looked_at(tmp_path: Path) -> None:
    found = by_name(folders.check(settings(engine_cache=str(tmp_path / "engines"))))
    assert {"folder for temporary files", "folder for what engines and loops compiled"} <= set(
        found
    )


def test_where_recordings_and_keys_cannot_be_written_is_named() -> None:
    given = settings(record="both", record_dir="/proc/nope", keys_file="/proc/nope/k")
    found = by_name(folders.check(given))
    assert_fault(found["folder for recordings"], "/proc/nope", "install -d", "SHARPCAST_RECORD_DIR")
    assert_fault(found["folder for stream keys"], "/proc/nope", "SHARPCAST_KEYS_FILE")


def test_a_server_with_another_redis_has_no_file_of_keys() -> None:
    given = settings(redis_url="redis://127.0.0.1:6379", keys_file="/proc/nope/k")
    assert "folder for stream keys" not in by_name(folders.check(given))


def test_recordings_need_more_room_where_all_streams_are_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = shutil.disk_usage(tmp_path).free
    monkeypatch.setattr(folders, "RECORDING_FREE_BYTES", free + (1 << 40))
    for record, status in (("off", Status.GOOD), ("both", Status.FAULT)):
        given = settings(record=record, record_dir=str(tmp_path / "recordings"))
        assert by_name(folders.check(given))["folder for recordings"].status is status


@pytest.mark.parametrize("total", [4 << 30, 1 << 40])
def test_a_disk_on_which_the_server_records_nothing_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, total: int
) -> None:
    floor = floor_bytes(total)
    for free, status in ((floor - 1, Status.FAULT), (floor, Status.GOOD)):
        usage = (total, total - free, free)
        found = types.SimpleNamespace(total=usage[0], used=usage[1], free=usage[2])
        monkeypatch.setattr(shutil, "disk_usage", lambda _, found=found: found)
        given = settings(record="off", record_dir=str(tmp_path / "recordings"))
        assert by_name(folders.check(given))["folder for recordings"].status is status
        assert SpaceGuard().judge(free=free, total=total) is (status is Status.GOOD)


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    script = f"mount -t tmpfs -o size=64k tmpfs {place}\nhead -c 65536 /dev/zero > {place}/full"
    code, found = in_namespace("-m", script, "--only", "folders", engine_cache=str(place))
    assert code == 1
    faults = [each for each in found if each["status"] == "fault"]
    assert [each["what"] for each in faults] == ["folder for what engines and loops compiled"]
    assert "No space left" in faults[0]["detail"] or "MiB free" in faults[0]["detail"]
    assert "SHARPCAST_ENGINE_CACHE" in faults[0]["cure"]


def test_a_disk_that_is_mounted_read_only_is_named(tmp_path: Path) -> None:
    place = tmp_path / "sealed"
    place.mkdir()
    script = f"mount -t tmpfs -o ro tmpfs {place}"
    code, found = in_namespace("-m", script, "--only", "folders", engine_cache=str(place))
    assert code == 1
    assert any("Read-only file system" in each["detail"] for each in found)
