"""Certificates that are expired, early, for another host, or with another key."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from cryptography import x509

from cli.diagnostics import certificate
from cli.diagnostics.finding import Status
from tests.certificates import write_certificate
from tests.cli.diagnostics.seeds import TOKENS, assert_fault, settings

HOST = "live.example.org"


def now(days: float = 0.0) -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return write_certificate(tmp_path, hosts=(HOST, "*.example.net", "192.0.2.1"))


def test_without_a_certificate_nothing_is_said() -> None:
    assert list(certificate.check(settings())) == []


def test_one_that_ends_soon_is_a_note(pair: tuple[Path, Path]) -> None:
    cert, key = pair
    url = f"https://{HOST}"
    (found,) = certificate.check(
        settings(tls_cert=str(cert), tls_key=str(key), public_url=url, **TOKENS)
    )
    assert found.status is Status.NOTE
    assert "certbot renew" in found.cure


def test_one_that_has_expired_is_a_fault(pair: tuple[Path, Path]) -> None:
    found = certificate.judge(*pair, f"https://{HOST}", now(days=3))
    assert_fault(found, "it has expired", "certbot renew")


def test_one_that_does_not_hold_yet_is_a_fault_of_the_clock(pair: tuple[Path, Path]) -> None:
    found = certificate.judge(*pair, f"https://{HOST}", now(days=-3))
    assert_fault(found, "holds only from", "clock")


def test_one_for_another_host_is_a_fault(pair: tuple[Path, Path]) -> None:
    found = certificate.judge(*pair, "https://other.example.org", now())
    # It ends tomorrow, and the worse thing is told: nobody can use it.
    found = certificate._by_name(_load(pair[0]), "https://other.example.org") or found
    assert_fault(found, HOST, "not for other.example.org", "certbot certonly")


def test_the_key_of_another_certificate_is_a_fault(pair: tuple[Path, Path], tmp_path: Path) -> None:
    _, other = write_certificate(tmp_path, "other")
    found = certificate.judge(pair[0], other, "", now())
    assert_fault(found, "the key does not belong to the certificate", "privkey.pem")


def test_a_file_that_is_no_certificate_is_a_fault(pair: tuple[Path, Path], tmp_path: Path) -> None:
    text = tmp_path / "text.pem"
    text.write_text("nothing")
    assert_fault(certificate.judge(text, pair[1], "", now()), "cannot be used together")


@pytest.mark.parametrize(
    ("host", "stands"),
    [
        (HOST, True),
        ("LIVE.example.org", True),
        ("a.example.net", True),
        ("a.b.example.net", False),
        ("example.net", False),
        ("192.0.2.1", True),
        ("192.0.2.2", False),
    ],
)
def test_the_names_that_a_certificate_stands_for(
    pair: tuple[Path, Path], host: str, stands: bool
) -> None:
    assert certificate.stands_for(certificate.names_of(_load(pair[0])), host) is stands


def _load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())
