"""``make bench-edge``, ``python -m benchmarks.edge [JOB ...]``: the WebRTC edge beside others."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable

from benchmarks import machine
from benchmarks.edge import adapt, floods, ingest, joining, memory, sound_sync, viewers_per_core
from benchmarks.edge.servers import SERVERS
from benchmarks.network import lab

Options = argparse.Namespace


def _viewers(options: Options) -> str:
    return viewers_per_core.measure(options.servers, options.kbps, options.viewers, options.seconds)


def _joins(options: Options) -> str:
    return joining.measure(options.servers, options.joins, options.seconds)


def _loss(options: Options) -> str:
    return floods.loss(options.servers, options.seconds)


def _pli(options: Options) -> str:
    return floods.key_frames(options.servers, options.seconds)


def _posts(_: Options) -> str:
    return floods.posts()


def _memory(options: Options) -> str:
    return memory.measure(3600.0 if options.hour else max(30.0, options.seconds))


def _ingest(options: Options) -> str:
    lack = lab.missing()
    seconds = max(20.0, options.seconds)
    return lack or ingest.measure(list(ingest.CELLS), list(ingest.PUBLISHERS), seconds)


def _adapt(_: Options) -> str:
    return adapt.measure(adapt.QUEUES_S, 10.0)


def _sound(options: Options) -> str:
    return sound_sync.table(2 * options.seconds)


JOBS: dict[str, tuple[str, Callable[[Options], str]]] = {
    "viewers": ("viewers a core, cost of a packet, delay", _viewers),
    "joins": ("from an offer to the first decoded picture", _joins),
    "loss": ("a viewer that loses packets", _loss),
    "pli": ("a viewer that asks for key frames without end", _pli),
    "posts": ("a flood of posts beside a viewer", _posts),
    "sound": ("how far sound and picture are apart in Chromium", _sound),
    "ingest": ("publishers on uplinks that lose packets or narrow; root only", _ingest),
    "adapt": ("a viewer whose path narrows; root only", _adapt),
    "memory": ("a viewer that stopped, one that is not read, and others that come and go", _memory),
}


def main(argv: list[str] | None = None) -> int:
    """Runs the named jobs one after the other, and prints a table of each."""
    parser = argparse.ArgumentParser(prog="benchmarks.edge", description=__doc__)
    add = parser.add_argument
    add("jobs", nargs="*", choices=[*JOBS, []], metavar="JOB", help=f"of {', '.join(JOBS)}")
    add("--servers", nargs="+", choices=list(SERVERS), default=list(SERVERS))
    add("--kbps", nargs="+", type=int, default=[1400, 2500], help="rates of video (1400 2500)")
    add("--viewers", nargs="+", type=int, default=[20, 60, 120, 200, 300], help="steps")
    add("--seconds", type=float, default=8.0, help="length of each measurement (8)")
    add("--joins", type=float, default=50.0, help="joins a second (50)")
    add("--hour", action="store_true", help="memory over an hour, instead of a minute")
    options = parser.parse_args(argv)
    # Whoever ends it ends the servers that it started, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(machine.describe())
    for name in options.jobs or JOBS:
        title, job = JOBS[name]
        print(f"\n## {name}: {title}\n", flush=True)
        print(job(options), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
