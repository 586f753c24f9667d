"""The nets' speed, and when it is a fault."""

from __future__ import annotations

import pytest

from cli.diagnostics import nets
from cli.diagnostics.finding import Status
from tests.cli.diagnostics.seeds import assert_fault, settings


def test_an_engine_that_is_none_is_one_fault() -> None:
    (found,) = nets.check(settings(engine="abacus"))
    assert found.what == "nets"
    assert_fault(found, "'abacus' cannot be used", "SHARPCAST_ENGINE=auto")


@pytest.mark.parametrize(
    ("frame_ms", "is_wanted", "status"),
    [
        (20.0, True, Status.GOOD),
        (60.0, True, Status.NOTE),
        (400.0, True, Status.FAULT),
        (400.0, False, Status.NOTE),
    ],
)
def test_only_the_net_that_streams_get_can_be_too_slow(
    frame_ms: float, is_wanted: bool, status: Status
) -> None:
    found = nets.judge("net live-s int8", "x", frame_ms, is_default=True, is_wanted=is_wanted)
    assert found.status is status
    assert found.values["streams"] == pytest.approx(1000 / 30 / frame_ms, abs=0.01)
    if status is Status.FAULT:
        assert_fault(found, "SHARPCAST_MODEL", "sharpcast work")
