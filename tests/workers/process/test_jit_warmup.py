from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from workers.kernels import loop_cache, readiness
from workers.process import jit_warmup

ROOT = Path(__file__).parents[3]


def test_it_compiles_as_a_program_and_says_that_all_is_there() -> None:
    forget()
    subprocess.run([sys.executable, "-m", "workers.process.jit_warmup"], check=True, timeout=110)
    assert loop_cache.is_filled()


async def test_a_worker_takes_over_what_was_compiled_beside_it() -> None:
    await jit_warmup.make_warm()
    assert readiness.is_warm()


def forget() -> None:
    """Makes this machine one on which nothing is known to be compiled."""
    for place in loop_cache.places():
        for mark in place.glob("loops-*/filled"):
            mark.unlink(missing_ok=True)
    assert not loop_cache.is_filled()


def compilers() -> list[psutil.Process]:
    """Those of this process; other tests leave other children, some of which have ended."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if "workers.process.jit_warmup" in child.cmdline():
                found.append(child)
    return found


async def test_no_compiler_runs_where_all_is_there() -> None:
    loop_cache.mark_filled()
    task = asyncio.create_task(jit_warmup.make_warm())
    found = []
    while not task.done():
        found += compilers()
        await asyncio.sleep(0.01)
    await task
    assert found == [] and readiness.is_warm()


async def test_a_worker_that_ends_ends_its_compiler() -> None:
    forget()
    task = asyncio.create_task(jit_warmup.make_warm())
    for _ in range(500):
        if started := compilers():
            break
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert started and not any(child.is_running() for child in started)


STREAM = """
import sys
from pathlib import Path
from tests.workers.clips import Clip, units
from models.manifest import load_manifest, model_file
from media.codec import Codec
from workers.decode.decoder import UnitDecoder
from workers.engines.registry import make_engine
from workers.upscale.temporal_upscaler import TemporalUpscaler
from workers.media.picture import Picture
from workers.bitstream import ffmpeg_side_data
from workers.bitstream.inspector import CodecInspector
from workers.kernels import readiness
from workers.process import jit_warmup
from workers.temporal import (
    cell_state, incremental_bicubic, motion_compensation, region_blend, region_selection,
)

loops = [
    loop for module in (
        incremental_bicubic, region_blend, motion_compensation, region_selection,
        ffmpeg_side_data, cell_state,
    )
    for loop in vars(module).values() if hasattr(loop, "signatures")
]
def versions():
    return [len(loop.signatures) for loop in loops]

cold = sum(versions())
jit_warmup.warm_up()
before = versions()
manifest = load_manifest("live-s")
net = make_engine("openvino", threads=1).compile_dynamic(manifest, model_file(manifest, "int8"))
feed = TemporalUpscaler(manifest, 160, 96, net.session())
decoder, inspector = UnitDecoder(Codec.H264), CodecInspector(Codec.H264)
shares = []
for tag, unit in enumerate(units(Clip(Codec.H264, 160, 96, frames=8))):
    for back, picture in decoder.decode(unit.payload, tag):
        info = inspector.take_info(back, picture.frame, len(unit.payload))
        wish = feed.begin(picture, Picture.blank(320, 192), info if tag != 5 else None, 0.0)
        shares.append(feed.refresh(1.0) if wish.fraction < 1.0 else feed.full())
print(cold, len(before) > 10, max(filter(None, shares)) > 0, versions() == before)
"""


def test_a_stream_finds_everything_compiled() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", STREAM], cwd=ROOT, capture_output=True, text=True, timeout=110
    )
    assert ended.stdout.split() == ["0", "True", "True", "True"], ended.stderr
