"""``sharpcast join``: the settings that it makes of its words."""

from __future__ import annotations

from tests.cli.command import assert_one_sentence, sharpcast

TOKEN = "a-token-of-twenty-letters"


def test_a_token_that_is_too_short_is_one_sentence() -> None:
    result = sharpcast("join", "hub.example.org:9443", "--token", "short")
    assert result.returncode == 2
    assert "SHARPCAST_JOIN_TOKEN" in result.stderr
    assert_one_sentence(result.stderr)


def test_a_token_of_a_setting_serves_as_well() -> None:
    result = sharpcast("join", "hub.example.org:9443", join_token="short")
    assert result.returncode == 2
    assert "SHARPCAST_JOIN_TOKEN" in result.stderr


def test_a_name_that_cannot_be_is_one_sentence() -> None:
    result = sharpcast("join", "hub.example.org:9443", "--token", TOKEN, "--name", "a b")
    assert result.returncode == 2
    assert "SHARPCAST_WORKER_NAME" in result.stderr
    assert TOKEN not in result.stderr
    assert_one_sentence(result.stderr)


def test_a_place_without_a_port_is_one_sentence() -> None:
    result = sharpcast("join", "hub.example.org", "--token", TOKEN)
    assert result.returncode == 2
    assert "SHARPCAST_JOIN" in result.stderr
    assert_one_sentence(result.stderr)
