"""Recordings in a folder of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.recording.folder import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder of recordings that is not there yet."""
    return Folder(tmp_path / "recordings")
