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
    # In the same folder, since ``os.replace`` is atomic within one file system only.
    handle, partial = tempfile.mkstemp(".part", f"{path.stem}.", path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            # Without it a power cut may leave the new name on a file without its content: a file
            # system may write the two in any order.
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        # After ``os.replace`` the temporary name is gone; it is there after a failure only.
        Path(partial).unlink(missing_ok=True)
