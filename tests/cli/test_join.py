"""``sharpcast join``: the settings that it makes of its words."""

from __future__ import annotations

from tests.cli.command import assert_one_sentence, sharpcast

TOKEN = "a-token-of-twenty-letters"


def test_a_place_without_a_port_is_one_sentence() -> None:
    result = sharpcast("join", "hub.example.org", "--token", TOKEN)
    assert result.returncode == 2
    assert "SHARPCAST_JOIN" in result.stderr
    assert_one_sentence(result.stderr)
