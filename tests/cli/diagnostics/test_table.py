"""The table of checks: each is run, each fault has a cure."""

from __future__ import annotations

from cli.diagnostics.finding import Status
from cli.diagnostics.table import CHECKS, run_checks
from tests.cli.diagnostics.seeds import settings

QUICK = ("machine", "files", "redis", "encoders", "ports", "udp", "tokens", "folders")


def test_every_check_has_a_name_of_its_own() -> None:
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)


def test_the_named_checks_alone_are_run_in_the_order_of_the_table() -> None:
    found = [finding.what for finding in run_checks(settings(udp_port="0"), ("redis", "machine"))]
    assert found[0] == "python"
    assert found[-1] == "redis"
    assert not any(what.startswith("net ") for what in found)


def test_every_fault_has_a_cure_and_a_whole_machine_has_none() -> None:
    found = list(run_checks(settings(http_port="0", udp_port="0"), QUICK))
    assert [finding for finding in found if finding.status is Status.FAULT] == []
    for finding in found:
        assert finding.detail
        assert finding.status is not Status.FAULT or finding.cure.endswith(".")
