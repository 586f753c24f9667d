from __future__ import annotations

from pathlib import Path

from benchmarks.team.recording import ENHANCED_LOG, SOURCE_LOG, encode, load
from tests.benchmarks.team.units import received


def test_a_recording_is_read_as_it_was_written_up_to_a_broken_end(tmp_path: Path) -> None:
    units = [received(each % 2, each, 1000, 5000 + each, bytes(each + 1)) for each in range(5)]
    assert {each.log for each in units} == {SOURCE_LOG, ENHANCED_LOG}
    path = tmp_path / "recording"
    data = b"".join(map(encode, units))
    path.write_bytes(data)
    assert list(load(path)) == units
    assert units[3].age_ms == 4.003
    for missing in (1, 20, 60):
        path.write_bytes(data[:-missing])
        assert list(load(path)) == units[:-1]


def test_there_may_be_no_recording(tmp_path: Path) -> None:
    assert list(load(tmp_path / "nothing")) == []
