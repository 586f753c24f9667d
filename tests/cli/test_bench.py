"""``sharpcast bench`` hands all to the benchmarks."""

from __future__ import annotations

from tests.cli.command import sharpcast


def test_its_help_is_that_of_the_benchmarks() -> None:
    result = sharpcast("bench", "--help")
    assert result.returncode == 0, result.stderr
    for job in ("live", "glass", "quality"):
        assert job in result.stdout


def test_a_job_that_is_none_is_refused_with_the_jobs() -> None:
    result = sharpcast("bench", "nothing")
    assert result.returncode == 2
    assert "nothing" in result.stderr and "Traceback" not in result.stderr
