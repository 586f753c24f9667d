"""The acceptance table of teams, what each scenario gave, and the same as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from benchmarks.table import Row, markdown_table, render
from benchmarks.team.run import Outcome
from benchmarks.team.scenarios import SCENARIOS

Found = Mapping[str, Sequence[Outcome]]
Value = Callable[[Outcome], float | None]

HEADS = (
    "scenario",
    "runs",
    "frames out",
    "p50",
    "p95",
    "p99",
    "longest gap",
    "Mmac/s",
    "gain",
    "PSNR to full / bicubic",
    "cores of devices",
    "emulator",
)

NEVER_S = 99.0
"""Stands in a median for what did not happen within the run."""


def line(outcome: Outcome) -> str:
    """Returns the figures of one run for whoever waits."""
    seen, gain = outcome.seen, outcome.quality
    parts = [
        f"{seen.frames_out:.1f} of {seen.frames_in:.1f} frames/s",
        f"p50 {seen.p50:.0f} p95 {seen.p95:.0f} p99 {seen.p99:.0f} ms",
        f"gap {seen.longest_gap_ms:.0f} ms",
        f"{outcome.total_mmacs:.0f} Mmac/s by "
        + ", ".join(f"{name} {rate:.0f}" for name, rate in outcome.mmacs.items()),
        f"lead {outcome.lead}",
    ]
    if gain is not None:
        parts.append(f"gain {100 * gain.gain:.0f} % of {gain.full - gain.plain:.2f} dB")
    if outcome.event is not None:
        parts.append(str(outcome.event))
    cores = ", ".join(f"{name} {used:.2f}" for name, used in outcome.cpu.items())
    parts.append(f"cores: {cores}, emulator {outcome.emulator_cpu:.2f}")
    return "; ".join(parts)


def tables(found: Found, failures: Sequence[str]) -> str:
    """Returns the acceptance table and one line for each scenario."""
    told = [render(rows) for rows in [acceptance(found)] if rows]
    told.append(markdown_table(HEADS, [_cells(name, runs) for name, runs in found.items() if runs]))
    return "\n\n".join([*told, *(f"Failed: {each}" for each in failures)])


def write(found: Found, failures: Sequence[str], machine: str, folder: Path) -> None:
    """Writes ``README.md`` and ``team.json`` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"machine": machine, "failures": failures, "outcomes": found}
    (folder / "team.json").write_bytes(
        msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n"
    )
    page = f"{_INTRODUCTION}\n\n{machine}\n\n{tables(found, failures)}\n"
    (folder / "README.md").write_text(page)


_INTRODUCTION = """# Teams of weak devices

Written by `make bench-team`: real processes in network namespaces, CPU quotas by control groups,
the network emulated. Medians; the range over the repeats behind. Ages in milliseconds from the
arrival of a frame at the server until its rendition is in the log. *Gain*: part of the full net's
luma gain over bicubic that is in the delivered picture, both coded as delivered."""


def acceptance(found: Found) -> list[Row]:
    """Returns the rows of which the scenarios have been run."""
    rows: list[Row | None] = [
        _row(found, "remote-stream", "whole stream on one remote device: frames out", _fps, 29.5),
        _row(found, "remote-stream", "the same: p95 age", _p95, 250, "ms", at_most=True),
        _ratio(found, "live-m-4-2", "live-m-1-2", "`live-m`, 4 against 1, 2 % loss", _mmacs, 3.4),
        _ratio(found, "live-m-4-clean", "live-m-1-clean", "the same, clean", _mmacs, 3.8),
        _row(found, "live-m-1-2", "gain of 1 device", _gain, None, "%"),
        _row(found, "live-m-4-2", "gain of 4 devices", _gain, 90, "%"),
        _row(found, "live-m-4-2", "p95 age of 4", _p95, 300, "ms", at_most=True),
        _row(found, "live-m-4-2", "p99 age of 4", _p99, 400, "ms", at_most=True),
        _row(found, "live-m-4-2", "frames out of 4", _fps, 29.9),
        _ratio(
            found, "live-m-4-2", "live-m-4-wide-area", "p99 at 2 % loss to none", _p99, 1.3, True
        ),
        _lost(found, "live-m-4-10", "live-m-4-wide-area", "quality lost at 10 % loss", 0.1),
        _lost(found, "live-m-4-60", "live-m-1-60", "4 below the lead alone at 60 % loss", 0.0),
        _ratio(found, "heavy-4", "heavy-1", "`live-l`, 4 against 1", _mmacs, 3.2),
        _row(found, "kill-helper", "helper killed: frames lost", _missing, 0, "", at_most=True),
        _row(found, "kill-helper", "the same: quality back in", _recovery, 1, "s", at_most=True),
        _row(found, "kill-lead", "lead killed: freeze", _gap, 500, "ms", at_most=True),
        _row(found, "kill-lead", "the same: enhanced again in", _recovery, 1.5, "s", at_most=True),
        _row(found, "fall", "path falls to 1 Mbit/s: freeze", _gap, 200, "ms", at_most=True),
        _row(found, "fall", "the same: late writes", _repeated, 0, "", at_most=True),
        _row(found, "cut", "device cut off: freeze", _gap, 200, "ms", at_most=True),
        _row(found, "cut", "the same: late writes", _repeated, 0, "", at_most=True),
        _row(found, "fifth", "a fifth device works after", _recovery, 3, "s", at_most=True),
        _row(found, "fifth", "its part of the work, of a fifth", _fifth, 90, "%"),
    ]
    return [row for row in rows if row is not None]


