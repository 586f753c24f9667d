"""The DTLS certificate that the peers of this process share, and its OpenSSL context.

A key and a context cost more time than the rest of an answer. Nothing is lost by sharing them: each
session has keys of its own (ECDHE), and peers know the certificate by its fingerprint.
"""

from __future__ import annotations

import datetime
from typing import ClassVar

from aiortc.rtcdtlstransport import RTCCertificate, SRTPProtectionProfile, certificate_digest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL

RENEW_BEFORE = datetime.timedelta(days=7)
"""A certificate is valid for 30 days; a session may well last for days."""


class SharedCertificate(RTCCertificate):
    """A certificate that makes its context once."""

    _current: ClassVar[SharedCertificate | None] = None

    def __init__(self, key: ec.EllipticCurvePrivateKey, cert: x509.Certificate) -> None:
        super().__init__(key, cert)
        self.fingerprint = f"sha-256 {certificate_digest(cert, 'sha-256')}"
        """The value of ``a=fingerprint`` (RFC 8122 section 5)."""
        self._context: SSL.Context | None = None

    @classmethod
    def of_process(cls) -> SharedCertificate:
        """Returns the certificate for new peers; makes another one before it ends."""
        made = cls._current
        if made is None or made.expires - datetime.datetime.now(datetime.UTC) < RENEW_BEFORE:
            made = cls._current = cls.generateCertificate()
        return made

    def _create_ssl_context(self, srtp_profiles: list[SRTPProtectionProfile]) -> SSL.Context:
        if self._context is None:
            self._context = super()._create_ssl_context(srtp_profiles)
            # Nobody resumes a session, and each that is kept takes memory.
            self._context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        return self._context
