"""What a worker's start leaves for the next one."""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path

import msgspec
import pytest

from wire.settings import Settings
from workers.engines.benchmark import EngineTiming
from workers.process import calibration_store
from workers.process.calibration_store import (
    BUSY_S,
    QUIET_S,
    Calibration,
    CalibrationStore,
    is_busy,
    key_for,
)

NOW_S = 1_800_000_000.0


def found(**changes: object) -> Calibration:
    trial = EngineTiming(engine="openvino", ms=11.9, precision="int8")
    fields: dict[str, object] = {
        "engine": "openvino",
        "trials": (trial,),
        "batch": 1,
        "streams": 3.6,
        "ms_per_frame": 11.3,
        "core_ms": 12.0,
        "coding_ms": 4.0,
        "measured_s": NOW_S,
        "busy": False,
    }
    return Calibration(**(fields | changes))  # type: ignore[arg-type]


def test_what_is_kept_is_recalled_by_its_key_alone(tmp_path: Path) -> None:
    CalibrationStore(tmp_path / "deep" / "er", "a").keep(found())
    assert CalibrationStore(tmp_path / "deep" / "er", "a").recall(now_s=NOW_S + 1) == found()
    assert CalibrationStore(tmp_path / "deep" / "er", "b").recall(now_s=NOW_S + 1) is None
    assert [p.name for p in (tmp_path / "deep" / "er").iterdir()] == ["calibration-a.json"]


def test_a_busy_machines_figures_are_used_for_an_hour(tmp_path: Path) -> None:
    memory = CalibrationStore(tmp_path, "a")
    for busy, limit_s in ((False, QUIET_S), (True, BUSY_S)):
        memory.keep(found(busy=busy))
        assert memory.recall(now_s=NOW_S + limit_s - 1) is not None
        assert memory.recall(now_s=NOW_S + limit_s + 1) is None
        # A clock that went back makes them no younger.
        assert memory.recall(now_s=NOW_S - 1) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"engine": 3}',
        msgspec.json.encode(found(batch=0)),
        msgspec.json.encode(found(streams=0.0)),
        msgspec.json.encode(found(ms_per_frame=-1.0)),
        msgspec.json.encode(found(coding_ms=0.0)),
    ],
)
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "calibration-a.json").write_bytes(content)
    memory = CalibrationStore(tmp_path, "a")
    assert memory.recall(now_s=NOW_S) is None
    memory.keep(found())
    assert memory.recall(now_s=NOW_S) == found()


def test_a_folder_that_cannot_be_written_costs_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    memory = CalibrationStore(tmp_path / "file", "a")
    memory.keep(found())
    assert memory.recall(now_s=NOW_S) is None


def test_the_key_names_what_the_figures_depend_on(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = key_for(Settings())
    assert usual == key_for(Settings(worker_name="other", http_port=1234))
    others = [
        Settings(model="live-m"),
        Settings(model="nowhere"),
        Settings(engine="openvino"),
        Settings(precision="fp32"),
        Settings(worker_threads=3),
        Settings(temporal=False),
        Settings(output_codec="vp8"),
        Settings(x264_preset="fast"),
    ]
    keys = {key_for(settings) for settings in others}
    assert len(keys | {usual}) == len(others) + 1
    monkeypatch.setattr(calibration_store, "_version", lambda package: "another")
    assert key_for(Settings()) != usual


def test_a_machine_is_busy_by_its_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("os.getloadavg", lambda: (1.3, 9.0, 9.0))
    assert not is_busy()
    monkeypatch.setattr("os.getloadavg", lambda: (1.5, 0.0, 0.0))
    assert is_busy()


def test_another_graphics_card_or_library_for_it_is_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(calibration_store, "_DEVICES", (tmp_path, "nvidia[0-9]*"))
    monkeypatch.setattr(calibration_store, "_DRIVER", tmp_path / "version")
    keys = [key_for(Settings())]
    (tmp_path / "nvidia0").touch()
    keys.append(key_for(Settings()))
    (tmp_path / "version").write_text("595.1")
    keys.append(key_for(Settings()))
    for package in ("onnxruntime-gpu", "tensorrt", "torch"):
        monkeypatch.setattr(
            calibration_store, "_version", lambda name, new=package: "9" if name == new else "none"
        )
        keys.append(key_for(Settings()))
    assert len(set(keys)) == len(keys)


def test_workers_of_containers_with_one_process_id_write_into_one_folder(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """They meet: neither fails, and whoever reads finds one of the two whole."""
    caplog.set_level(logging.INFO)
    ready = threading.Barrier(3)
    many = found(trials=tuple(EngineTiming(engine="x" * 1000) for _ in range(200)))

    def write() -> None:
        ready.wait()
        for _ in range(50):
            CalibrationStore(tmp_path, "a").keep(many)

    CalibrationStore(tmp_path, "a").keep(many)
    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    ready.wait()
    while any(thread.is_alive() for thread in threads):
        assert CalibrationStore(tmp_path, "a").recall(now_s=NOW_S) == many
    assert [path.name for path in tmp_path.iterdir()] == ["calibration-a.json"]
    assert not caplog.records


def test_what_is_too_old_for_anybody_is_removed(tmp_path: Path) -> None:
    old, young, other = (
        tmp_path / name for name in ("calibration-b.json", "calibration-c.json", "x")
    )
    for path, age_s in ((old, QUIET_S + 60), (young, QUIET_S - 60), (other, QUIET_S + 60)):
        path.touch()
        os.utime(path, (time.time() - age_s,) * 2)
    CalibrationStore(tmp_path, "a").keep(found())
    assert {path.name for path in tmp_path.iterdir()} == {
        "calibration-a.json",
        young.name,
        other.name,
    }
