"""The certificate for trials: the server takes it, for a name and for an address."""

from __future__ import annotations

import datetime
import stat
from pathlib import Path

import pytest

from app.http.certificate import Certificate
from cli.diagnostics import certificate
from cli.diagnostics.finding import Status
from cli.public_setup.self_signed import VALID_DAYS, write_self_signed


@pytest.mark.parametrize("host", ["live.example.org", "192.0.2.1", "2001:db8::1"])
def test_the_server_takes_it_for_its_host(tmp_path: Path, host: str) -> None:
    cert, key = write_self_signed(tmp_path / "certificates", host)
    Certificate(cert, key)
    shown = f"[{host}]" if ":" in host else host
    now = datetime.datetime.now(datetime.UTC)
    assert certificate.judge(cert, key, f"https://{shown}", now).status is Status.GOOD
    later = now + datetime.timedelta(days=VALID_DAYS + 1)
    assert certificate.judge(cert, key, f"https://{shown}", later).status is Status.FAULT
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_name_longer_than_a_common_name_may_be_is_taken(tmp_path: Path) -> None:
    cert, key = write_self_signed(tmp_path, f"{'a' * 60}.example.org")
    Certificate(cert, key)
