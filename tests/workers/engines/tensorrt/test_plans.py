from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from workers.engines.tensorrt.gpu_api import Gpu
from workers.engines.tensorrt.plans import PlanKey, PlanStore, encode, parse
from workers.errors import BadPlan

KEY = PlanKey(
    net="ab" * 32,
    structure="cd" * 32,
    shapes=(("luma", (1, 1, 270, 480)), ("strength", (1,))),
    gpu=Gpu("NVIDIA L4 / 24 GB", "8.9", "11.4.0.106"),
    precision="fp16",
)
OTHERS = {
    "net": dataclasses.replace(KEY, net="ef" * 32),
    "structure": dataclasses.replace(KEY, structure="01" * 32),
    "size": dataclasses.replace(KEY, shapes=(("luma", (1, 1, 270, 482)), ("strength", (1,)))),
    "batch": dataclasses.replace(
        KEY, shapes=(("luma", (4, 1, 270, 480)), ("strength", (4, 1, 1, 1)))
    ),
    "gpu": dataclasses.replace(KEY, gpu=Gpu("NVIDIA L40", "8.9", "11.4.0.106")),
    "capability": dataclasses.replace(KEY, gpu=Gpu("NVIDIA L4 / 24 GB", "9.0", "11.4.0.106")),
    "version": dataclasses.replace(KEY, gpu=Gpu("NVIDIA L4 / 24 GB", "8.9", "11.4.1.0")),
    "precision": dataclasses.replace(KEY, precision="fp32"),
    "any": KEY.for_any,
}
PLAN = bytes(range(256)) * 40


@pytest.fixture
def store(tmp_path: Path) -> PlanStore:
    return PlanStore(tmp_path / "engines" / "tensorrt")


def folder(tmp_path: Path) -> Path:
    return tmp_path / "engines" / "tensorrt"


@pytest.mark.parametrize("what", OTHERS)
def test_a_plan_serves_nothing_but_what_it_was_made_for(store: PlanStore, what: str) -> None:
    store.put(KEY, PLAN)
    assert store.get(OTHERS[what]) is None
    assert store.get(KEY) == PLAN


def test_names_are_plain_and_differ() -> None:
    names = {key.file_name for key in (KEY, *OTHERS.values())}
    assert len(names) == 1 + len(OTHERS)
    assert all(set(name) <= set("0123456789abcdefny-.pl") for name in names)


def test_nets_of_one_structure_are_relatives(store: PlanStore) -> None:
    assert not store.has_relative(KEY)
    store.put(KEY, PLAN)
    assert not store.has_relative(KEY)
    assert store.has_relative(OTHERS["net"])
    for what in ("structure", "size", "batch", "gpu", "capability", "version", "precision"):
        assert not store.has_relative(OTHERS[what])


def test_nobody_else_can_put_a_plan_there(store: PlanStore, tmp_path: Path) -> None:
    store.put(KEY, PLAN)
    assert folder(tmp_path).stat().st_mode & 0o777 == 0o700
    assert [path.name for path in folder(tmp_path).iterdir()] == [KEY.file_name]
    assert (folder(tmp_path) / KEY.file_name).stat().st_mode & 0o077 == 0


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "cut": lambda data: data[:-1],
    "cut in the key": lambda data: data[:40],
    "longer": lambda data: data + b"x",
    "a bit": lambda data: data[:-5] + bytes([data[-5] ^ 1]) + data[-4:],
    "magic": lambda data: b"X" + data[1:],
    "length": lambda data: data[:8] + b"\xff\xff\xff\xff" + data[12:],
    "another's": lambda data: encode(OTHERS["version"], PLAN),
}


@pytest.mark.parametrize("what", DAMAGES)
def test_a_damaged_file_is_removed_and_said(
    store: PlanStore, tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    store.put(KEY, PLAN)
    path = folder(tmp_path) / KEY.file_name
    path.write_bytes(DAMAGES[what](path.read_bytes()))
    assert store.get(KEY) is None
    assert not path.exists()
    assert [getattr(record, "action", "") for record in caplog.records] == ["plan_trouble"]
    store.put(KEY, PLAN)
    assert store.get(KEY) == PLAN


def test_what_is_written_can_be_parsed() -> None:
    assert parse(KEY, encode(KEY, PLAN)) == PLAN
    assert parse(KEY, encode(KEY, b"")) == b""
    with pytest.raises(BadPlan, match="something else"):
        parse(OTHERS["gpu"], encode(KEY, PLAN))


def test_a_failed_write_leaves_what_was_there(
    store: PlanStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    store.put(KEY, PLAN)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with caplog.at_level(logging.WARNING):
        store.put(KEY, PLAN[::-1])
    assert "No space left" in caplog.text
    assert store.get(KEY) == PLAN
    assert len(list(folder(tmp_path).iterdir())) == 1


def test_a_folder_that_cannot_be_made_is_no_reason_to_fail(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    store = PlanStore(tmp_path / "file" / "engines")
    store.put(KEY, PLAN)
    assert store.get(KEY) is None
    assert not store.has_relative(KEY)
    assert "cannot be kept" in caplog.text


def test_without_a_folder_nothing_is_kept() -> None:
    store = PlanStore(None)
    store.put(KEY, PLAN)
    store.drop(KEY)
    assert store.get(KEY) is None and not store.has_relative(OTHERS["net"])


def test_the_plans_not_used_for_longest_go_first(tmp_path: Path) -> None:
    store = PlanStore(tmp_path, max_plans=3)
    keys = [dataclasses.replace(KEY, net=f"{number}" * 64) for number in range(4)]
    for age, key in zip((100, 90, 80), keys, strict=False):
        store.put(key, PLAN)
        os.utime(tmp_path / key.file_name, (1e9 - age, 1e9 - age))
    assert store.get(keys[0]) == PLAN  # used just now
    store.put(keys[3], PLAN)
    assert [store.get(key) is not None for key in keys] == [True, False, True, True]
