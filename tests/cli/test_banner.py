"""What a user is told once the web server answers."""

from __future__ import annotations

import pytest

from cli import banner
from wire.settings import PREFIX, load_settings


def shown(capsys: pytest.CaptureFixture[str], address: str = "http://h:1", **keys: str) -> str:
    banner.show(address, load_settings({f"{PREFIX}{k.upper()}": v for k, v in keys.items()}))
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({}, "Listening on loopback only, no token set."),
        (
            {"publish_token": "a-long-word"},
            "Listening on loopback only, no admin token set.",
        ),
        ({"admin_token": "a-long-word"}, "Listening on loopback only, no publish token set."),
        (
            {"http_host": "0.0.0.0", "publish_token": "a-long-word", "admin_token": "b-long-word"},
            "Listening to the network, publish and admin tokens set.",
        ),
    ],
)
def test_who_may_use_it_is_one_line(
    capsys: pytest.CaptureFixture[str], keys: dict[str, str], line: str
) -> None:
    text = shown(capsys, **keys)
    assert line in text.splitlines()
    assert "a-long-word" not in text and "b-long-word" not in text


def test_pages_are_named_where_the_users_find_them(capsys: pytest.CaptureFixture[str]) -> None:
    plain = shown(capsys)
    for page in ("/", "/broadcast", "/admin", "/whip/NAME"):
        assert f" http://h:1{page}\n" in plain
    tokens = {"publish_token": "a-long-word", "admin_token": "b-long-word"}
    behind = shown(capsys, public_url="https://live.example/tv", **tokens)
    for page in ("/", "/broadcast", "/admin", "/whip/NAME"):
        assert f" https://live.example/tv{page}\n" in behind
    assert "http://h:1" not in behind


def test_it_says_how_to_stop_last(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys).splitlines()[-1] == "Stop with Ctrl-C."
