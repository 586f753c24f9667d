"""A viewer whose path narrows: ``python -m benchmarks.edge.adapt [--seconds N]``, alone or not.

A real Chromium watches with ``rendition=auto`` behind a path of 3 Mbit/s that falls to 0.8 and
rises again. The wide path carries the source and not what is enhanced; the rendition for weak links
is made half as high here, which tells when it is shown. Root only.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from benchmarks import browser, machine
from benchmarks.edge import ingest_clip
from benchmarks.edge.chromium_viewer import Shown
from benchmarks.edge.ingest_stage import (
    PUBLISHER,
    STREAM,
    TOKEN,
    URL,
    IngestStage,
    open_stage,
    read_lines,
)
from benchmarks.network import lab
from benchmarks.network.conditions import MBIT, MS, Conditions
from benchmarks.network.lab import Lab, open_lab
from benchmarks.table import markdown_table

VIEWER = "viewer"
WIDE = Conditions(rate_bps=3 * MBIT, delay_s=20 * MS)
NARROW_BPS = 0.8 * MBIT

QUEUES_S = (0.1, 0.3, 1.0)
"""Queues of the bottleneck: a shallow one, that of a household, and a bufferbloated one."""

SIZE, KBPS = (480, 270), 1350

SETTLE_S = 12.0

Row = dict[str, str]


def longest_freeze_s(shown: Sequence[Shown], start_s: float, end_s: float) -> float:
    """Returns the longest time without a new picture between two moments."""
    times = [start_s, *(each.at_s for each in shown if start_s < each.at_s < end_s), end_s]
    return max(later - earlier for earlier, later in itertools.pairwise(times))


def first_smaller_s(shown: Sequence[Shown], start_s: float) -> float | None:
    """Returns the time from a moment to the first picture of the smaller rendition."""
    found = (each.at_s for each in shown if each.at_s > start_s and each.height < SIZE[1])
    return next((at - start_s for at in found), None)


def first_larger_s(shown: Sequence[Shown], start_s: float) -> float | None:
    """Returns the time from a moment to the first picture of the full size."""
    found = (each.at_s for each in shown if each.at_s > start_s and each.height >= SIZE[1])
    return next((at - start_s for at in found), None)


def _begin(stage: IngestStage, clip: Path) -> None:
    command = [sys.executable, "-m", "cli.main", "publish", str(clip), "--url"]
    rest = f"--token {TOKEN} --size {SIZE[0]}x{SIZE[1]} --fps 30 --kbps {KBPS}"
    # Other work on the machine must not look like a path that fills up.
    for place in stage.lab.places.values():
        place.group.put_first()
    stage.publish([*command, f"{URL}/whip/{STREAM}", *rest.split()])
    stage.work()
    stage.until("the smaller rendition", lambda: stage.on_hub(_halve))
    watch = [sys.executable, "-m", "benchmarks.edge.chromium_viewer", URL, STREAM, "auto"]
    stage.start(VIEWER, stage.lab.places[VIEWER], watch)
    stage.until("the first picture", lambda: bool(_shown(stage)))


def _halve() -> bool:
    """Has the rendition for weak links made half as high."""
    request = urllib.request.Request(
        f"{URL}/api/v1/streams/{STREAM}/renditions/smaller",
        data=json.dumps({"factor": -2, "kbps": 500}).encode(),
        method="PUT",
        headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return bool(answer.status == 200)


def _shown(stage: IngestStage) -> list[Shown]:
    return read_lines(stage.folder / f"{VIEWER}.out", Shown)


def narrow(stage: IngestStage, network: Lab, clip: Path, queue_s: float, seconds: float) -> Row:
    """Returns how a viewer fares whose path falls from 3 to 0.8 Mbit/s, and rises again."""
    wide = WIDE.but(queue_s=queue_s)
    network.change_both(wide, VIEWER)
    _begin(stage, clip)
    time.sleep(SETTLE_S)
    began_s = time.time()
    time.sleep(seconds)
    narrows_s = time.time()
    network.change(VIEWER, down=wide.but(rate_bps=NARROW_BPS))
    time.sleep(seconds)
    widens_s = time.time()
    network.change(VIEWER, down=wide)
    time.sleep(2 * seconds)
    shown = _shown(stage)
    after = first_smaller_s(shown, narrows_s)
    settled_s = narrows_s + (after or 0.0)
    return {
        "queue": f"{1000 * queue_s:.0f} ms",
        "a rendition that fits after (2 s at most)": _after(after),
        "longest freeze until then and 2 s more (300 ms at most)": (
            f"{1000 * longest_freeze_s(shown, narrows_s, settled_s + 2.0):.0f} ms"
        ),
        "before": f"{1000 * longest_freeze_s(shown, began_s, narrows_s):.0f} ms",
        "in the rest": f"{1000 * longest_freeze_s(shown, settled_s + 2.0, widens_s):.0f} ms",
        "full size again after": _after(first_larger_s(shown, widens_s)),
        "changes": str(changes(shown, began_s)),
    }


def changes(shown: Sequence[Shown], start_s: float) -> int:
    """Returns how often the size changed since a moment."""
    sizes = [each.height for each in shown if each.at_s > start_s]
    return sum(one != other for one, other in itertools.pairwise(sizes))


def _after(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.2f} s"


def measure(queues_s: Sequence[float], seconds: float) -> str:
    """Returns the table, or why there is none."""
    lack = browser.missing() or lab.missing()
    if lack:
        return f"Left out. {lack}"
    rows = []
    with tempfile.TemporaryDirectory(prefix="sharpcast-adapt-") as temporary:
        clip = Path(temporary) / "camera.y4m"
        ingest_clip.write(clip)
        for queue_s in queues_s:
            folder = Path(temporary) / f"{queue_s}"
            folder.mkdir()
            with open_lab([PUBLISHER, VIEWER]) as network, open_stage(network, folder) as stage:
                rows.append(narrow(stage, network, clip, queue_s, seconds))
    names = list(rows[0])
    return markdown_table(names, [[row[name] for name in names] for row in rows])


def main(argv: list[str] | None = None) -> int:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(prog="benchmarks.edge.adapt", description=__doc__)
    parser.add_argument("--seconds", type=float, default=12.0, help="length of each phase")
    parser.add_argument("--queues", type=float, nargs="*", default=QUEUES_S, help="in seconds")
    options = parser.parse_args(argv)
    print(machine.describe())
    print(measure(options.queues, options.seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
