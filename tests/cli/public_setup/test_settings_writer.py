"""The settings file: its mode, what is changed and what stays."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from cli.public_setup.settings_writer import write_settings
from wire.settings_file import read_file


def test_a_new_file_is_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "not" / "yet" / "sharpcast.env"
    write_settings(path, {"SHARPCAST_UDP_PORT": "9", "SHARPCAST_ADMIN_TOKEN": "a=b c"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_file(path) == {"SHARPCAST_UDP_PORT": "9", "SHARPCAST_ADMIN_TOKEN": "a=b c"}
    assert [each.name for each in path.parent.iterdir()] == ["sharpcast.env"]


def test_other_lines_stay_and_open_modes_are_closed(tmp_path: Path) -> None:
    path = tmp_path / "sharpcast.env"
    path.write_text("# mine\nSHARPCAST_UDP_PORT=1\n\nSHARPCAST_MODEL=live-m\n")
    path.chmod(0o644)
    write_settings(path, {"SHARPCAST_UDP_PORT": "2", "SHARPCAST_ENGINE": "openvino"})
    assert path.read_text() == (
        "# mine\nSHARPCAST_UDP_PORT=2\n\nSHARPCAST_MODEL=live-m\nSHARPCAST_ENGINE=openvino\n"
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["a\nSHARPCAST_ADMIN_TOKEN=x", "a\rb"])
def test_a_text_cannot_add_lines(tmp_path: Path, text: str) -> None:
    path = tmp_path / "sharpcast.env"
    with pytest.raises(ValueError, match="SHARPCAST_MODEL"):
        write_settings(path, {"SHARPCAST_MODEL": text})
    assert not path.exists()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        write_settings(tmp_path / "file" / "sharpcast.env", {"SHARPCAST_MODEL": "x"})
