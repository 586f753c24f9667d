"""The counters of the processors' energy, as Linux shows them in files."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers.runtime.package_energy import PackageEnergy

RANGE_UJ = 262_143_328_850


def domain(root: Path, name: str, what: str, energy_uj: int | str) -> Path:
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "name").write_text(f"{what}\n")
    (folder / "max_energy_range_uj").write_text(f"{RANGE_UJ}\n")
    (folder / "energy_uj").write_text(f"{energy_uj}\n")
    return folder / "energy_uj"


def test_a_machine_without_counters_tells_nothing(tmp_path: Path) -> None:
    assert PackageEnergy(tmp_path / "nowhere").joules() is None
    assert PackageEnergy(tmp_path).joules() is None


def test_it_counts_from_when_it_was_made(tmp_path: Path) -> None:
    counter = domain(tmp_path, "intel-rapl:0", "package-0", 5_000_000)
    energy = PackageEnergy(tmp_path)
    assert energy.joules() == 0.0
    counter.write_text("7_500_000".replace("_", ""))
    assert energy.joules() == 2.5
    assert energy.joules() == 2.5


def test_a_counter_begins_again_at_its_range(tmp_path: Path) -> None:
    counter = domain(tmp_path, "intel-rapl:0", "package-0", RANGE_UJ - 1_000_000)
    energy = PackageEnergy(tmp_path)
    counter.write_text("2000000")
    assert energy.joules() == pytest.approx(3.0)


def test_all_packages_are_added_and_their_parts_are_not(tmp_path: Path) -> None:
    counters = [
        domain(tmp_path, "intel-rapl:0", "package-0", 0),
        domain(tmp_path, "intel-rapl:0:0", "core", 0),
        domain(tmp_path, "intel-rapl:0:1", "dram", 0),
        domain(tmp_path, "intel-rapl:1", "package-1", 0),
        domain(tmp_path, "intel-rapl:2", "psys", 0),
    ]
    energy = PackageEnergy(tmp_path)
    for counter in counters:
        counter.write_text("1000000")
    assert energy.joules() == 2.0


@pytest.mark.parametrize("text", ["", "no number", "-5", "٣"])
def test_a_counter_that_cannot_be_read_tells_nothing(tmp_path: Path, text: str) -> None:
    domain(tmp_path, "intel-rapl:0", "package-0", 0)
    domain(tmp_path, "intel-rapl:1", "package-1", text)
    assert PackageEnergy(tmp_path).joules() is None


def test_a_counter_that_goes_away_ends_it_for_good(tmp_path: Path) -> None:
    counter = domain(tmp_path, "intel-rapl:0", "package-0", 0)
    energy = PackageEnergy(tmp_path)
    counter.unlink()
    assert energy.joules() is None
    counter.write_text("9000000")
    assert energy.joules() is None


def test_this_machine_may_be_asked() -> None:
    joules = PackageEnergy().joules()
    assert joules is None or joules >= 0
