"""Figures from the measured cells: gains, fractions kept, work saved, and the targets."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from benchmarks.table import Row
from benchmarks.temporal.grid import Cell, Plan, fill
from benchmarks.temporal.material import KINDS
from benchmarks.temporal.methods import FP32, FULL, PLAIN, TEMPORAL
from workers.upscale.temporal_upscaler import MAX_WANTED_FRACTION

__all__ = ["Judged", "gain", "kept", "mean_ms", "of", "saved", "speedup", "summary", "targets"]
__all__ += ["sample_cost"]

MIN_GAIN = {"psnr": 0.1, "vmaf": 0.5}
"""Gain of the full net, in dB and points, below which no fraction of it is spoken of."""

UNITS = {"psnr": "PSNR", "vmaf": "VMAF"}

MIN_KEPT, MIN_SAVED, MAX_TIME = 95.0, {"speaker": 75.0, "handheld": 40.0}, 100 / 3
"""Targets in percent: gain kept, work saved by content, time of a frame with a fixed camera."""


@dataclasses.dataclass(frozen=True, slots=True)
class Judged:
    """A figure, and why it is what it is: said where its target is missed."""

    row: Row
    why: str = ""


def of(cells: Sequence[Cell], net: str, kind: str, *, is_large: bool = False) -> list[Cell]:
    """All codecs of one kind by one net."""
    return [c for c in cells if (c.net, c.kind, c.is_large) == (net, kind, is_large)]


def gain(cell: Cell, method: str, measure: str, frames: Sequence[int] | None = None) -> float:
    """Over bicubic, in dB (``psnr``) over the frames that the method made or over some, or in
    points (``vmaf``).
    """
    track, plain = cell.tracks[method], cell.tracks[PLAIN]
    if measure == "vmaf":
        return track.vmaf - plain.vmaf
    frames = track.frames if frames is None else frames
    return track.psnr(frames) - plain.psnr(frames)


def kept(cells: Sequence[Cell], method: str, measure: str) -> float | None:
    """Percent of the full net's gain, means over cells; None where that is next to nothing."""
    whole = got = 0.0
    for cell in cells:
        got += gain(cell, method, measure)
        whole += gain(cell, FULL, measure, cell.tracks[method].frames)
    # A fraction of nearly nothing would be any number.
    if not cells or whole < MIN_GAIN[measure] * len(cells):
        return None
    return 100 * got / whole


def saved(cells: Sequence[Cell], method: str) -> float:
    """Percent of the full net's multiply-adds that the method did without, halos counted."""
    return 100 * (1 - float(np.mean([cell.tracks[method].fraction.mean() for cell in cells])))


def mean_ms(cells: Sequence[Cell], method: str, part: str = "spent_ms") -> float:
    """Returns the mean time of a frame: what a core must have for it in the long run."""
    return float(np.mean([getattr(cell.tracks[method], part).mean() for cell in cells]))


def sample_cost(cells: Sequence[Cell]) -> float:
    """Time of propagation in the net for a multiply-add, over that of the full net."""
    work = float(np.mean([cell.tracks[TEMPORAL].fraction.mean() for cell in cells]))
    return mean_ms(cells, TEMPORAL, "net_ms") / work / mean_ms(cells, FULL, "net_ms")


def speedup(cells: Sequence[Cell]) -> tuple[float, float]:
    """Returns how many times as fast the int8 net is as the float one in the same runtime, on the
    same frames; and the dB that it loses, mean over cells.
    """
    fast = slow = 0.0
    lost = []
    for cell in cells:
        exact, coarse = cell.tracks[FP32], cell.tracks[FULL]
        # The float net runs on one frame in ten, so the int8 net is summed over the same frames.
        slow += float(exact.net_ms.sum())
        fast += float(coarse.net_ms[list(exact.frames)].sum())
        lost.append(exact.psnr() - coarse.psnr(exact.frames))
    return slow / fast, float(np.mean(lost))


def targets(cells: Sequence[Cell], net: str) -> list[Judged]:
    """Returns the targets of one net at the usual size, kind by kind, means over codecs."""
    judged: list[Judged] = []
    kinds = {kind: mine for kind in KINDS if (mine := of(cells, net, kind))}
    for measure in UNITS:
        judged += [_kept(mine, measure) for mine in kinds.values()]
    judged += [_saved(mine) for mine in kinds.values()]
    judged += [_time(mine) for mine in kinds.values()]
    return judged + _precisions([cell for mine in kinds.values() for cell in mine])


