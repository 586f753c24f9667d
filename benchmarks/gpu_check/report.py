"""The table of a run in Markdown and JSON, and the archive of what failed."""

from __future__ import annotations

import dataclasses
import json
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.gpu_check.run import Result
from benchmarks.table import markdown_table

MAX_FILE_BYTES = 400_000
"""Part of a log, from its end, that goes into the archive: a verbose one has tens of megabytes."""

ARCHIVE = "gpu-check.tar.gz"


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """Everything that a run found."""

    machine: str
    gpu: str
    "Name, driver and memory of the GPU; a sentence if there is none."
    engines: dict[str, str]
    "Reason why each engine cannot be used; empty if it can."
    versions: tuple[str, ...]
    results: tuple[Result, ...]
    seconds: float


def markdown(run: Run) -> str:
    """Returns the table of a run."""
    parts = [
        "# Check of the inference engines",
        f"{run.machine}\n\n{run.gpu}\n\nThe run took {run.seconds:.0f} s.",
        "## Steps",
        markdown_table(
            ("step", "result", "s", "why"),
            [
                (r.step.name, _state(r), f"{r.seconds:.0f}" if r.seconds else "", _cell(r.why))
                for r in run.results
            ],
        ),
    ]
    for title, kind, head, cells in _SECTIONS:
        rows = list(_rows(run.results, kind))
        if rows:
            parts += [f"## {title}", markdown_table(head, [cells(r, row) for r, row in rows])]
    unusable = [(name, _cell(why)) for name, why in run.engines.items() if why]
    if unusable:
        parts += ["## Engines that cannot be used", markdown_table(("engine", "why"), unusable)]
    parts += ["## Versions", "\n".join(f"- {each}" for each in run.versions)]
    return "\n\n".join(parts) + "\n"


def to_json(run: Run) -> str:
    """Returns the same as JSON, with every row."""
    return json.dumps(dataclasses.asdict(run), indent=1)


def write(run: Run, out: Path) -> Path:
    """Writes table, JSON and archive into a folder; returns the archive's path."""
    (out / "gpu-check.md").write_text(markdown(run))
    (out / "gpu-check.json").write_text(to_json(run))
    archive = out / ARCHIVE
    with tarfile.open(archive, "w:gz") as tar:
        for name in ("gpu-check.md", "gpu-check.json"):
            tar.add(out / name, name)
        for path in sorted((out / "steps").rglob("*")):
            if path.is_file():
                _shorten(path)
                tar.add(path, path.relative_to(out).as_posix())
    return archive


def _shorten(path: Path) -> None:
    """Keeps the end of a long log."""
    data = path.read_bytes()
    if len(data) > MAX_FILE_BYTES:
        path.write_bytes(b"(the beginning is left out)\n" + data[-MAX_FILE_BYTES:])


def _rows(results: Sequence[Result], kind: str) -> Iterator[tuple[Result, dict[str, Any]]]:
    for result in results:
        for row in result.rows:
            if row.get("kind", result.step.check) == kind:
                yield result, row


def _state(result: Result) -> str:
    return f"**{result.state}**" if result.is_fault else result.state


def _cell(text: str) -> str:
    lines = text.strip().splitlines()
    return (lines[0] if lines else "").replace("|", "\\|")[:200]


def _of(result: Result) -> tuple[str, str, str]:
    step = result.step
    return step.engine, step.precision, f"{step.size[0]}x{step.size[1]}"


def _pictures(result: Result, row: dict[str, Any]) -> tuple[str, ...]:
    verdict = "right" if row["ok"] else "**wrong**"
    numbers = (f"{row['greatest']:.0f}", f"{row['mean']:.4f}", f"{row['psnr_db']:.1f}")
    return (*_of(result), result.step.model, *numbers, verdict, row["against"])


def _calls(result: Result, row: dict[str, Any]) -> tuple[str, ...]:
    counts = (str(row["batch"]), str(row["streams"]))
    numbers = (f"{row['ms_call']:.2f}", f"{row['frames_per_s']:.0f}", f"{row['memory_mib']:.0f}")
    return (*_of(result), *counts, *numbers)


def _sustained(result: Result, row: dict[str, Any]) -> tuple[str, ...]:
    numbers = (f"{row['p50_ms']:.1f}", f"{row['p95_ms']:.1f}", f"{100 * row['late']:.1f} %")
    return (*_of(result), str(row["streams"]), *numbers, str(row["best"]))


def _contract(result: Result, row: dict[str, Any]) -> tuple[str, ...]:
    if "test" in row:
        return (result.step.engine, row["test"].rpartition("::")[2], _cell(row["why"]))
    counts = f"{row['passed']} passed, {row['failed']} failed, {row['skipped']} skipped"
    return (result.step.engine, "all", counts)


def _operators(result: Result, row: dict[str, Any]) -> tuple[str, ...]:
    nodes = ", ".join(f"{name} {count}" for name, count in sorted(row["nodes"].items()))
    verdict = _cell(row["refused"]) or "takes all"
    return (row["model"], row["precision"], row["sha256"][:12], nodes, verdict)


_ENGINE = ("engine", "precision", "input")
_SECTIONS: tuple[tuple[str, str, tuple[str, ...], Any], ...] = (
    (
        "Pictures against the processor's",
        "pictures",
        (*_ENGINE, "net", "greatest difference", "mean", "PSNR, dB", "verdict", "against"),
        _pictures,
    ),
    ("Contract suite", "contract", ("engine", "test", "outcome"), _contract),
    (
        "Streams at 30 fps in time (at most 1 % of the frames late by more than a frame time)",
        "sustained",
        (*_ENGINE, "streams", "p50, ms", "p95, ms", "late", "most so far"),
        _sustained,
    ),
    (
        "Calls as fast as they can, with the copies to the device and back",
        "calls",
        (*_ENGINE, "batch", "streams", "ms a call", "frames a second", "memory, MiB"),
        _calls,
    ),
    (
        "Graphs as TensorRT gets them",
        "operators",
        ("net", "precision", "sha256", "nodes", "TensorRT"),
        _operators,
    ),
)
