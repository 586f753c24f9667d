"""Reports are off before anything that reports can be imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wire import telemetry

ROOT = Path(__file__).parents[2]
PACKAGES = ("app", "workers", "models", "cli", "benchmarks")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_turns_reports_off_before_its_first_module(package: str) -> None:
    script = (
        f"import sys, os, {package}\n"
        "assert 'openvino' not in sys.modules and 'onnxruntime' not in sys.modules\n"
        "assert sys.modules['openvino_telemetry'] is None\n"
        "print(os.environ['ORT_DISABLE_TELEMETRY'])"
    )
    environ = {k: v for k, v in os.environ.items() if k not in telemetry.SWITCHES}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environ, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr


def test_openvino_loads_without_its_converter_and_without_reports() -> None:
    script = (
        "import workers, sys, openvino\n"
        "assert openvino.Core().available_devices\n"
        "print([sys.modules[name] for name in ('openvino_telemetry', 'openvino.tools.ovc')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[None, None]\n"


def test_what_an_embedding_program_has_loaded_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = sys.modules[__name__]
    for name in telemetry.ABSENT:
        monkeypatch.setitem(sys.modules, name, loaded)
    telemetry.turn_off()
    assert [sys.modules[name] for name in telemetry.ABSENT] == [loaded, loaded]