def summary() -> list[Row]:
    """The targets alone, at the usual size. A few minutes on a quiet machine."""
    plan = Plan(has_large=False)
    cells = fill(plan)
    return [
        dataclasses.replace(judged.row, name=f"{net}, {judged.row.name}")
        for net in plan.nets
        for judged in targets(cells, net)
    ]


def _kept(cells: Sequence[Cell], measure: str) -> Judged:
    kind, unit = KINDS[cells[0].kind], UNITS[measure]
    fraction = kept(cells, TEMPORAL, measure)
    if fraction is None:
        whole = float(np.mean([gain(cell, FULL, measure) for cell in cells]))
        name = f"{kind}: {unit} gain of the full net, too small for a fraction"
        return Judged(Row(name, whole, None, "dB" if measure == "psnr" else "points"))
    each = [f"{c.codec} {_percent(kept([c], TEMPORAL, measure))}" for c in cells]
    mean = float(np.mean([gain(c, FULL, measure) for c in cells]))
    lost = mean - float(np.mean([gain(c, TEMPORAL, measure) for c in cells]))
    why = (
        f"{kind}, {unit}: {lost:.2f} of {mean:.2f} {'dB' if measure == 'psnr' else 'points'} are "
        f"lost. {saved(cells, TEMPORAL):.0f} % of the work is left out, and what is predicted "
        "instead is a quarter bicubic, moved by interpolation, and lacks what the net would make "
        "of the newly coded difference. The rest was not thought worth a run of the net, or was "
        f"beyond the {100 * MAX_WANTED_FRACTION:.0f} % of its work that a picture may request."
    )
    name = f"{kind}: kept of the net's {unit} gain"
    return Judged(Row(name, fraction, MIN_KEPT, "%", note=", ".join(each)), why)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} %"


def _saved(cells: Sequence[Cell]) -> Judged:
    kind = KINDS[cells[0].kind]
    fraction, inside, runs = (
        float(np.mean([getattr(c.tracks[TEMPORAL], name).mean() for c in cells]))
        for name in ("fraction", "inside", "runs")
    )
    why = (
        f"{kind}, work: the net works on {100 * inside:.0f} % of the samples in a mean frame, "
        f"in {runs:.1f} rectangles, whose halos bring that to {100 * fraction:.0f} % of its work; "
        f"in the source itself {100 * cells[0].changing:.0f} % of the cells change from frame to "
        "frame."
    )
    each = ", ".join(f"{c.codec} {saved([c], TEMPORAL):.0f} %" for c in cells)
    name = f"{kind}: multiply-adds of the net saved"
    return Judged(
        Row(name, saved(cells, TEMPORAL), MIN_SAVED.get(cells[0].kind), "%", note=each), why
    )


def _time(cells: Sequence[Cell]) -> Judged:
    kind = KINDS[cells[0].kind]
    whole, ours = mean_ms(cells, FULL), mean_ms(cells, TEMPORAL)
    net = mean_ms(cells, TEMPORAL, "net_ms")
    runs = float(np.mean([c.tracks[TEMPORAL].runs.mean() for c in cells]))
    why = (
        f"{kind}, time: {ours:.1f} ms against {whole:.1f}. {ours - net:.1f} ms are not the net; "
        f"in the net a multiply-add takes {sample_cost(cells):.1f} times as long as on the whole "
        f"picture, since it comes in {runs:.1f} small pieces."
    )
    name = f"{kind}: time for a frame, over the full net's"
    goal = MAX_TIME if cells[0].kind == "speaker" else None
    note = f"{ours:.1f} of {whole:.1f} ms"
    return Judged(Row(name, 100 * ours / whole, goal, "%", at_most=True, note=note), why)


def _precisions(cells: Sequence[Cell]) -> list[Judged]:
    faster, lost = speedup(cells)
    times = [mean_ms(cells, method, "net_ms") for method in (FULL, FP32)]
    slow = (
        f"int8, speed: {times[0]:.1f} ms against {times[1]:.1f} for a frame, mean over kinds; how "
        "near each comes to what the core can do is said below."
    )
    coarse = "int8, PSNR: weights of 7 bits and activations of 8 round more than that."
    return [
        Judged(Row("int8 against fp32: speed", faster, 1.7, "x"), slow),
        Judged(Row("int8 against fp32: PSNR lost", lost, 0.05, "dB", at_most=True), coarse),
    ]
