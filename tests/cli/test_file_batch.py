"""Files that globs and folders name, and where they go."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.errors import CliError
from cli.file_batch import list_tasks


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """A folder with films, and with what is none."""
    root = tmp_path / "films"
    for name in (
        "a.mp4",
        "b.MKV",
        "text.txt",
        "cover.jpg",
        ".hidden.mp4",
        "a.partial.mp4",
        "deep/er/c.mov",
        ".git/d.mp4",
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def pairs(inputs: list[str], out: Path, root: Path) -> list[tuple[str, str]]:
    return [
        (str(task.source.relative_to(root)), str(task.target.relative_to(out)))
        for task in list_tasks(inputs, out, ".mp4")
    ]


def test_a_folder_is_mirrored_without_what_is_no_film(films: Path, tmp_path: Path) -> None:
    assert pairs([str(films)], tmp_path / "out", films) == [
        ("a.mp4", "a.mp4"),
        ("b.MKV", "b.mp4"),
        ("deep/er/c.mov", "deep/er/c.mp4"),
    ]


def test_a_glob_in_quotes_finds_films_alone(films: Path, tmp_path: Path) -> None:
    assert pairs([f"{films}/*"], tmp_path / "out", films) == [
        ("a.mp4", "a.mp4"),
        ("b.MKV", "b.mp4"),
    ]
    assert pairs([f"{films}/**/*.mov"], tmp_path / "out", films) == [("deep/er/c.mov", "c.mp4")]


def test_a_file_that_is_named_may_have_any_end(films: Path, tmp_path: Path) -> None:
    assert pairs([str(films / "text.txt")], tmp_path / "out", films) == [("text.txt", "text.mp4")]


def test_a_file_whose_name_has_signs_of_a_glob_is_itself(tmp_path: Path) -> None:
    (tmp_path / "a[1].mp4").touch()
    assert len(list_tasks([str(tmp_path / "a[1].mp4")], tmp_path / "out", ".mp4")) == 1


def test_a_file_that_is_named_twice_is_one_task(films: Path, tmp_path: Path) -> None:
    found = pairs([str(films / "a.mp4"), str(films)], tmp_path / "out", films)
    assert [source for source, _ in found] == ["a.mp4", "b.MKV", "deep/er/c.mov"]


def test_what_was_made_before_is_no_input(films: Path) -> None:
    out = films / "out"
    out.mkdir()
    (out / "a.mp4").touch()
    assert [target for _, target in pairs([str(films)], out, films)] == [
        "a.mp4",
        "b.mp4",
        "deep/er/c.mp4",
    ]


def test_two_films_of_one_target_are_told(films: Path, tmp_path: Path) -> None:
    (films / "a.avi").touch()
    with pytest.raises(CliError, match=r"a\.avi and .*a\.mp4 would both become .*a\.mp4"):
        list_tasks([str(films)], tmp_path / "out", ".mp4")


@pytest.mark.parametrize("missing", ["nowhere.mp4", "*.webm", "empty"])
def test_an_input_that_is_nothing_is_told(films: Path, tmp_path: Path, missing: str) -> None:
    (films / "empty").mkdir()
    with pytest.raises(CliError, match="holds no video"):
        list_tasks([str(films / "a.mp4"), str(films / missing)], tmp_path / "out", ".mp4")
