"""A clock that is off by that of Redis, or of the public address."""

from __future__ import annotations

import email.utils
import time
from pathlib import Path

import pytest

from cli.diagnostics import clock
from cli.diagnostics.finding import Status
from tests.cli.diagnostics.seeds import assert_fault, settings
from tests.cli.diagnostics.test_web_client import web_server
from tests.redis_servers import Server, free_ports, running


@pytest.mark.parametrize(
    ("offset", "words"),
    [(300.0, "300 s behind the other"), (-90.0, "90 s ahead of the other")],
)
def test_a_clock_that_is_off_is_a_fault_with_its_side(offset: float, words: str) -> None:
    assert_fault(clock.judge("the other", offset), words, "timedatectl set-ntp true")


def test_a_clock_that_is_nearly_right_is_good() -> None:
    assert clock.judge("the other", 1.2).status is Status.GOOD


def test_the_date_of_the_public_address_shows_a_clock_that_is_off() -> None:
    date = email.utils.formatdate(time.time() + 7200, usegmt=True)
    with web_server(b"", date=date) as url:
        (found,) = clock.check(settings(public_url=url))
    assert_fault(found, "behind 127.0.0.1")
    assert found.values["offset_s"] == pytest.approx(7200, abs=30)


def test_the_clock_of_redis_is_asked(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with running(Server(tmp_path, port)):
        (found,) = clock.check(settings(redis_url=f"redis://127.0.0.1:{port}"))
    assert (found.status, found.detail) == (Status.GOOD, "as that of Redis")


@pytest.mark.parametrize(
    ("says", "status"), [("yes", Status.GOOD), ("no", Status.NOTE), ("", Status.NOTE)]
)
def test_where_nobody_can_be_asked_the_system_tells(says: str, status: Status) -> None:
    assert clock.by_kernel(says).status is status
    assert clock.kernel_says() in ("yes", "no", "")
    assert len(list(clock.check(settings()))) == 1
