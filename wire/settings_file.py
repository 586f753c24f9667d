"""Settings files: lines of ``SHARPCAST_KEY=value``."""

from __future__ import annotations

from pathlib import Path

from wire.errors import BadSettings

PREFIX = "SHARPCAST_"
"""Every key begins with it, in a file and in the environment."""


def read_file(path: Path) -> dict[str, str]:
    """Returns the keys of a file; lines that begin with # are comments. Raises BadSettings."""
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise BadSettings(f"SHARPCAST_CONFIG: {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadSettings(f"SHARPCAST_CONFIG: {path} is not a text file in UTF-8.") from error
    found = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals or not name.strip().startswith(PREFIX):
            raise BadSettings(f"{path} line {number}: not of the form {PREFIX}KEY=value.")
        found[name.strip()] = value.strip().strip("\"'")
    return found
