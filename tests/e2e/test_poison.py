"""A stream that kills whoever decodes it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from benchmarks import viewer
from benchmarks.server import RunningServer, publishing, running
from tests.e2e.conftest import SMALL

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def _enhancement(server: RunningServer) -> dict[str, Any]:
    view = server.stream("cam")
    return view["enhancement"] if view is not None else {"state": "", "worker": "", "reason": ""}


def test_a_stream_whose_worker_dies_twice_is_only_copied_and_says_so() -> None:
    with running() as server, publishing(f"{server.url}/whip/cam", *SMALL):
        server.until_enhancing("cam")
        watching = viewer.start(f"{server.url}/whep/cam", 30)
        time.sleep(2)
        for _ in range(2):
            # As a poisoned picture would: whoever decodes the stream is gone at once.
            before = _enhancement(server)["worker"]
            server.children()["worker"].kill()
            server.until(
                "another worker",
                lambda before=before: _enhancement(server)["worker"] not in ("", before),
                15.0,
            )
            server.until(
                "a decision",
                lambda: _enhancement(server)["state"] in ("enhancing", "bypass"),
                15.0,
            )
        server.until("a copy", lambda: _enhancement(server)["state"] == "bypass", 10.0)
        reason = _enhancement(server)["reason"]
        frames = server.stream("cam")["frames"]["bypassed"]
        server.until(
            "copied pictures", lambda: server.stream("cam")["frames"]["bypassed"] > frames + 10, 5.0
        )
        report = viewer.result(watching, 40)
    assert reason.startswith("2 times the worker that decoded this stream ended")
    assert [160, 90] in report["sizes"] and [320, 180] in report["sizes"]
