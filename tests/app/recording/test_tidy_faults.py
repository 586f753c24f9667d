"""What cannot be tidied up is told once, and counted."""

from __future__ import annotations

import pytest

from app.recording.tidy_faults import MAX_TOLD, TidyFaults


def test_each_fault_is_told_and_counted_once(caplog: pytest.LogCaptureFixture) -> None:
    faults = TidyFaults()
    for _ in range(3):
        faults.note("cam1/a.mp4", "removed", PermissionError("not permitted"))
        faults.note("cam1/b.mp4", "removed", PermissionError("not permitted"))
        faults.note("cam1/a.mp4", "repaired", ValueError("it is damaged"))
    assert [each.getMessage() for each in caplog.records] == [
        "cam1/a.mp4 is not removed: not permitted",
        "cam1/b.mp4 is not removed: not permitted",
        "cam1/a.mp4 is not repaired: it is damaged",
    ]
    assert faults.count == 3


def test_another_reason_is_no_news() -> None:
    faults = TidyFaults()
    for number in range(5):
        faults.note("cam1/a.mp4", "removed", OSError(number, f"reason {number}"))
    assert faults.count == 1


def test_what_is_remembered_is_bounded() -> None:
    faults = TidyFaults()
    for number in range(5 * MAX_TOLD):
        faults.note(f"cam1/{number}.mp4", "removed", OSError("no"))
    assert faults.count == 5 * MAX_TOLD
    assert len(faults._told) <= MAX_TOLD
    faults.note("cam1/0.mp4", "removed", OSError("no"))  # forgotten since
    assert faults.count == 5 * MAX_TOLD + 1
