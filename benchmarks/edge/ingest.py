"""Ingest on bad networks: ``python -m benchmarks.edge.ingest [CELL ...]``, alone or with others.

Real publishers behind an emulated uplink of 50 ms round trip: one that loses 5 % of the packets
both ways, and one that narrows from 3 to 0.8 Mbit/s and widens again. Root only.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import machine
from benchmarks.edge import ingest_clip, ingest_figures
from benchmarks.edge.ingest_stage import PUBLISHER, STREAM, TOKEN, URL, IngestStage, open_stage
from benchmarks.grid import say
from benchmarks.network import lab
from benchmarks.network.conditions import MBIT, MS, Conditions
from benchmarks.network.lab import Lab, open_lab
from benchmarks.table import markdown_table

UPLINK = Conditions(rate_bps=20 * MBIT, delay_s=25 * MS)
LOSSY = UPLINK.but(loss=0.05)
WIDE = UPLINK.but(rate_bps=3 * MBIT)
NARROW = UPLINK.but(rate_bps=0.8 * MBIT)

SETTLE_S = 3.0
"""The first seconds are those of the start, which the other cell measures."""

RAMPED_BPS = 2 * MBIT
"""Two thirds of the wide uplink."""

Figures = dict[str, str]


def chromium(clip: Path, **options: object) -> list[str]:
    """Returns the command of a Chromium that plays a clip."""
    asked = json.dumps({"token": TOKEN, **options})
    return [
        sys.executable,
        "-m",
        "benchmarks.edge.chromium_publisher",
        URL,
        STREAM,
        str(clip),
        asked,
    ]


def ffmpeg(clip: Path) -> list[str]:
    """Returns the command of our publisher on FFmpeg's WHIP muxer, at a fixed rate."""
    command = [sys.executable, "-m", "cli.main", "publish", str(clip), "--url"]
    rest = f"--token {TOKEN} --size 640x360 --fps 30 --kbps 1500"
    return [*command, f"{URL}/whip/{STREAM}", *rest.split()]


def wrtc(_: Path) -> list[str]:
    """Returns the command of libwebrtc without a browser."""
    return [sys.executable, "-m", "benchmarks.edge.wrtc_publisher", URL, STREAM, TOKEN]


PUBLISHERS: dict[str, Callable[[Path], list[str]]] = {
    "Chromium VP8": lambda clip: chromium(clip, codec="VP8"),
    "Chromium H264": lambda clip: chromium(clip, codec="H264"),
    "Chromium VP8, REMB": lambda clip: chromium(clip, codec="VP8", without="transport-cc"),
    "libwebrtc (wrtc) VP8": wrtc,
    "FFmpeg": ffmpeg,
}

ADAPTIVE = ("Chromium VP8", "Chromium H264", "Chromium VP8, REMB", "libwebrtc (wrtc) VP8")
"""Publishers whose rate follows the path."""


def loss(stage: IngestStage, command: Sequence[str], network: Lab, seconds: float) -> Figures:
    """Returns what is left of the pictures at 5 % loss: freezes and losses."""
    network.change_both(LOSSY, PUBLISHER)
    stage.publish(command)
    time.sleep(SETTLE_S + seconds)
    units, samples = stage.units(), stage.samples()
    start_s = units[0].at_s + SETTLE_S
    end_s = start_s + seconds - 0.5
    if samples:
        first, last = (ingest_figures.nearest(samples, at) for at in (start_s, end_s))
        lost = ingest_figures.lost(units, first, last)
    else:
        lost = ingest_figures.lost_of_steady(units, start_s, end_s)
    return {
        "frames lost (1 % at most)": f"{100 * lost:.2f} %",
        "longest freeze (400 ms at most)": (
            f"{1000 * ingest_figures.longest_freeze_s(units, start_s, end_s):.0f} ms"
        ),
        "rate": f"{_mean_kbps(units, start_s, end_s):.0f} kbit/s",
    }


def narrow(stage: IngestStage, command: Sequence[str], network: Lab, seconds: float) -> Figures:
    """Returns how soon a publisher's rate follows an uplink: at the start, down, and up again."""
    network.change_both(WIDE, PUBLISHER)
    stage.publish(command)
    time.sleep(seconds / 2)
    narrows_s = time.time()
    network.change(PUBLISHER, up=NARROW)
    time.sleep(seconds / 2)
    widens_s = time.time()
    network.change(PUBLISHER, up=WIDE)
    time.sleep(seconds)
    units, samples = stage.units(), stage.samples()
    start_s = units[0].at_s
    return {
        "first second": f"{_mean_kbps(units, start_s, start_s + 1):.0f} kbit/s",
        "2 Mbit/s estimated after (2 s at most)": _after(
            ingest_figures.reached_s(samples, start_s, RAMPED_BPS)
        ),
        "below the narrow uplink after": _after(
            ingest_figures.left_s(samples, narrows_s, NARROW.rate_bps)
        ),
        "longest freeze then": (
            f"{1000 * ingest_figures.longest_freeze_s(units, narrows_s, widens_s):.0f} ms"
        ),
        "1.5 Mbit/s estimated again after": _after(
            ingest_figures.reached_s(samples, widens_s, 1.5 * MBIT)
        ),
    }


CELLS = {"loss": loss, "narrow": narrow}


def _mean_kbps(units: Sequence[ingest_figures.Unit], start_s: float, end_s: float) -> float:
    return ingest_figures.rates_kbps(units, start_s, end_s, end_s - start_s)[0]


def _after(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.1f} s"


def measure(cells: Sequence[str], publishers: Sequence[str], seconds: float) -> str:
    """Returns a table for each cell, with one line for each publisher."""
    found = []
    with tempfile.TemporaryDirectory(prefix="sharpcast-ingest-") as temporary:
        clip = Path(temporary) / "camera.y4m"
        ingest_clip.write(clip)
        for cell in cells:
            rows: dict[str, Figures] = {}
            for name in publishers:
                if cell == "narrow" and name not in ADAPTIVE:
                    continue
                folder = Path(temporary) / f"{cell}-{len(rows)}"
                folder.mkdir()
                with open_lab([PUBLISHER]) as network, open_stage(network, folder) as stage:
                    stage.record()
                    rows[name] = CELLS[cell](stage, PUBLISHERS[name](clip), network, seconds)
                say(f"{cell}, {name}: {rows[name]}")
            head = ["publisher", *next(iter(rows.values()), {})]
            found.append(
                markdown_table(head, ([name, *row.values()] for name, row in rows.items()))
            )
    return "\n\n".join(found)


def main(argv: list[str] | None = None) -> int:
    """Measures and prints; 1 where the machine cannot."""
    parser = argparse.ArgumentParser(prog="benchmarks.edge.ingest", description=__doc__)
    parser.add_argument("cells", nargs="*", choices=[*CELLS, []], metavar="CELL")
    parser.add_argument("--publishers", nargs="+", choices=PUBLISHERS, default=list(PUBLISHERS))
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each cell (20)")
    options = parser.parse_args(argv)
    lack = lab.missing()
    if lack:
        print(f"ingest: left out. {lack}")
        return 1
    say(machine.describe())
    say("\n" + measure(options.cells or list(CELLS), options.publishers, options.seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
