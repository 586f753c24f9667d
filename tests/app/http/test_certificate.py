"""``certificate.py``: a renewal is taken without a restart, a broken one is not."""

from __future__ import annotations

import asyncio
import logging
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from app.http.certificate import Certificate
from app.http.edge.options import edge_options
from tests.app.http.edge.conftest import Serve, serve  # noqa: F401  # a fixture
from tests.app.peers import until
from tests.certificates import write_certificate
from wire.errors import BadSettings
from wire.settings import load_settings


def write_pair(folder: Path, serial: int, *, name: str = "Cast.example") -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 and a name, and its key."""
    return write_certificate(folder, hosts=["127.0.0.1", name], serial=serial)


USE = """
import sys
from pathlib import Path
from app.http.certificate import Certificate
from wire.errors import BadSettings
try:
    Certificate(Path(sys.argv[1]), Path(sys.argv[2]))
except BadSettings as error:
    print(error)
"""


def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(tmp_path: Path) -> None:
    cert, key = write_pair(tmp_path, 1)
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"secret")
    form = serialization.PrivateFormat.PKCS8
    key.write_bytes(private.private_bytes(serialization.Encoding.PEM, form, locked))
    with subprocess.Popen(
        [sys.executable, "-c", USE, str(cert), str(key)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            process.wait(20)  # a prompt would wait for a line of its standard input
            assert "SHARPCAST_TLS_KEY cannot be used together" in process.stdout.read()
        finally:
            process.kill()


async def serial(port: int) -> int:
    """That of the certificate which a new connection gets."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    found = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return x509.load_der_x509_certificate(found).serial_number


async def test_a_renewed_certificate_is_served_and_a_broken_one_is_not(
    serve: Serve,  # noqa: F811
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    pair = write_pair(tmp_path, 1)
    certificate = Certificate(*pair)
    async with serve(certificate=certificate) as served:
        assert await serial(served.port) == 1
        write_pair(tmp_path, 2)
        certificate.check()
        assert await serial(served.port) == 2
        pair[0].write_text("half of a certif")
        certificate.check()
        certificate.check()
        assert await serial(served.port) == 2
        faults = [r for r in caplog.records if r.levelno == logging.ERROR]
        assert len(faults) == 1
        assert "the old one stays" in faults[0].getMessage()
        pair[0].unlink()
        certificate.check()
        assert await serial(served.port) == 2
        write_pair(tmp_path, 3)
        certificate.check()
        assert await serial(served.port) == 3


async def test_a_key_that_does_not_fit_is_not_taken(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, 1)
    certificate = Certificate(*pair)
    (tmp_path / "other").mkdir()
    other = write_pair(tmp_path / "other", 2)
    pair[1].write_bytes(other[1].read_bytes())
    assert certificate._load() == "the key does not belong to the certificate"
    with pytest.raises(BadSettings, match="cannot be used together"):
        Certificate(*pair)


@pytest.mark.parametrize("broken", [0, 1])
def test_a_file_that_is_no_certificate_or_key_is_told_in_words(tmp_path: Path, broken: int) -> None:
    pair = write_pair(tmp_path, 1)
    pair[broken].write_text("garbage")
    with pytest.raises(BadSettings) as caught:
        Certificate(*pair)
    assert "no certificate or key in PEM" in str(caught.value)
    assert "_ssl.c" not in str(caught.value)
    pair[broken].unlink()
    with pytest.raises(BadSettings, match="a file cannot be read"):
        Certificate(*pair)


async def test_the_files_are_looked_at_again_and_again_and_when_asked(tmp_path: Path) -> None:
    certificate = Certificate(*write_pair(tmp_path, 1), check_s=0.05)
    ask = asyncio.Event()
    task = asyncio.get_running_loop().create_task(certificate.run(ask))
    before = certificate._seen
    write_pair(tmp_path, 2)
    await until(lambda: certificate._seen != before, timeout_s=3)
    ask.set()
    await until(lambda: not ask.is_set(), timeout_s=3)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_the_names_of_the_certificate_are_names_of_the_server(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, 1)
    certificate = Certificate(*pair)
    assert certificate.names == ("cast.example",)
    names = edge_options(load_settings({}), certificate).names
    assert names.knows("cast.example")
    assert not names.knows("new.example")
    write_pair(tmp_path, 2, name="*.New.example")
    certificate.check()
    assert names.knows("a.new.example")
    assert not names.knows("cast.example")
    pair[0].unlink()
    certificate.check()
    assert names.knows("a.new.example")
    assert not edge_options(load_settings({}), None).names.knows("cast.example")
