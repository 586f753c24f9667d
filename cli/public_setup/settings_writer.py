"""Writes settings to a file that only its owner reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from wire.private_file import write_private

_HEAD = "# Settings of Sharpcast, written by `sharpcast up --public`. Edit it as you like.\n"


def write_settings(path: Path, changes: Mapping[str, str]) -> None:
    """Changes lines of a settings file and adds those that are new; other lines stay.

    The file is replaced at once, so that a crash leaves the old one. Raises OSError; ValueError for
    a text that has no place in one line.
    """
    for name, text in changes.items():
        if "\n" in text or "\r" in text:
            raise ValueError(f"{name} has a line break, which a settings file cannot hold")
    lines = path.read_text().splitlines() if path.exists() else [*_HEAD.splitlines()]
    left = dict(changes)
    for number, line in enumerate(lines):
        name = line.split("=", 1)[0].strip()
        if name in left:
            lines[number] = f"{name}={left.pop(name)}"
    lines += [f"{name}={text}" for name, text in left.items()]
    write_private(path, ("\n".join(lines) + "\n").encode())
