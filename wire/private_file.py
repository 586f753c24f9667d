"""Files with secrets: replaced as a whole, and read by their owner alone."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path
from typing import TypeVar

import msgspec

__all__ = ["read_private_json", "write_private"]

log = logging.getLogger(__name__)

MAX_BYTES = 16 << 20
"""Size of the largest file that is read: ten times that of all keys, permissions and devices."""

T = TypeVar("T")


def read_private_json(
    path: Path, decoder: msgspec.json.Decoder[T], *, max_bytes: int = MAX_BYTES
) -> T | None:
    """Returns what a file has; None without a file, and for one that cannot be read, which is said.

    It may block. Never more than ``max_bytes`` are read, also of a file that grows meanwhile.
    """
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
        if len(data) > max_bytes:
            raise msgspec.DecodeError(f"it is larger than {max_bytes} bytes")
        return decoder.decode(data)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, RecursionError, msgspec.DecodeError) as error:
        log.warning("%s is not read: %s", path, error, extra={"action": "bad_file"})
        return None


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
