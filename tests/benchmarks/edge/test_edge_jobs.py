"""The parts of the bench that start programs: what they need, and one server from end to end."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.edge import janus, servers
from benchmarks.edge.__main__ import JOBS, main
from benchmarks.edge.counting_viewers import Remote
from benchmarks.edge.servers import SERVERS, lack


def test_only_a_foreign_server_may_lack() -> None:
    assert (lack("sharpcast"), lack("aiortc")) == ("", "")
    assert set(SERVERS) == {"sharpcast", "janus", "aiortc"}
    assert bool(lack("janus")) is not (janus.is_installed() and bool(janus.own_address()))


def test_a_job_that_is_not_known_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["nothing"])
    said = capsys.readouterr().err
    assert all(name in said for name in JOBS)


def test_viewers_of_a_plain_relay_are_counted_and_timed() -> None:
    with servers.plain_relay(300) as server, Remote(server.place, server.log) as group:
        assert group.ask(grow=2)["viewers"] == 2
        found = group.ask(measure=3.0)
    assert found["alive"] == 2
    assert found["packets"] > 2 * 3.0 * (30 + 50) / 2
    # The relay holds a frame until the next one begins. On a busy machine all of it stands still at
    # times, for a second or two.
    assert 0 < found["p50_ms"] < 1000
    assert found["p50_ms"] < found["p99_ms"] < 10_000
    assert found["timed"] > 0


def test_viewers_end_with_a_sentence_where_nobody_serves(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("")
    with Remote("whep http://127.0.0.1:9/whep", log) as group, pytest.raises(RuntimeError):
        group.ask(grow=1)
