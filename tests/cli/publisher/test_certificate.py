"""The certificate for DTLS."""

from __future__ import annotations

import datetime
import ssl
import stat
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from cli.publisher.certificate import write_certificate


def test_openssl_takes_the_pair(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)


def test_it_is_on_p256_valid_for_weeks_and_signed_by_itself(tmp_path: Path) -> None:
    path, _ = write_certificate(tmp_path)
    made = x509.load_pem_x509_certificate(path.read_bytes())
    public = made.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name == "secp256r1"
    assert made.issuer == made.subject
    made.verify_directly_issued_by(made)
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    # A receiver whose clock is hours behind takes it too.
    assert made.not_valid_before_utc < now - day / 2
    assert now + 7 * day < made.not_valid_after_utc < now + 60 * day


def test_nobody_else_can_read_the_key(tmp_path: Path) -> None:
    _, key = write_certificate(tmp_path)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_two_sessions_share_nothing(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    made = [x509.load_pem_x509_certificate(write_certificate(f)[0].read_bytes()) for f in folders]
    assert made[0].serial_number != made[1].serial_number
    assert made[0].public_key() != made[1].public_key()
