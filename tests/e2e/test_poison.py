"""A stream that kills whoever decodes it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from benchmarks import viewer
from benchmarks.server import RunningServer, publishing, running
from tests.e2e.conftest import SMALL, until_watched

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def _enhancement(server: RunningServer) -> dict[str, Any]:
    view = server.stream("cam")
    return view["enhancement"] if view is not None else {"state": "", "worker": "", "reason": ""}


def _has_worker_but(server: RunningServer, before: int) -> bool:
    """Whether another process leads it: it has the name of the one that died."""
    others = [
        each["name"] for each in server.get("/api/v1/workers")["workers"] if each["pid"] != before
    ]
    return _enhancement(server)["worker"] in others


def _copied(server: RunningServer) -> int:
    view = server.stream("cam")
    return int(view["frames"]["bypassed"]) if view is not None else 0


def test_a_stream_whose_worker_dies_twice_is_only_copied_and_says_so() -> None:
    with running() as server, publishing(f"{server.url}/whip/cam", *SMALL):
        server.until_enhancing("cam")
        watching = viewer.start(f"{server.url}/whep/cam", 60)
        until_watched(server, "cam")
        for _ in range(2):
            # As a poisoned picture would: whoever decodes the stream is gone at once.
            (before,) = [each["pid"] for each in server.get("/api/v1/workers")["workers"]]
            server.children()["worker"].kill()
            server.until("another worker", partial(_has_worker_but, server, before), 15.0)
            server.until(
                "a decision",
                lambda: _enhancement(server)["state"] in ("enhancing", "bypass"),
                15.0,
            )
        server.until("a copy", lambda: _enhancement(server)["state"] == "bypass", 10.0)
        reason = _enhancement(server)["reason"]
        frames = _copied(server)
        server.until("copied pictures", lambda: _copied(server) > frames + 10, 5.0)
        report = viewer.stop(watching)
    assert reason.startswith("2 times the worker that decoded this stream ended")
    assert [160, 90] in report["sizes"] and [320, 180] in report["sizes"]
