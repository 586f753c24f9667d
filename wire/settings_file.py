"""Settings files: lines of ``SHARPCAST_KEY=value``."""

from __future__ import annotations

from pathlib import Path

from wire.errors import BadSettings

PREFIX = "SHARPCAST_"
"""Every key begins with it, in a file and in the environment."""
MAX_BYTES = 1 << 16
"""A file with more is none of settings, such as a device that never ends."""


def read_file(path: Path) -> dict[str, str]:
    """Returns the keys of a file; lines that begin with # are comments. Raises BadSettings."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        lines = content.decode().splitlines()
    except OSError as error:
        raise BadSettings(f"SHARPCAST_CONFIG: {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadSettings(f"SHARPCAST_CONFIG: {path} is not a text file in UTF-8.") from error
    if len(content) > MAX_BYTES:
        raise BadSettings(f"SHARPCAST_CONFIG: {path} is larger than {MAX_BYTES >> 10} KiB.")
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
