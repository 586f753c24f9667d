"""Compiles the loops ahead of time: a stream never waits for it.

``python -m workers.process.jit_warmup`` compiles into the cache and ends. A worker runs that beside
itself, since compiling holds the interpreter's lock for half a minute at the first start on a
machine.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys

import numpy as np

from wire.parent_death import die_with_parent
from workers.bitstream import ffmpeg_side_data, parsers
from workers.kernels import readiness
from workers.kernels.jit import IS_COMPILED
from workers.team import residual_codec
from workers.temporal.propagator import Propagator

log = logging.getLogger(__name__)


def warm_up() -> None:
    """Compiles all loops, or loads them: many seconds at the first call on a machine, then about
    one.
    """
    if not IS_COMPILED or readiness.is_warm():
        return
    # A small picture is enough, since compiling takes as long at any size. The second one is upside
    # down: of a picture that stands still no region is refreshed, and a loop that is never called
    # stays uncompiled.
    parsers.warm_up()
    ffmpeg_side_data.warm_up()
    residual_codec.warm_up()
    luma = (np.indices((48, 64)).sum(axis=0) % 251).astype(np.uint8)
    propagator = Propagator(64, 48, 2, 7)
    for picture in (luma, luma[::-1], luma):
        report = propagator.predict(picture, None)
        if report.must_be_full:
            propagator.apply_full(propagator.enlarged.copy(), 0, 0)
        for region in propagator.regions(luma.size):
            propagator.apply_region(propagator.enlarged.copy(), region, region.top, region.left)
        propagator.commit()
    readiness.set_warm()


async def make_warm() -> None:
    """Compiles in another process, then takes over what it left in the cache."""
    if not IS_COMPILED:
        log.info("numba is missing: nothing is propagated", extra={"action": "no_propagation"})
        return
    # Imported here: the module needs numba.
    from workers.kernels import loop_cache

    # A process that only finds that all is there takes three seconds of a core, just when the first
    # stream comes.
    if not await asyncio.to_thread(loop_cache.is_filled):
        await _compile_beside()
    await asyncio.to_thread(warm_up)
    gc.freeze()  # What numba made stays: the collector need not look through it while streams run.
    log.info("earlier pictures can be propagated", extra={"action": "propagation_ready"})


async def _compile_beside() -> None:
    compiler = await asyncio.create_subprocess_exec(
        sys.executable,
        # Modules in the folder where the command was started must not take the place of ours.
        "-P",
        "-m",
        "workers.process.jit_warmup",
        preexec_fn=die_with_parent(),
    )
    try:
        code = await compiler.wait()
    except asyncio.CancelledError:
        # The worker stops. A compiler that went on would take a core from the worker that follows.
        compiler.kill()
        await compiler.wait()
        raise
    # After a failure ``warm_up`` compiles in this process, where it holds up the streams.
    if code != 0:
        log.warning("compiling ended with %d", code, extra={"action": "compiler_failed"})


def main() -> None:
    """Compiles, with what time others leave."""
    if hasattr(os, "nice"):
        os.nice(10)
    warm_up()
    if readiness.is_warm():
        from workers.kernels import loop_cache

        loop_cache.mark_filled()


if __name__ == "__main__":
    main()
