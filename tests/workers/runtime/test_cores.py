from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from workers.runtime.cores import available_cores, granted_cores, usable_cores


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores cannot be chosen here")
def test_only_cores_that_one_may_use_count() -> None:
    before = os.sched_getaffinity(0)
    assert usable_cores() == len(before)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert usable_cores() == 1
    finally:
        os.sched_setaffinity(0, before)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def granted(folder: Path, groups: str) -> float:
    write(folder / "own", groups)
    return granted_cores(folder / "groups", folder / "own")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("40000 100000\n", 0.4),
        ("250000 100000\n", 2.5),
        ("max 100000\n", math.inf),
        ("", math.inf),
        ("0 100000", math.inf),
        ("1 0", math.inf),
        ("x y", math.inf),
    ],
)
def test_the_quota_of_version_2_is_read(tmp_path: Path, text: str, wanted: float) -> None:
    write(tmp_path / "groups/a/b/cpu.max", text)
    assert granted(tmp_path, "0::/a/b\n") == wanted


def test_the_least_quota_of_all_groups_above_counts(tmp_path: Path) -> None:
    write(tmp_path / "groups/a/cpu.max", "30000 100000\n")
    write(tmp_path / "groups/a/b/cpu.max", "50000 100000\n")
    assert granted(tmp_path, "0::/a/b\n") == 0.3


@pytest.mark.parametrize("mount", ["cpu", "cpu,cpuacct"])
def test_the_quota_of_version_1_is_read(tmp_path: Path, mount: str) -> None:
    write(tmp_path / f"groups/{mount}/dev/cpu.cfs_quota_us", "8000\n")
    write(tmp_path / f"groups/{mount}/dev/cpu.cfs_period_us", "20000\n")
    lines = f"3:cpuset:/\n2:memory:/dev\n1:{mount}:/dev\n"
    assert granted(tmp_path, lines) == 0.4
    write(tmp_path / f"groups/{mount}/dev/cpu.cfs_quota_us", "-1\n")
    assert granted(tmp_path, lines) == math.inf


def test_a_container_finds_its_quota_where_its_groups_are_mounted(tmp_path: Path) -> None:
    write(tmp_path / "groups/cpu.max", "50000 100000\n")
    assert granted(tmp_path, "0::/system.slice/docker-123.scope\n") == 0.5


@pytest.mark.parametrize("groups", ["", "nonsense", "0", "0::", "::::", "1:cpu:/../../x"])
def test_without_a_quota_all_cores_count(tmp_path: Path, groups: str) -> None:
    assert granted(tmp_path, groups) == math.inf
    assert granted_cores(tmp_path / "no", tmp_path / "none") == math.inf


def test_this_process_has_a_quota_or_none() -> None:
    assert granted_cores() > 0.0
    assert 0.0 < available_cores() <= usable_cores()
