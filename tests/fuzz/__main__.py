"""Searches for inputs that break a reader, by coverage: ``python -m tests.fuzz [TARGET ...]``.

What was found is kept: inputs in ``--corpus``, the one that broke it beside them as ``crash-*``.
An input that takes longer than two seconds, or the process growing beyond its limit, counts as
broken too.
"""

from __future__ import annotations

import argparse
import multiprocessing.pool
import os
import re
import subprocess
import sys
import time
from pathlib import Path

HANG_S = 2
MEMORY_MB = 1500
MAX_INPUT = 4096


def main() -> int:
    """Searches, and returns the exit status: 0 if nothing broke."""
    words = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    words.add_argument("targets", nargs="*", help="default: all that read by themselves")
    words.add_argument("--seconds", type=int, default=60, help="for each target")
    words.add_argument("--runs", type=int, default=-1, help="inputs for each target; -1: no limit")
    words.add_argument("--corpus", type=Path, default=Path(".fuzz"))
    words.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 2)))
    words.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    wish = words.parse_args()
    if wish.inside:
        return _search(wish.targets[0], wish)
    from tests.fuzz.targets import TARGETS

    names = wish.targets or [name for name, each in TARGETS.items() if not each.is_foreign]
    unknown = sorted(set(names) - set(TARGETS))
    if unknown:
        words.error(f"there is no target {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    with multiprocessing.pool.ThreadPool(wish.jobs) as pool:
        failed = [name for name, ok in pool.imap(lambda name: _start(name, wish), names) if not ok]
    print(f"{len(names) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


def _start(name: str, wish: argparse.Namespace) -> tuple[str, bool]:
    folder = wish.corpus / name
    folder.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.fuzz",
            name,
            "--inside",
            "--seconds",
            str(wish.seconds),
            "--runs",
            str(wish.runs),
            "--corpus",
            str(wish.corpus),
        ],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    counted = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    inputs = counted[1] if counted else "?"
    verdict = "ok" if done.returncode == 0 else "BROKEN"
    took_s = time.monotonic() - begun
    print(f"{name:12} {inputs:>10} inputs in {took_s:4.0f} s  {verdict}", flush=True)
    if done.returncode:
        print(done.stdout[-3000:] + done.stderr[-1500:], file=sys.stderr, flush=True)
    return name, done.returncode == 0


def _search(name: str, wish: argparse.Namespace) -> int:
    import atheris

    # numba compiles loops from their own code only, so these are imported as they are.
    import workers.bitstream.vp8
    import workers.kernels.rans
    import workers.team.residual_codec  # noqa: F401

    with atheris.instrument_imports(include=["app", "wire", "workers", "aiortc", "aioice"]):
        from tests.fuzz.targets import TARGETS
    target, folder = TARGETS[name], wish.corpus / name
    for number, seed in enumerate(target.seeds()):
        (folder / f"seed-{number}").write_bytes(seed[:MAX_INPUT])
        # Loops that are compiled at their first call would count as an input that hangs.
        target(seed[:MAX_INPUT])
    options = [
        f"-max_total_time={wish.seconds}",
        f"-runs={wish.runs}",
        f"-timeout={HANG_S}",
        f"-rss_limit_mb={MEMORY_MB}",
        f"-max_len={MAX_INPUT}",
        f"-artifact_prefix={folder}/",
        "-print_final_stats=1",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *options, str(folder)], target)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
