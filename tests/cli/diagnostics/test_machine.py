"""Checks of the machine, with a quota and a limit of open files seeded."""

from __future__ import annotations

import json
import math
import os
import resource
import subprocess
from pathlib import Path

import pytest

from benchmarks.network import cpu_group
from cli.diagnostics import machine
from cli.diagnostics.finding import Status
from tests.cli.command import SHARPCAST, environment
from tests.cli.diagnostics.seeds import assert_fault, by_name, settings
from workers.runtime.cores import granted_cores


def test_memory_and_cores_are_those_of_the_machine() -> None:
    memory, processor = machine.memory(), machine.processor()
    assert 0 < memory.values["free"] <= memory.values["total"]
    assert processor.values["cores"] >= 1
    assert "avx2" in processor.values["flags"] or processor.status is not Status.GOOD
    found = by_name(machine.check(settings()))
    assert set(found) == {"python", "processor", "processor time", "memory", "GPU"}


@pytest.mark.parametrize(
    ("granted", "status"),
    [(math.inf, Status.GOOD), (2.0, Status.GOOD), (1.0, Status.GOOD), (0.5, Status.FAULT)],
)
def test_a_quota_below_a_core_is_a_fault(granted: float, status: Status) -> None:
    assert machine.cores(2, granted).status is status


def test_the_quota_of_a_control_group_is_named_with_its_cure(tmp_path: Path) -> None:
    group = tmp_path / "groups" / "small"
    group.mkdir(parents=True)
    (group / "cpu.max").write_text("30000 100000\n")
    own = tmp_path / "own"
    own.write_text("0::/small\n")
    finding = machine.cores(8, granted_cores(tmp_path / "groups", own))
    assert_fault(finding, "0.30 of 8 cores", "docker --cpus", "CPUQuota")


@pytest.mark.skipif(bool(cpu_group.missing()), reason=cpu_group.missing())
def test_the_doctor_names_the_quota_that_it_runs_under() -> None:
    group = cpu_group.CpuGroup(f"doctor-{os.getpid()}")
    try:
        group.set_quota(0.6)
        done = subprocess.run(
            [*SHARPCAST, "doctor", "--json", "--only", "machine"],
            env=environment(),
            preexec_fn=group.enter,
            capture_output=True,
            text=True,
            timeout=100,
        )
    finally:
        group.remove()
    found = {each["what"]: each for each in json.loads(done.stdout)}
    assert done.returncode == 1
    assert found["processor time"]["status"] == "fault"
    assert "0.60 of" in found["processor time"]["detail"]


def test_a_limit_of_open_files_below_the_need_is_a_fault() -> None:
    def lower() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, 512))

    done = subprocess.run(
        [*SHARPCAST, "doctor", "--json", "--only", "files"],
        env=environment(),
        preexec_fn=lower,
        capture_output=True,
        text=True,
        timeout=100,
    )
    (_, found) = json.loads(done.stdout)
    assert done.returncode == 1
    assert (found["what"], found["status"]) == ("open files", "fault")
    assert found["values"]["limit"] == 512 < found["values"]["needed"]
    assert "LimitNOFILE=65536" in found["cure"]


def test_a_limit_that_suffices_is_good() -> None:
    (found,) = machine.check_open_files(settings(max_streams="1", max_viewers="1"))
    assert found.status in (Status.GOOD, Status.FAULT)
    assert found.values["needed"] > 0
