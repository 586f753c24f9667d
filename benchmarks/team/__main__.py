"""``python -m benchmarks.team``: the acceptance table of teams, with repeats and their spread."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import machine
from benchmarks.grid import say
from benchmarks.network import lab
from benchmarks.team import report
from benchmarks.team.run import Options, Outcome, run
from benchmarks.team.scenarios import SCENARIOS


def main(argv: list[str] | None = None) -> int:
    """Measures, prints and writes; 1 where the machine cannot."""
    options = _parser().parse_args(argv)
    lack = missing()
    if lack:
        print(f"team: left out. {lack}")
        return 1
    say(machine.describe())
    # From an empty cache a weak device compiles its loops for minutes, and works alone meanwhile.
    subprocess.run([sys.executable, "-m", "workers.process.jit_warmup"], check=True)
    found: dict[str, list[Outcome]] = {name: [] for name in options.scenarios or SCENARIOS}
    failures: list[str] = []
    with tempfile.TemporaryDirectory(prefix="sharpcast-team-") as temporary:
        folder = options.keep or Path(temporary)
        # The repeats of one scenario are far apart in time, since a shared machine has bad minutes.
        for repeat in range(options.repeats):
            for name in found:
                settings = Options(
                    folder / f"{name}-{repeat}",
                    options.seconds,
                    joins=not options.in_site,
                    has_quality=not options.no_quality,
                )
                try:
                    found[name].append(run(SCENARIOS[name], settings, seed=repeat))
                except (lab.LabFailed, TimeoutError) as error:
                    failures.append(f"{name}, repeat {repeat}: {error}")
                    say(failures[-1])
                    continue
                say(f"{name}, repeat {repeat}: {report.line(found[name][-1])}")
                if options.out is not None:
                    report.write(found, failures, machine.headline(), options.out)
    say(f"\n{report.tables(found, failures)}")
    return 0


def missing() -> str:
    """Returns a sentence that says why there can be no team here, or an empty one."""
    if shutil.which("redis-server") is None:
        return "redis-server is not installed."
    return lab.missing()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.team", description=__doc__)
    parser.add_argument("--scenarios", nargs="*", choices=SCENARIOS, help="default: all")
    parser.add_argument("--repeats", type=int, default=5, help="of each scenario (5)")
    parser.add_argument("--seconds", type=float, default=20.0, help="judged in each run (20)")
    parser.add_argument(
        "--in-site", action="store_true", help="devices reach Redis over TCP, not the gateway"
    )
    parser.add_argument("--no-quality", action="store_true", help="do not compare pictures")
    parser.add_argument("--keep", type=Path, help="folder to leave logs and recordings in")
    parser.add_argument("--out", type=Path, help="folder to write README.md and team.json into")
    return parser


if __name__ == "__main__":
    sys.exit(main())
