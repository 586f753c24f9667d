"""List of the files that ``sharpcast enhance`` works on: globs and folders, and where they go."""

from __future__ import annotations

import dataclasses
import glob
from collections.abc import Iterable, Iterator
from pathlib import Path

from cli.errors import CliError, WrongUse

SUFFIXES = frozenset(
    {
        *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".m2ts", ".mts", ".mpg"),
        *(".mpeg", ".wmv", ".flv", ".ogv", ".3gp", ".y4m", ".vob", ".mxf"),
    }
)
"""Suffixes that are looked for in folders. A file that is named itself may have any."""

_SIGNS = frozenset("*?[")


@dataclasses.dataclass(frozen=True, slots=True)
class FileTask:
    """One file to enhance."""

    source: Path
    target: Path


def list_tasks(inputs: Iterable[str], out: Path, suffix: str) -> list[FileTask]:
    """Returns a task for each file, in order; folders are mirrored below ``out``.

    Raises WrongUse for the output folder as an input, CliError for an input that is nothing, and
    for two files with one target.
    """
    tasks: dict[Path, FileTask] = {}
    seen: set[Path] = set()
    for text in inputs:
        found = list(_files(text, out))
        if not found and Path(text).is_dir() and Path(text).resolve() == out.resolve():
            raise WrongUse(f"Input and output folder are the same: {text}.")
        if not found:
            raise CliError(f"{text} holds no video: no such file, or none with a known suffix.")
        for path, place in found:
            target = out / place.with_suffix(suffix)
            # Two inputs may name one file, by a glob and by its folder.
            if path.resolve() in seen:
                continue
            seen.add(path.resolve())
            if target in tasks:
                raise CliError(
                    f"{tasks[target].source} and {path} would both become {target}: give them "
                    "different names, or enhance them one after the other."
                )
            tasks[target] = FileTask(path, target)
    return list(tasks.values())


def _files(text: str, out: Path) -> Iterator[tuple[Path, Path]]:
    """Yields each file of an input with its place below the folder of the output."""
    path = Path(text)
    if path.is_dir():
        yield from ((each, each.relative_to(path)) for each in _films(path, out))
    elif path.is_file():
        yield path, Path(path.name)
    elif _SIGNS & set(text):
        # Shells expand these too, but not in quotes, in units of systemd or on every system.
        for match in sorted(glob.glob(text, recursive=True)):
            found = Path(match)
            if found.is_file() and _is_film(found):
                yield found, Path(found.name)


def _films(folder: Path, out: Path) -> list[Path]:
    # What was made before may lie within the folder, and must not be enhanced again.
    made = out.resolve()
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and _is_film(path)
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and made not in path.resolve().parents
    )


def _is_film(path: Path) -> bool:
    # An unfinished output of an earlier run is no input.
    return path.suffix.lower() in SUFFIXES and not path.stem.endswith(".partial")
