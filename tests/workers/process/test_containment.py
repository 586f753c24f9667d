from __future__ import annotations

import subprocess
import sys

from workers.process.containment import OOM_SCORE

PROGRAM = """
import resource
from workers.process.containment import contain
contain()
contain()
print(resource.getrlimit(resource.RLIMIT_CORE)[0], open("/proc/self/oom_score_adj").read().strip())
"""


def test_a_worker_leaves_no_core_file_and_goes_first_when_memory_ends() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=30
    )
    core, score = done.stdout.split()
    assert core == "0" and int(score) >= OOM_SCORE
