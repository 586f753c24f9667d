"""One certificate for all peers of a process: ``dtls_certificate.py``."""

from __future__ import annotations

import datetime

import pytest
from aiortc.rtcdtlstransport import SRTP_PROFILES, certificate_digest
from OpenSSL import SSL

from app.webrtc import dtls_certificate
from app.webrtc.dtls_certificate import SharedCertificate


def test_all_peers_have_one_certificate_and_one_context() -> None:
    made = SharedCertificate.of_process()
    assert SharedCertificate.of_process() is made
    context = made._create_ssl_context(SRTP_PROFILES)
    assert made._create_ssl_context(SRTP_PROFILES) is context


def test_the_answer_names_its_sha_256() -> None:
    made = SharedCertificate.of_process()
    assert made.fingerprint == f"sha-256 {certificate_digest(made._cert, 'sha-256')}"


def test_another_one_is_made_before_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    made = SharedCertificate.of_process()
    monkeypatch.setattr(dtls_certificate, "RENEW_BEFORE", datetime.timedelta(days=365))
    assert SharedCertificate.of_process() is not made


def test_no_session_is_kept_for_one_who_comes_again() -> None:
    context = SharedCertificate.of_process()._create_ssl_context(SRTP_PROFILES)
    assert context.set_session_cache_mode(SSL.SESS_CACHE_OFF) == SSL.SESS_CACHE_OFF
