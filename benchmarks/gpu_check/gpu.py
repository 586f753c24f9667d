"""The GPU as ``nvidia-smi`` tells of it: name, driver, memory in use."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess

_TIMEOUT_S = 15.0  # the first call after a start loads the driver

HOW_TO_GET_ONE = """\
No NVIDIA GPU was found: {reason}.
Everything that needs none was checked. To run the rest, take a machine with one NVIDIA GPU (Turing
or newer), a driver of at least release 580 (CUDA 13) and `nvidia-smi` in the path; in a container,
start it with `--gpus all`. Then run `make gpu-check` there: it installs the packages into .venv-gpu
(about 9 GB, once) and runs for less than eight minutes."""


@dataclasses.dataclass(frozen=True, slots=True)
class GpuFound:
    """One GPU of this machine."""

    name: str
    driver: str
    "Version of the driver."
    memory_mib: int
    capability: str
    "Compute capability, such as 9.0."


class NoGpu(Exception):
    """There is no NVIDIA GPU that can be used; the message says why."""


def find_gpu() -> GpuFound:
    """Returns the first GPU. Raises NoGpu."""
    return parse_gpu(_ask("name,driver_version,memory.total,compute_cap"))


def parse_gpu(text: str) -> GpuFound:
    """Reads the first line of a query for name, driver, memory and capability. Raises NoGpu."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) == 4 and cells[2].isdigit():
            return GpuFound(cells[0], cells[1], int(cells[2]), cells[3])
    raise NoGpu(f"nvidia-smi lists none ({text.strip()[:200] or 'no output'})")


def used_mib() -> int | None:
    """Returns the memory that all processes use on the first GPU; None if it cannot be told."""
    try:
        return parse_used(_ask("memory.used"))
    except NoGpu:
        return None


def parse_used(text: str) -> int | None:
    """Reads the first number of a query for the memory in use."""
    first = text.strip().splitlines()[0].strip() if text.strip() else ""
    return int(first) if first.isdigit() else None


def full_report() -> str:
    """Returns all that ``nvidia-smi -q`` prints, or why it prints nothing."""
    try:
        return _run(["-q"])
    except NoGpu as error:
        return str(error)


def _ask(fields: str) -> str:
    return _run([f"--query-gpu={fields}", "--format=csv,noheader,nounits"])


def _run(words: list[str]) -> str:
    program = shutil.which("nvidia-smi")
    if program is None:
        raise NoGpu("there is no program nvidia-smi")
    try:
        done = subprocess.run(
            [program, *words], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoGpu(f"nvidia-smi does not answer ({error})") from error
    if done.returncode:
        raise NoGpu(f"nvidia-smi failed: {(done.stdout + done.stderr).strip()[:200]}")
    return done.stdout
