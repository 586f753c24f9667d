from __future__ import annotations

import pytest

from benchmarks.__main__ import JOBS, _job, main


@pytest.mark.parametrize(
    ("old", "new"), [("glass", "glass-to-glass"), ("reuse", "temporal"), ("crowd", "capacity")]
)
def test_old_names_are_accepted_and_not_listed(
    old: str, new: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _job(old) == _job(new) == new
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out
    assert new in told and f" {old}," not in told


def test_a_job_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["nothing"])
    told = capsys.readouterr().err
    assert all(name in told for name in JOBS)
