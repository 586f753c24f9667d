"""The key pair of a device on its disk, and the fingerprints of gateways that it has met.

A gateway pins the key at the first join, so each process that works at the same time has one of its
own: ``device-1.pem`` is the first process's, ``device-2.pem`` that of a second one.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from wire.errors import BadSettings
from wire.link.secure import Identity, make_identity
from wire.private_file import write_private

log = logging.getLogger(__name__)

MAX_PROCESSES = 64
"""Processes of one user on one machine that join at a time."""

MAX_GATEWAYS = 256
"""Gateways that are remembered; the one that was met first is forgotten."""

_FILE_MODE = 0o600
_END_OF_KEY = b"-----END PRIVATE KEY-----\n"


@contextlib.contextmanager
def held_identity(folder: Path) -> Iterator[Identity]:
    """Yields this process's key pair, made at the first time; no other process has it meanwhile.

    Raises BadSettings with one sentence if the folder cannot be used.
    """
    with contextlib.ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            identity = _read_or_make(stack.enter_context(_locked(folder)))
        except OSError as error:
            raise BadSettings(
                f"SHARPCAST_ENGINE_CACHE: the device's key cannot be kept beside it, in {folder}: "
                f"{error.strerror}."
            ) from error
        yield identity


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[Path]:
    """Yields the first key file that no other process has."""
    for number in range(1, MAX_PROCESSES + 1):
        path = folder / f"device-{number}.pem"
        # The lock is on a file of its own: the key file is replaced as a whole.
        handle = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, _FILE_MODE)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield path
            return
        finally:
            os.close(handle)
    raise BadSettings(f"{MAX_PROCESSES} processes of this machine have joined already.")


def _read_or_make(path: Path) -> Identity:
    try:
        return _parse(path.read_bytes())
    except FileNotFoundError:
        pass
    except ValueError as error:
        log.warning("%s is made anew: %s", path, error, extra={"action": "bad_identity"})
    identity = make_identity(now=datetime.datetime.now(datetime.UTC))
    write_private(path, identity.key_pem + identity.certificate_pem)
    return identity


def _parse(data: bytes) -> Identity:
    """Reads a key file. Raises ValueError."""
    at = data.find(_END_OF_KEY)
    if at < 0:
        raise ValueError("it has no private key")
    identity = Identity(data[: at + len(_END_OF_KEY)], data[at + len(_END_OF_KEY) :])
    key = serialization.load_pem_private_key(identity.key_pem, None)
    certificate = x509.load_pem_x509_certificate(identity.certificate_pem)
    if key.public_key() != certificate.public_key():
        raise ValueError("key and certificate do not belong together")
    return identity


class KnownGateways:
    """Fingerprints of gateways by their address. What cannot be written is forgotten at the end."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "gateways.json"
        self._found = self._read()

    def get(self, address: str) -> str:
        """Returns the fingerprint at an address; empty if none was met there."""
        return self._found.get(address, "")

    def keep(self, address: str, fingerprint: str) -> None:
        """Remembers a gateway."""
        if self._found.get(address) == fingerprint:
            return
        # Another process may have added one since.
        self._found = {**self._read(), address: fingerprint}
        while len(self._found) > MAX_GATEWAYS:
            del self._found[next(iter(self._found))]
        try:
            write_private(self._path, json.dumps(self._found, indent=1).encode())
        except OSError as error:
            log.warning("%s: %s", self._path, error, extra={"action": "not_kept"})

    def _read(self) -> dict[str, str]:
        try:
            found = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return {}
        if not isinstance(found, dict):
            return {}
        return {key: value for key, value in found.items() if isinstance(value, str)}
