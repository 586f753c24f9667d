"""Files of writers that died are ended; nothing else is touched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.recording.file_facts import encode_facts
from app.recording.file_names import facts_name
from app.recording.folder import Folder
from app.recording.repair import repair
from app.recording.tidy_faults import TidyFaults
from media.codec import Codec
from tests.app.recording import material
from tests.media import recorded

WRITER = """
import sys, pathlib, time
from app.recording.folder import Folder
from media.codec import Codec
from tests.app.recording import material
writer = material.written(Folder(pathlib.Path(sys.argv[1])), 3, Codec[sys.argv[2]])
print("written", flush=True)
time.sleep(600)
"""


def killed(folder: Folder, codec: Codec) -> Path:
    """A recording whose process was killed while it wrote."""
    command = [sys.executable, "-c", WRITER, str(folder.root), codec.name]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        (stored,) = folder.stored()
        assert repair(folder, TidyFaults()) == 0  # it is being written
        process.send_signal(signal.SIGKILL)
    return folder.root / "cam1" / stored.name


def died(folder: Folder) -> Path:
    """A recording whose writer let go of it."""
    writer = material.written(folder, 2, Codec.H264)
    assert writer._file is not None
    writer._file.close()
    return folder.root / "cam1" / writer.name


@pytest.mark.parametrize("codec", [Codec.VP8, Codec.H264])
def test_the_file_of_a_process_that_was_killed_is_ended(folder: Folder, codec: Codec) -> None:
    path = killed(folder, codec)
    with open(path, "ab") as file:
        file.write(path.read_bytes()[-500:-100])  # a part of a fragment
    assert repair(folder, TidyFaults()) == 1
    pictures, _, length = recorded.decoded(path)
    assert len(pictures) == 29
    assert length == pytest.approx(29 / 30, abs=0.06)
    facts = folder.facts("cam1", path.name)
    assert facts is not None and facts.ended
    assert facts.length_us == pytest.approx(length * 1e6, abs=60_000)
    assert repair(folder, TidyFaults()) == 0


def test_files_without_facts_or_of_another_kind_stay_as_they_are(folder: Folder) -> None:
    whole = material.stored(folder, material.STARTED_US)
    broken = material.stored(folder, material.STARTED_US + 10**9, ended=False)
    lost = material.stored(folder, material.STARTED_US + 2 * 10**9, ended=False)
    (folder.root / "cam1" / facts_name(lost)).unlink()
    before = {each.name: each for each in folder.stored()}
    assert repair(folder, TidyFaults()) == 0
    assert {each.name: each for each in folder.stored()} == before
    assert {whole, broken, lost} == set(before)


def test_a_damaged_file_is_told_once_and_the_others_are_ended(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    """One damaged byte in a time made it one that no index holds."""
    damaged = died(folder)
    data = damaged.read_bytes()
    at = data.rindex(b"tfdt") + 8
    damaged.write_bytes(data[:at] + b"\x7f" + data[at + 1 :])
    others = [died(folder), died(folder)]
    faults = TidyFaults()
    assert [repair(folder, faults) for _ in range(3)] == [2, 0, 0]
    for path in others:
        facts = folder.facts("cam1", path.name)
        assert facts is not None and facts.ended
    assert damaged.stat().st_size == len(data)
    assert [each.getMessage() for each in caplog.records if damaged.name in each.getMessage()] == [
        f"cam1/{damaged.name} is not repaired: the fragment at byte {data.rindex(b'moof') - 4} has"
        " no time that can be"
    ]
    assert faults.count == 1


def test_a_file_with_nothing_but_a_head_is_ended_too(folder: Folder) -> None:
    writer = material.written(folder, 1)
    path = folder.root / "cam1" / writer.name
    head = path.read_bytes()[:17_000]
    writer.end()
    path.write_bytes(head)
    facts = material.facts(ended=False)
    (path.parent / facts_name(path.name)).write_bytes(encode_facts(facts))
    assert repair(folder, TidyFaults()) == 1
    found = folder.facts("cam1", path.name)
    assert found is not None and (found.length_us, found.ended) == (0, True)


def test_repairing_takes_little_time_for_many_files(folder: Folder) -> None:
    for number in range(300):
        material.stored(folder, material.STARTED_US + number * 10**9)
    began = time.process_time()
    assert repair(folder, TidyFaults()) == 0
    assert time.process_time() - began < 5.0
    assert os.listdir(folder.root) == ["cam1"]
