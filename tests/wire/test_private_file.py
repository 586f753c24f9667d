"""``wire.private_file``: whole or not at all, and for the owner's eyes."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec
import pytest

from wire.private_file import MAX_BYTES, read_private_json, write_private


def test_only_the_owner_may_read_it_whatever_the_old_one_was(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "keys"
    write_private(path, b"one")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    write_private(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == ["keys"]


def test_a_failure_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    taken = tmp_path / "keys"
    taken.mkdir()
    (taken / "inside").touch()
    with pytest.raises(OSError):
        write_private(taken, b"x")
    assert os.listdir(tmp_path) == ["keys"] and (taken / "inside").exists()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError):
        write_private(tmp_path / "file" / "keys", b"x")


DECODER = msgspec.json.Decoder(dict[str, int])


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    assert read_private_json(path, DECODER) is None
    write_private(path, b'{"a": 1}')
    assert read_private_json(path, DECODER) == {"a": 1}
    assert read_private_json(path, DECODER, max_bytes=8) == {"a": 1}


@pytest.mark.parametrize("data", [b"", b"{", b'{"a": "b"}', b"\xff", b'{"a": 1} '])
def test_what_cannot_be_read_or_is_too_large_is_said(
    data: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "keys"
    path.write_bytes(data)
    assert read_private_json(path, DECODER, max_bytes=8) is None
    assert f"{path} is not read" in caplog.text


def test_a_file_that_never_ends_is_read_to_the_limit(caplog: pytest.LogCaptureFixture) -> None:
    assert read_private_json(Path("/dev/zero"), DECODER) is None
    assert f"larger than {MAX_BYTES}" in caplog.text
