"""Large memory pages for the heap of a worker."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping

_VARIABLE = "GLIBC_TUNABLES"
_NAME = "glibc.malloc.hugetlb"


def with_large_pages(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns an environment in which glibc takes pages of 2 MiB for the heap.

    See the glibc manual, "Memory Allocation Tunables". A value that is set already stays; other C
    libraries ignore it. Each frame touches about ten megabytes: with pages of 4 KiB the processor
    spends 1 to 3 percent of a worker's time on address translation (measured in a virtual machine).
    """
    said = environment.get(_VARIABLE, "")
    # Whoever has set the tunable knows better, also where it is switched off.
    if _NAME in said:
        return dict(environment)
    return {**environment, _VARIABLE: ":".join(filter(None, (said, f"{_NAME}=1")))}


def use_large_pages() -> None:
    """Replaces this process by itself with large pages, unless it has them already.

    glibc reads the variable once, before any code of ours runs. Call it first in a program.
    """
    if platform.libc_ver()[0] == "glibc" and _NAME not in os.environ.get(_VARIABLE, ""):
        # `sys.argv` has lost the options of the interpreter, such as `-m` and `-P`.
        command = [sys.executable, *sys.orig_argv[1:]]
        os.execve(sys.executable, command, with_large_pages(os.environ))
