"""Files of settings; what becomes of the keys is in ``test_settings.py``."""

from __future__ import annotations

from pathlib import Path

import pytest

from wire.errors import BadSettings
from wire.settings_file import MAX_BYTES, read_file


def test_keys_are_read_without_comments_blanks_and_quotes(tmp_path: Path) -> None:
    path = tmp_path / "sharpcast.env"
    path.write_text(
        '# a comment\n\nSHARPCAST_MODEL = live-m \nSHARPCAST_PUBLIC_URL="https://a/?b=c"\n'
    )
    assert read_file(path) == {
        "SHARPCAST_MODEL": "live-m",
        "SHARPCAST_PUBLIC_URL": "https://a/?b=c",
    }


@pytest.mark.parametrize("line", ["SHARPCAST_MODEL", "MODEL=live-m", "=x"])
def test_a_line_of_another_form_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "sharpcast.env"
    path.write_text(f"SHARPCAST_MODEL=live-m\n{line}\n")
    with pytest.raises(BadSettings, match="line 2: not of the form SHARPCAST_KEY=value"):
        read_file(path)


def test_a_file_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="cannot be read: No such file or directory"):
        read_file(tmp_path / "nothing")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(BadSettings, match="is not a text file in UTF-8"):
        read_file(binary)


def test_a_file_without_an_end_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="is larger than 64 KiB"):
        read_file(Path("/dev/zero"))
    full = tmp_path / "sharpcast.env"
    full.write_text("#" * (MAX_BYTES - 1) + "\n")
    assert read_file(full) == {}
    full.write_text("#" * MAX_BYTES + "\n")
    with pytest.raises(BadSettings, match="is larger"):
        read_file(full)
