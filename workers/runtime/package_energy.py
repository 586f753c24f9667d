"""Energy that the processor packages of this machine have taken, where the machine tells it."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path

POWERCAP = Path("/sys/class/powercap")
"""Folder in which Linux shows the counters of Intel's and AMD's processors (RAPL)."""


@dataclasses.dataclass(slots=True)
class _Domain:
    """One package's counter, which begins again at its range."""

    path: Path
    range_uj: int
    last_uj: int


class PackageEnergy:
    """Reads the packages' counters; each call adds what passed since the last one.

    Most systems let root alone read them (CVE-2020-8694), and virtual machines have none; then
    nothing is told, and nothing is guessed.
    """

    def __init__(self, root: Path = POWERCAP) -> None:
        self._domains = list(_domains(root))
        self._joules = 0.0

    def joules(self) -> float | None:
        """Returns the energy since this object was made; None where it cannot be read."""
        for domain in self._domains:
            now_uj = _number(domain.path / "energy_uj")
            if now_uj is None:
                # A counter that went away would make the sum too small.
                self._domains = []
                break
            passed = now_uj - domain.last_uj
            self._joules += (passed if passed >= 0 else passed + domain.range_uj) / 1e6
            domain.last_uj = now_uj
        return self._joules if self._domains else None


def _domains(root: Path) -> list[_Domain]:
    found = []
    for path in sorted(root.glob("*-rapl:*")):
        # Parts of a package have a second number, and are in its counter already. ``psys`` counts
        # what the packages count too.
        if path.name.count(":") != 1 or not _text(path / "name").startswith("package"):
            continue
        range_uj, now_uj = _number(path / "max_energy_range_uj"), _number(path / "energy_uj")
        if range_uj is None or now_uj is None:
            return []  # the sum of some packages would be taken for that of all
        found.append(_Domain(path, range_uj, now_uj))
    return found


def _text(path: Path) -> str:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return path.read_text().strip()
    return ""


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text.isascii() and text.isdigit() else None
