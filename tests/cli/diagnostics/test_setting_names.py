"""Settings that are none, or cannot be used, are named with their cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.diagnostics.finding import Status
from cli.diagnostics.setting_names import load
from tests.cli.diagnostics.seeds import assert_fault


def test_settings_that_can_be_used_are_good() -> None:
    settings, finding = load({"SHARPCAST_UDP_PORT": "0", "PATH": "/bin"})
    assert settings is not None and settings.udp_port == 0
    assert (finding.status, finding.detail) == (Status.GOOD, "1 variables in the environment")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        (
            "SHARPCAST_HTTP_PORTS",
            "1",
            ("SHARPCAST_HTTP_PORTS is not", "SHARPCAST_HTTP_PORT is one"),
        ),
        (
            "SHARPCAST_COLOUR",
            "blue",
            ("SHARPCAST_COLOUR is not a setting", "sharpcast.env.example"),
        ),
        ("SHARPCAST_HTTP_PORT", "web", ("SHARPCAST_HTTP_PORT", "Correct the value")),
        ("SHARPCAST_HTTP_HOST", "0.0.0.0", ("Set both tokens", "sharpcast up --public")),
        ("SHARPCAST_PUBLISH_TOKEN", "short", ("SHARPCAST_PUBLISH_TOKEN", "Correct the value")),
    ],
)
def test_what_stops_the_start_is_named_with_its_cure(
    name: str, value: str, words: tuple[str, ...]
) -> None:
    settings, finding = load({name: value})
    assert settings is None
    assert_fault(finding, *words)


def test_the_file_is_named_where_there_is_one(tmp_path: Path) -> None:
    path = tmp_path / "sharpcast.env"
    path.write_text("SHARPCAST_COLOUR=blue\n")
    _, finding = load({"SHARPCAST_CONFIG": str(path)})
    assert_fault(finding, str(path), "SHARPCAST_COLOUR")
