"""``sharpcast monitoring``: the command as a user runs it."""

from __future__ import annotations

from pathlib import Path

from tests.cli.command import assert_one_sentence, sharpcast
from tests.cli.monitoring.test_files import PATHS


def test_it_writes_the_files_and_names_them(tmp_path: Path) -> None:
    done = sharpcast("monitoring", "--out", str(tmp_path), "--target", "10.0.0.7:8080")
    assert done.returncode == 0, done.stderr
    written = {path.relative_to(tmp_path).as_posix() for path in map(Path, done.stdout.split())}
    assert written == PATHS
    assert all((tmp_path / path).is_file() for path in PATHS)
    assert "10.0.0.7:8080" in (tmp_path / "prometheus/prometheus.yml").read_text()


def test_mistakes_are_one_sentence(tmp_path: Path) -> None:
    done = sharpcast("monitoring", "--out", str(tmp_path), "--target", "http://10.0.0.7")
    assert done.returncode == 1
    assert_one_sentence(done.stderr)
    assert list(tmp_path.iterdir()) == []
