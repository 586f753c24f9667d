"""What OpenVINO's plug-in does to the process that loads it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SIGNALLED = """
import gc, os, signal, sys, threading
from pathlib import Path
from models.manifest import load_manifest
from workers.engines.registry import make_engine

engine = make_engine("openvino", threads=1)
manifest = load_manifest("tiny", Path(sys.argv[1]))
path = Path(sys.argv[1]) / "tiny" / "fp32.onnx"
held = [engine, engine.compile(manifest, path, width=16, height=12)]
del engine

def release():
    held[0].close()
    held.clear()
    gc.collect()

if sys.argv[2] == "held":
    pass
elif sys.argv[2] == "released":
    release()
else:
    releaser = threading.Thread(target=release)
    releaser.start()
    releaser.join()
signal.signal(signal.SIGTERM, lambda number, frame: print("heard"))
os.kill(os.getpid(), signal.SIGTERM)
print("alive")
"""


@pytest.mark.parametrize("when", ["held", "released", "released by another thread"])
def test_a_signal_reaches_a_process_that_has_or_had_an_engine(zoo: Path, when: str) -> None:
    """The plug-in gives signals another stack, which it takes away at its end."""
    ended = subprocess.run(
        [sys.executable, "-c", SIGNALLED, str(zoo), when],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (0, "heard\nalive\n"), ended.stderr
