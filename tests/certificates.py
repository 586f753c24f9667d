"""Certificates for tests: signed by themselves, or by an authority of the test's own."""

from __future__ import annotations

import dataclasses
import datetime
import ipaddress
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_DAY = datetime.timedelta(days=1)


@dataclasses.dataclass(frozen=True, slots=True)
class Authority:
    """The name and the key with which certificates are signed."""

    name: x509.Name
    key: ec.EllipticCurvePrivateKey


def write_certificate(
    folder: Path,
    name: str = "certificate",
    *,
    hosts: Sequence[str] = ("127.0.0.1",),
    serial: int = 0,
    authority: Authority | None = None,
) -> tuple[Path, Path]:
    """Writes ``name.pem`` and ``name.key`` for addresses or host names, and returns their paths.

    The certificate holds from yesterday until tomorrow. ``serial`` 0: a random number. Without an
    authority it signs itself.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _named(hosts[0])
    signer = authority or Authority(subject, key)
    made = _builder(subject, key, signer, serial or x509.random_serial_number()).add_extension(
        x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False
    )
    return _write(folder, name, made.sign(signer.key, hashes.SHA256()), key)


def write_authority(folder: Path, name: str) -> Authority:
    """Writes ``name.pem`` and ``name.key`` of an authority."""
    made = Authority(_named(name), ec.generate_private_key(ec.SECP256R1()))
    builder = _builder(made.name, made.key, made, x509.random_serial_number())
    certificate = builder.add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    _write(folder, name, certificate.sign(made.key, hashes.SHA256()), made.key)
    return made


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _builder(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, signer: Authority, serial: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return x509.CertificateBuilder(
        signer.name, subject, key.public_key(), serial, now - _DAY, now + _DAY
    )


def _write(
    folder: Path, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> tuple[Path, Path]:
    cert_file, key_file = folder / f"{name}.pem", folder / f"{name}.key"
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert_file, key_file
