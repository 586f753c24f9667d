"""Files with secrets: replaced as a whole, and read by their owner alone."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

__all__ = ["write_private"]


def write_private(path: Path, data: bytes) -> None:
    """Writes a file with mode 600 and replaces an old one at once; a failure leaves that as it was.

    Its folder is made where it is missing. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # It gets mode 600 before anything is in it, and lies in the same folder, since ``os.replace``
    # is atomic within one file system only.
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(partial, path)
    finally:
        # After ``os.replace`` the temporary name is gone; it is there after a failure only.
        Path(partial).unlink(missing_ok=True)
