"""A session for units that are coded already.

The session is in a process of its own: FFmpeg keeps the interpreter's lock while it waits.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.waiting import until
from tests.cli.command import Up, environment, is_listening
from tests.cli.publisher.http_server import answering
from tests.cli.publisher.sources import make_source

ROOT = Path(__file__).parents[3]

SESSION = """
import sys, time
from cli.errors import NotPublished
from cli.publisher.copy_session import CopySession
from cli.publisher.h264_units import H264Units
from cli.publisher.send_encoder import SendUnit
from media.access_unit import Kind
from tests.cli.publisher.sources import packets

url, film = sys.argv[1:]
units = H264Units()
read = [picture for packet in packets(film) if packet.size and (picture := units.read(packet))]
try:
    with CopySession(url, "", read[0].payload, has_sound=True) as session:
        print("stands", flush=True)
        # Times that do not grow, which FFmpeg itself refuses.
        for index in (0, 1, 1, 0, 2, 3):
            unit = SendUnit(read[index].payload, 40_000 * index, read[index].is_key)
            session.send(Kind.VIDEO, unit)
            session.send(Kind.AUDIO, SendUnit(bytes([0xFC, 0xFF, 0xFE]), 40_000 * index - 9))
        print("sent")
except NotPublished as error:
    print(error)
"""


def ran(url: str, film: Path) -> list[str]:
    ended = subprocess.run(
        [sys.executable, "-c", SESSION, url, str(film)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return make_source(tmp_path / "a.mp4")


def test_a_refusal_has_its_sentence(film: Path) -> None:
    with answering(401) as server:
        (sentence,) = ran(f"{server.url}/whip/a", film)
    assert "publish token" in sentence
    assert [method for method, _, _ in server.asked] == ["POST"]


@pytest.mark.e2e
def test_units_with_any_times_are_taken(film: Path, tmp_path: Path) -> None:
    up = Up(tmp_path)
    try:
        until("the server", lambda: is_listening(up.port), 60)
        assert ran(f"{up.url}/whip/a", film) == ["stands", "sent"]
    finally:
        up.kill()
