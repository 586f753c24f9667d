from __future__ import annotations

import os
import subprocess

import pytest

from benchmarks.network import cpu_group, namespace
from benchmarks.waiting import until

needs_root = pytest.mark.skipif(bool(namespace.missing()), reason=namespace.missing())


def test_what_is_missing_is_told_in_a_sentence() -> None:
    for told in (namespace.missing(), cpu_group.missing()):
        assert not told or told.endswith(".")


@needs_root
def test_a_child_starts_in_the_namespace_of_a_file_and_sees_its_interfaces_alone() -> None:
    holder = subprocess.Popen(["unshare", "--net", "sleep", "60"])
    try:
        path = f"/proc/{holder.pid}/ns/net"
        own = os.readlink("/proc/self/ns/net")
        until("the namespace", lambda: os.readlink(path) != own)
        command = ["cat", "/proc/net/dev"]
        entering = namespace.entering(path)
        seen = subprocess.run(command, preexec_fn=entering, capture_output=True, text=True)
        # Two lines are the head of the table.
        names = [line.split(":")[0].strip() for line in seen.stdout.splitlines()[2:]]
        assert names == ["lo"]
    finally:
        holder.kill()
        holder.wait()


@needs_root
def test_a_command_of_iproute2_that_fails_says_why() -> None:
    with pytest.raises(OSError, match="nothing"):
        namespace.run_ip("link set nothing up")


@needs_root
def test_a_namespace_that_is_not_there_cannot_be_entered() -> None:
    with pytest.raises(OSError):
        namespace.enter("/proc/self/ns/nothing")
