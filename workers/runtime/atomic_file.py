"""Atomic writing: a file appears complete or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file and replaces an old one; its name appears only when it is complete.

    Workers in several containers may write into one folder at once with equal process ids, so the
    temporary name is random. Raises OSError.
    """
    handle, partial = tempfile.mkstemp(".part", f"{path.stem}.", path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        Path(partial).unlink(missing_ok=True)