def _fps(outcome: Outcome) -> float | None:
    return outcome.seen.frames_out


def _p95(outcome: Outcome) -> float | None:
    return outcome.seen.p95


def _p99(outcome: Outcome) -> float | None:
    return outcome.seen.p99


def _mmacs(outcome: Outcome) -> float | None:
    return outcome.total_mmacs


def _gain(outcome: Outcome) -> float | None:
    return None if outcome.quality is None else 100 * outcome.quality.gain


def _delivered(outcome: Outcome) -> float | None:
    return None if outcome.quality is None else outcome.quality.delivered


def _missing(outcome: Outcome) -> float | None:
    return None if outcome.event is None else outcome.event.missing


def _gap(outcome: Outcome) -> float | None:
    return None if outcome.event is None else outcome.event.longest_gap_ms


def _repeated(outcome: Outcome) -> float | None:
    return outcome.repeated


def _recovery(outcome: Outcome) -> float | None:
    if outcome.event is None:
        return None
    return NEVER_S if outcome.event.recovery_s is None else outcome.event.recovery_s


def _fifth(outcome: Outcome) -> float | None:
    return None if outcome.event is None else 500 * outcome.event.part


def values(runs: Sequence[Outcome], value: Value) -> list[float]:
    """Returns the figure of each run that has it."""
    return [found for each in runs if (found := value(each)) is not None]


def _row(
    found: Found,
    scenario: str,
    name: str,
    value: Value,
    target: float | None,
    unit: str = "fps",
    *,
    at_most: bool = False,
) -> Row | None:
    had = values(found.get(scenario, ()), value)
    if not had:
        return None
    return Row(name, statistics.median(had), target, unit, at_most, _spread(had))


def _ratio(
    found: Found,
    over: str,
    under: str,
    name: str,
    value: Value,
    target: float,
    at_most: bool = False,
) -> Row | None:
    above, below = (values(found.get(each, ()), value) for each in (over, under))
    if not above or not below or not statistics.median(below):
        return None
    # Runs of one repeat were made close together, on a machine in one mood.
    pairs = [one / other for one, other in zip(above, below, strict=False) if other]
    ratio = statistics.median(above) / statistics.median(below)
    return Row(name, ratio, target, "x", at_most, _spread(pairs))


def _lost(found: Found, worse: str, better: str, name: str, target: float) -> Row | None:
    above, below = (values(found.get(each, ()), _delivered) for each in (better, worse))
    if not above or not below:
        return None
    lost = statistics.median(above) - statistics.median(below)
    return Row(name, lost, target, "dB", True, f"{_spread(below)} dB against {_spread(above)}")


def _spread(had: Sequence[float]) -> str:
    return f"{min(had):.3g} to {max(had):.3g} in {len(had)} runs" if len(had) > 1 else "one run"


def _cells(name: str, runs: Sequence[Outcome]) -> list[str]:
    gains = values(runs, _gain)
    pictures = [each.quality for each in runs if each.quality is not None]
    devices = SCENARIOS[name].names
    cores = [statistics.median(each.cpu.get(device, 0.0) for each in runs) for device in devices]
    return [
        SCENARIOS[name].title,
        str(len(runs)),
        _cell(values(runs, _fps), 1),
        _cell([each.seen.p50 for each in runs]),
        _cell(values(runs, _p95)),
        _cell(values(runs, _p99)),
        _cell([each.seen.longest_gap_ms for each in runs]),
        _cell(values(runs, _mmacs)),
        f"{_cell(gains)} %" if gains else "-",
        (
            f"{statistics.median(each.to_full for each in pictures):.1f} / "
            f"{statistics.median(each.to_plain for each in pictures):.1f}"
            if pictures
            else "-"
        ),
        " ".join(f"{each:.2f}" for each in cores),
        f"{statistics.median(each.emulator_cpu for each in runs):.2f}",
    ]


def _cell(had: Sequence[float], digits: int = 0) -> str:
    middle = f"{statistics.median(had):.{digits}f}"
    if len(had) < 2:
        return middle
    return f"{middle} ({min(had):.{digits}f}-{max(had):.{digits}f})"
