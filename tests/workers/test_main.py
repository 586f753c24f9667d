"""``python -m workers`` as far as it goes without a server."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from workers.__main__ import main


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """None of the settings of whoever runs the tests."""
    for name in list(os.environ):
        if name.startswith("SHARPCAST_"):
            monkeypatch.delenv(name)
    yield monkeypatch


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SHARPCAST_WORKER_THREADS", "many"),
        ("SHARPCAST_STRENGTH", "2"),
        ("SHARPCAST_LOG_LEVEL", "loud"),
        ("SHARPCAST_OUTPUT_CODEC", "vp9"),
        ("SHARPCAST_BITRATES", "large"),
    ],
)
def test_a_setting_that_cannot_be_used_ends_it_with_its_name(
    name: str, value: str, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv(name, value)
    assert main() == 2
    printed = capsys.readouterr()
    assert name in printed.err and printed.out == ""
    assert len(printed.err.strip().splitlines()) == 1
