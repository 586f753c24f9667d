"""The server's TLS certificate, read again when its file changes.

Certificates are renewed every few weeks, and a restart would end every stream. New connections get
the new one, and requests may name the hosts that it names; connections that stand keep theirs.
"""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
from pathlib import Path

from cryptography import x509

from wire.errors import BadSettings

log = logging.getLogger(__name__)

CHECK_S = 5.0
"""Seconds between two checks of the files."""

_Stamp = tuple[tuple[int, int, int], ...]


class Certificate:
    """A certificate and its key, in a context that connections are made with, and its names."""

    def __init__(self, cert: Path, key: Path, *, check_s: float = CHECK_S) -> None:
        """Reads both files; ``check_s`` is the time between two checks of them.

        Raises BadSettings with one sentence if the two cannot be used.
        """
        self._paths = (cert, key)
        self._check_s = check_s
        self._seen = self._stamp()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.names: tuple[str, ...] = ()
        """The DNS names that it stands for, in lower case; none if it names none."""
        if fault := self._load():
            raise BadSettings(
                f"SHARPCAST_TLS_CERT and SHARPCAST_TLS_KEY cannot be used together: {fault}."
            )

    async def run(self, ask: asyncio.Event) -> None:
        """Checks the files every ``check_s``, and whenever ``ask`` is set; until cancelled."""
        while True:
            try:
                async with asyncio.timeout(self._check_s):
                    await ask.wait()
            except TimeoutError:
                pass
            # Cleared before the files are read: a request that comes meanwhile is not lost.
            is_asked = ask.is_set()
            ask.clear()
            self.check(anyway=is_asked)

    def check(self, *, anyway: bool = False) -> None:
        """Reads the files if they changed since the last check, or ``anyway``.

        Files that cannot be used are said once in the log, and the old certificate stays: a tool
        that renews them may be between its two writes.
        """
        stamp = self._stamp()
        if stamp == self._seen and not anyway:
            return
        self._seen = stamp
        fault = self._load()
        if fault:
            log.error(
                "The changed TLS certificate cannot be used, the old one stays: %s",
                fault,
                extra={"action": "certificate"},
            )
        else:
            log.info("The TLS certificate was read again.", extra={"action": "certificate"})

    def _load(self) -> str:
        """Loads the files; returns what is wrong with them, or an empty text."""
        try:
            # Tried on a context of its own: half of a pair must not get into the one in use.
            # Without a password OpenSSL would ask for one at the terminal, and all would wait.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*self._paths, password="")
            # The first certificate of the file is the server's own; those behind it signed it.
            names = _dns_names(self._paths[0].read_bytes())
            # Changed in place: the listener holds this context, and each new handshake reads it
            # anew.
            self.context.load_cert_chain(*self._paths, password="")
        except ssl.SSLError as error:
            return _fault(error)
        except OSError as error:
            return f"a file cannot be read ({error.strerror})"
        except (ValueError, x509.InvalidVersion, x509.DuplicateExtension) as error:
            return f"the certificate's names cannot be read ({error})"
        self.names = names
        return ""

    def _stamp(self) -> _Stamp:
        found = []
        for path in self._paths:
            try:
                stat = os.stat(path)
            except OSError:
                found.append((0, 0, 0))
            else:
                # Tools for renewal rename a new file over the old one, and its time may be any.
                found.append((stat.st_ino, stat.st_mtime_ns, stat.st_size))
        return tuple(found)


def _dns_names(pem: bytes) -> tuple[str, ...]:
    """The names of the first certificate. Raises ValueError, InvalidVersion, DuplicateExtension."""
    extensions = x509.load_pem_x509_certificate(pem).extensions
    try:
        found = extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(name.lower() for name in found.value.get_values_for_type(x509.DNSName))


def _fault(error: ssl.SSLError) -> str:
    """Returns OpenSSL's error in words; it does not tell which of the two files is meant."""
    if error.reason == "KEY_VALUES_MISMATCH":
        return "the key does not belong to the certificate"
    if error.reason:
        return f"OpenSSL refuses them ({error.reason.replace('_', ' ').lower()})"
    return "one of them is no certificate or key in PEM, or the key has a password"
