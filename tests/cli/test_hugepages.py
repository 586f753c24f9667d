from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from cli.hugepages import with_large_pages

_PROGRAM = """
import os, sys
from cli.hugepages import use_large_pages
use_large_pages()
print(os.getpid(), os.environ.get("GLIBC_TUNABLES"), sys.argv[1:])
"""


def test_large_pages_are_asked_for_once() -> None:
    once = with_large_pages({"HOME": "/"})
    assert once == {"HOME": "/", "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
    assert with_large_pages(once) == once


def test_what_the_user_says_stays() -> None:
    own = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=0"}
    assert with_large_pages(own) == own
    other = with_large_pages({"GLIBC_TUNABLES": "glibc.malloc.arena_max=2"})
    assert other["GLIBC_TUNABLES"] == "glibc.malloc.arena_max=2:glibc.malloc.hugetlb=1"


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_a_process_starts_anew_with_its_arguments_and_identity() -> None:
    env = {name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"}
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, "one", "two words"],
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        said, _ = process.communicate(timeout=20)
    assert said == f"{process.pid} glibc.malloc.hugetlb=1 ['one', 'two words']\n"
