"""Work of the process of one step: ``python -m benchmarks.gpu_check.step NAME FOLDER``.

It appends each figure to ``rows.jsonl`` as soon as it is known, so that what was measured before a
crash stays.
"""

from __future__ import annotations

import dataclasses
import faulthandler
import json
import logging
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from benchmarks.gpu_check import gpu
from benchmarks.gpu_check.contract import outcomes
from benchmarks.gpu_check.diagnosis import collect
from benchmarks.gpu_check.plan import STREAMS, Step
from models.manifest import ZOO, load_manifest, model_file, weights_file
from workers.engines.engine import CompiledNet, Engine, padded, variant_for
from workers.engines.registry import make_engine
from workers.errors import NetUnusable, WorkerError

Row = dict[str, Any]

MAX_CALL_MS = 400.0
"""A call that takes longer is twelve times too slow for a stream at 30 fps."""


def compile_net(engine: Engine, step: Step, batch: int = 1) -> CompiledNet:
    """Compiles the step's net in its precision. Raises NetUnusable."""
    manifest = load_manifest(step.model, ZOO)
    width, height = padded(manifest, *step.size)
    if manifest.architecture is not None:
        path, precision = weights_file(manifest, ZOO), step.precision
    else:
        variant = variant_for(engine.info, manifest, step.precision)
        path, precision = model_file(manifest, variant.file, ZOO), variant.name
        if precision != step.precision:
            raise NetUnusable(f"{engine.info.name} has no {step.precision} of {step.model}.")
    return engine.compile(
        manifest, path, width=width, height=height, batch=batch, precision=precision
    )


def reference_net(engine: Engine, step: Step) -> tuple[CompiledNet, str]:
    """Returns the net that runs the same file on the processor, and its engine's name."""
    manifest = load_manifest(step.model, ZOO)
    width, height = padded(manifest, *step.size)
    if manifest.architecture is not None:
        from workers.engines.engine import EngineOptions
        from workers.engines.torch import TorchEngine

        other: Engine = TorchEngine(EngineOptions(threads=4), device="cpu")
        path = weights_file(manifest, ZOO)
    else:
        variant = variant_for(engine.info, manifest, step.precision)
        path = model_file(manifest, variant.file, ZOO)
        name = "openvino" if step.engine == "onnxruntime" else "onnxruntime"
        other = make_engine(name, threads=0)
    return other.compile(manifest, path, width=width, height=height), other.info.name


def check_operators(step: Step, folder: Path) -> Iterator[Row]:
    """Checks the shipped graphs without any device."""
    from benchmarks.gpu_check.operators import check_zoo

    for each in check_zoo():
        yield {"ok": not each.refused, **dataclasses.asdict(each)}


def check_pictures(step: Step, folder: Path) -> Iterator[Row]:
    """Compares the engine's pictures with those of the processor."""
    from benchmarks.gpu_check.pictures import feeds_of, render, worst

    engine = make_engine(step.engine, threads=0, cache_dir=_cache(folder))
    net = compile_net(engine, step)
    other, name = reference_net(engine, step)
    fed = feeds_of(net)
    found = worst(list(zip(render(net, fed), render(other, fed), strict=True)))
    yield {
        "ok": found.is_within(step.precision),
        "device": net.info.device,
        "against": f"{name} on the processor",
        **dataclasses.asdict(found),
    }


def check_contract(step: Step, folder: Path) -> Iterator[Row]:
    """Runs the engines' contract suite for this engine."""
    yield from outcomes(step.engine, folder)


def check_speed(step: Step, folder: Path) -> Iterator[Row]:
    """Measures calls by batch and streams, memory, and how many streams at 30 fps come in time."""
    from benchmarks.gpu_check.sustained import StreamSearch, try_streams
    from benchmarks.gpu_check.timing import measure

    engine = make_engine(step.engine, threads=0, cache_dir=_cache(folder))
    before, search = memory_mib(), StreamSearch()
    net = compile_net(engine, step)
    while (count := search.next_count()) is not None:
        trial = try_streams(net, count)
        search.add(count, passed=trial.passed)
        yield {"ok": True, "kind": "sustained", "best": search.best, **dataclasses.asdict(trial)}
    for batch in step.batches:
        net = net if batch == 1 else compile_net(engine, step, batch)
        for streams in STREAMS:
            found = measure(net, streams)
            row = {"ok": True, "kind": "calls", "memory_mib": round(memory_mib() - before, 1)}
            yield row | dataclasses.asdict(found)
            if found.ms_call > MAX_CALL_MS:
                # More streams or frames would only take the time of other steps.
                return


CHECKS: dict[str, Callable[[Step, Path], Iterator[Row]]] = {
    "operators": check_operators,
    "pictures": check_pictures,
    "contract": check_contract,
    "speed": check_speed,
}


def memory_mib() -> float:
    """Returns the GPU's memory in use, or this process's memory where there is no GPU."""
    used = gpu.used_mib()
    return float(used) if used is not None else psutil.Process().memory_info().rss / 2**20


def run_step(step: Step, folder: Path) -> bool:
    """Runs a step and writes its rows; returns False, with a diagnosis, if it failed."""
    all_ok = True
    try:
        with (folder / "rows.jsonl").open("a") as rows:
            for row in CHECKS[step.check](step, folder):
                all_ok = all_ok and bool(row["ok"])
                rows.write(json.dumps(row) + "\n")
                rows.flush()
    except WorkerError as error:
        all_ok = False
        _write_failure(folder, str(error))
    except Exception as error:
        _write_failure(folder, f"{type(error).__name__}: {error}")
        collect(step, folder)
        raise
    if not all_ok:
        collect(step, folder)
    return all_ok


def _write_failure(folder: Path, text: str) -> None:
    (folder / "failure.txt").write_text(f"{text}\n\n{traceback.format_exc()}")


def _cache(folder: Path) -> Path:
    # All steps of a run share it: a plan that one has compiled is loaded by the next.
    return folder.parent.parent / "cache"


def read_step(text: str) -> Step:
    """Reads a step from JSON, which knows no tuples."""
    fields = json.loads(text)
    return Step(**{**fields, "size": tuple(fields["size"])})


def main() -> int:
    """Runs the step that the file ``step.json`` of the folder describes."""
    folder = Path(sys.argv[1])
    step = read_step((folder / "step.json").read_text())
    # A crash inside a driver leaves at least the Python stacks.
    faulthandler.enable()
    logging.basicConfig(filename=folder / "engine.log", level=logging.DEBUG)
    for name in ("numba", "matplotlib", "PIL", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return 0 if run_step(step, folder) else 1


if __name__ == "__main__":
    sys.exit(main())
