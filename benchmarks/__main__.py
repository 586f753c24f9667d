"""``python -m benchmarks [JOB ...]``: measured tables."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import browser, glass_to_glass, live, machine
from benchmarks.table import Row, render

_DEFAULT = ("live", "glass-to-glass", "quality", "temporal")

_OLD_NAMES = {"glass": "glass-to-glass", "reuse": "temporal", "crowd": "capacity"}
"""Accepted still, but not listed."""


# Jobs that need nets import them where they run: torch, OpenVINO and matplotlib take seconds to
# load, and the list of jobs must not wait for them.
def _live(seconds: float) -> list[Row]:
    return live.measure(seconds)


def _memory(_: float) -> list[Row]:
    return live.measure(600.0)


def _glass_to_glass(seconds: float) -> list[Row]:
    lack = browser.missing()
    if lack:
        print(f"glass-to-glass: left out. {lack}")
        return []
    return glass_to_glass.measure(min(seconds, 60.0))


def _hls(seconds: float) -> list[Row]:
    from benchmarks import hls

    return hls.measure(seconds)


def _pages(seconds: float) -> list[Row]:
    lack = browser.missing()
    if lack:
        print(f"pages: left out. {lack}")
        return []
    from benchmarks.pages import measure

    return measure.measure(min(seconds, 20.0))


def _capacity(seconds: float) -> list[Row]:
    from benchmarks.capacity import measure

    return measure.measure(min(seconds, measure.SECONDS))


def _quality(_: float) -> list[Row]:
    from benchmarks.quality import gain

    return gain.summary("live-s")


def _temporal(_: float) -> list[Row]:
    from benchmarks.temporal import figures

    return figures.summary()


JOBS: dict[str, tuple[str, Callable[[float], list[Row]]]] = {
    "live": ("one stream, no browser", _live),
    "glass-to-glass": ("Chromium publishes and watches on the same machine", _glass_to_glass),
    "hls": ("HLS in hls.js, and 200 players of it", _hls),
    "pages": ("first picture, badge, views, grid, 1,000 streams for the operator", _pages),
    "quality": ("held-out clips through the live encoders", _quality),
    "temporal": ("what temporal propagation saves, by content", _temporal),
    "capacity": ("how many streams one core enhances in time; eleven minutes", _capacity),
    "memory": ("one stream over ten minutes", _memory),
}


def _quick(out: Path) -> int:
    from benchmarks.quick import command

    try:
        return command.run(out)
    except OSError as error:
        print(f"{out} cannot be written: {error.strerror}.", file=sys.stderr)
        return 1


def _job(text: str) -> str:
    """Returns the name in JOBS that an argument means."""
    name = _OLD_NAMES.get(text, text)
    if name not in JOBS:
        raise argparse.ArgumentTypeError(f"there is no job {text!r}: {', '.join(JOBS)}")
    return name


def main(argv: list[str] | None = None) -> int:
    """Runs the named jobs one after the other; 0 also where a target is missed."""
    parser = argparse.ArgumentParser(prog="sharpcast bench", description=__doc__)
    text = f"of {', '.join(JOBS)}; default: {' '.join(_DEFAULT)}"
    parser.add_argument("jobs", nargs="*", type=_job, metavar="JOB", help=text)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of a run (60)")
    parser.add_argument(
        "--quick", action="store_true", help="what this machine can do, in half a minute"
    )
    text = "file for the figures of --quick (sharpcast-bench.json)"
    parser.add_argument("--out", type=Path, default=Path("sharpcast-bench.json"), help=text)
    options = parser.parse_args(argv)
    if options.quick:
        return _quick(options.out)
    print(machine.describe())
    for name in options.jobs or _DEFAULT:
        title, job = JOBS[name]
        print(f"\n## {name}: {title}\n", flush=True)
        rows = job(options.seconds)
        if rows:
            print(render(rows), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
