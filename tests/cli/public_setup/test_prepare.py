"""From an address to settings: with a terminal, without one, and the second time."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from benchmarks.server import free_port
from cli.public_setup.prepare import CONFIG, is_behind_router, prepare, settings_path
from tests.cli.public_setup.test_dialogue import Terminal
from wire.errors import BadSettings
from wire.settings import load_settings
from wire.settings_file import read_file


def url() -> str:
    return f"https://127.0.0.1:{free_port()}"


def environ(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path), "SHARPCAST_UDP_PORT": "0"}


def test_answers_are_written_and_read_by_the_server(tmp_path: Path) -> None:
    terminal, found = Terminal("y", "3"), environ(tmp_path)
    address = url()
    settings = prepare(address, found, ask=terminal.ask, say=terminal.said.append)
    path = tmp_path / ".config" / "sharpcast" / "sharpcast.env"
    assert found[CONFIG] == str(path)
    assert settings.public_url == address
    assert settings.http_host == "0.0.0.0"
    assert settings.has_publish_token and settings.has_admin_token
    assert settings.tls_cert is not None and settings.tls_cert.exists()
    assert settings.admin_token.get_secret_value() not in "\n".join(terminal.said)
    assert "SHARPCAST_UDP_PORT" not in read_file(path)


def test_the_second_time_nothing_is_asked(tmp_path: Path) -> None:
    terminal, address = Terminal("y", "3"), url()
    first = prepare(address, environ(tmp_path), ask=terminal.ask, say=terminal.said.append)
    again = prepare(address, environ(tmp_path), ask=None, say=terminal.said.append)
    assert again.publish_token == first.publish_token
    assert again.tls_cert == first.tls_cert


def test_without_a_terminal_the_list_is_the_error_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(BadSettings) as told:
        prepare("https://live.example.org", environ(tmp_path), ask=None, say=print)
    text = str(told.value)
    assert "SHARPCAST_PUBLISH_TOKEN and SHARPCAST_ADMIN_TOKEN" in text
    assert "a certificate for live.example.org" in text
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_in_the_list(tmp_path: Path) -> None:
    terminal = Terminal("y", "3")
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        address = f"https://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(BadSettings, match="web port: .* is taken"):
            prepare(address, environ(tmp_path), ask=terminal.ask, say=terminal.said.append)


def test_the_end_of_the_input_is_one_sentence(tmp_path: Path) -> None:
    terminal = Terminal("y")
    with pytest.raises(BadSettings, match="The input ended"):
        prepare(url(), environ(tmp_path), ask=terminal.ask, say=terminal.said.append)


def test_the_file_is_the_one_of_the_setting_or_the_users(tmp_path: Path) -> None:
    assert settings_path({CONFIG: "/x/y.env"}) == Path("/x/y.env")
    assert settings_path({"XDG_CONFIG_HOME": "/c"}) == Path("/c/sharpcast/sharpcast.env")
    assert settings_path({"HOME": "/h"}) == Path("/h/.config/sharpcast/sharpcast.env")


def test_a_stun_server_that_is_silent_is_in_the_list(tmp_path: Path) -> None:
    terminal = Terminal("y", "3")
    found = environ(tmp_path) | {"SHARPCAST_ICE_STUN": "stun:no-such-name.invalid:1"}
    with pytest.raises(BadSettings, match="the STUN server .* cannot be asked"):
        prepare(url(), found, ask=terminal.ask, say=terminal.said.append)


def test_a_machine_without_a_public_address_is_told_of_routers() -> None:
    loopback = load_settings({"SHARPCAST_ICE_ADDRESSES": "127.0.0.1"})
    assert is_behind_router(loopback)
    assert not is_behind_router(load_settings({"SHARPCAST_ICE_ADDRESSES": "8.8.8.8"}))
    asked = {"SHARPCAST_ICE_ADDRESSES": "127.0.0.1", "SHARPCAST_ICE_STUN": "stun:h:1"}
    assert not is_behind_router(load_settings(asked))
