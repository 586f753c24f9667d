"""Loops run compiled where that is possible, and give the same where it is not."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from workers.bitstream.vp8 import Vp8Frame, Vp8Parser
from workers.kernels.jit import IS_COMPILED, compiled

from ..bitstream.vp8_clips import LIVE, RESILIENT, busy, coded

ROOT = Path(__file__).parents[3]


def digest(units: list[bytes]) -> str:
    """Of all that a parser tells of them."""
    parser, told = Vp8Parser(), hashlib.sha256()
    for unit in units:
        frame: Vp8Frame = parser.parse(unit)
        info = frame.info
        grids: list[np.ndarray | None] = [info.qp, info.skipped, frame.references]
        if info.motion is not None:
            grids += [info.motion.dx, info.motion.dy, info.motion.valid]
        for grid in grids:
            assert grid is not None
            told.update(grid.tobytes())
    return told.hexdigest()


UNCOMPILED = """
import sys
sys.modules["numba"] = None
from pathlib import Path
from tests.workers.kernels.test_jit import digest
from workers.bitstream.vp8 import Vp8Parser, warm_up
warm_up()
units = [Path(name).read_bytes() for name in sys.argv[1:]]
print(Vp8Parser.is_compiled, digest(units))
"""


WARMED_UP = """
import sys
from pathlib import Path
from tests.workers.kernels.test_jit import digest
from workers.bitstream import vp8, vp8_bool_decoder, vp8_macroblocks, vp8_modes, vp8_vectors
modules = vp8_bool_decoder, vp8_macroblocks, vp8_modes, vp8_vectors
loops = [loop for each in modules for loop in vars(each).values() if hasattr(loop, "signatures")]
def versions():
    return [len(loop.signatures) for loop in loops]
cold = sum(versions())
vp8.warm_up()
warm = versions()
digest([Path(name).read_bytes() for name in sys.argv[1:]])
print(cold, sum(warm) > 5, versions() == warm)
"""


def _run(program: str, units: list[bytes], folder: Path) -> list[str]:
    """What another process prints, given the units."""
    names = []
    for index, unit in enumerate(units):
        path = folder / f"{index:02}"
        path.write_bytes(unit)
        names.append(str(path))
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *names],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert ended.stderr == ""
    return ended.stdout.split()


def test_without_the_compiler_all_is_the_same(tmp_path: Path) -> None:
    units = coded(busy(4, 96, 64), RESILIENT) + coded(busy(4, 64, 48), {"deadline": "good"})
    assert _run(UNCOMPILED, units, tmp_path) == ["False", digest(units)]


def test_nothing_is_compiled_after_warming_up(tmp_path: Path) -> None:
    units = coded(busy(6, 64, 48), RESILIENT, key_every=3)
    assert _run(WARMED_UP, units, tmp_path) == ["0", "True", "True"]


def test_loops_are_compiled_here() -> None:
    assert IS_COMPILED and Vp8Parser.is_compiled


def test_a_function_whose_code_cannot_be_kept_is_compiled_all_the_same() -> None:
    names: dict[str, object] = {}
    exec("def double(x):\n    return 2 * x\n", names)
    double = compiled(names["double"])  # type: ignore[type-var]
    assert double(21) == 42  # type: ignore[operator]
    assert len(double.signatures) == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("kbps", [200, 2000])
def test_two_parsers_do_not_disturb_each_other(kbps: int) -> None:
    ours, theirs = coded(busy(4, 96, 64), LIVE, kbps=kbps), coded(busy(4, 64, 48), RESILIENT)
    expected = [digest(ours), digest(theirs)]
    first, second = Vp8Parser(), Vp8Parser()
    for one, other in zip(ours, theirs, strict=True):
        assert first.parse(one).width == 96
        assert second.parse(other).width == 64
    assert [digest(ours), digest(theirs)] == expected


def total(values: np.ndarray) -> float:
    result = 0.0
    for value in values:
        result += value
    return result


@pytest.mark.skipif(not IS_COMPILED, reason="numba is not there")
def test_threads_that_meet_a_loop_at_once_compile_it_once() -> None:
    loop, compiling, most = compiled(total), 0, 0
    finish = loop._compiler.compile  # type: ignore[attr-defined]

    def watched(*given: object) -> object:
        nonlocal compiling, most
        compiling += 1
        most = max(most, compiling)
        try:
            return finish(*given)
        finally:
            compiling -= 1

    loop._compiler.compile = watched  # type: ignore[attr-defined]
    start = threading.Barrier(4)

    def call() -> float:
        start.wait()
        return loop(np.arange(4.0))

    with ThreadPoolExecutor(4) as pool:
        assert [each.result() for each in [pool.submit(call) for _ in range(4)]] == [6.0] * 4
    assert most == 1
    assert len(loop.signatures) == 1  # type: ignore[attr-defined]
