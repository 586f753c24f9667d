"""Compiled code is found again by those whom it fits, and by nobody else."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from workers.kernels.loop_cache import MAX_FOLDERS, digest_of, loop_files, open_folder, places

ROOT = Path(__file__).parents[3]

CALLEE = """
from workers.kernels.jit import inlined

@inlined
def times(value):
    return 2 * value
"""

CALLER = """
from workers.kernels.jit import compiled
from workers.bitstream.callee import times

@compiled
def total(values):
    made = 0 * values[0]
    for value in values:
        made += times(value)
    return made
"""

CALL = """
import sys
import numpy as np
from workers.temporal.caller import total
kinds = sys.argv[1].split(",")
print(*(int(total(np.arange(4).astype(kind))) for kind in kinds))
print(sum(total.stats.cache_hits.values()), sum(total.stats.cache_misses.values()))
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small tree of two loops in two packages, with the product's compiler."""
    root = tmp_path / "tree"
    shutil.copytree(
        ROOT / "workers" / "kernels",
        root / "workers" / "kernels",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for package in ("", "bitstream", "temporal"):
        (root / "workers" / package).mkdir(exist_ok=True)
        (root / "workers" / package / "__init__.py").write_text("")
    (root / "workers" / "bitstream" / "callee.py").write_text(CALLEE)
    (root / "workers" / "temporal" / "caller.py").write_text(CALLER)
    return root


def start(tree: Path, kinds: str = "int64", folder: Path | None = None) -> subprocess.Popen[str]:
    """A process that calls the outer loop with arrays of those kinds."""
    kept = folder or tree / "kept"
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(kept), "XDG_CACHE_HOME": str(tree / "home")}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", CALL, kinds],
        cwd=tree,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[list[int], int, int]:
    """What it computed, how many signatures it found and how many it compiled."""
    out, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    made, counts = out.splitlines()
    hits, misses = map(int, counts.split())
    return [int(each) for each in made.split()], hits, misses


def call(
    tree: Path, kinds: str = "int64", folder: Path | None = None
) -> tuple[list[int], int, int]:
    return ended(start(tree, kinds, folder))


def test_a_second_process_compiles_nothing_until_a_callee_changes(tree: Path) -> None:
    assert call(tree) == ([12], 0, 1)
    # Times of files do not count, nor does where the tree is.
    for path in tree.rglob("*.py"):
        os.utime(path, (1, 1))
    moved = tree.with_name("moved")
    shutil.copytree(tree, moved)
    assert call(moved) == ([12], 1, 0)
    callee = moved / "workers" / "bitstream" / "callee.py"
    callee.write_text(CALLEE.replace("2 *", "3 *"))
    assert call(moved) == ([18], 0, 1)
    callee.write_text(CALLEE)
    assert call(moved) == ([12], 1, 0)


def test_a_folder_that_cannot_be_written_to_is_read(tree: Path) -> None:
    call(tree)
    [folder] = (tree / "kept").iterdir()
    (folder / "lock").unlink()
    (folder / "lock").mkdir()  # Fails as a read-only file system does, for root too.
    assert call(tree, "int64,float32") == ([12, 12], 1, 1)
    assert call(tree, "int64,float32") == ([12, 12], 1, 1)


def test_processes_that_share_a_folder_do_not_disturb_each_other(tree: Path) -> None:
    kinds = ["int64", "float32", "int16"]
    started = [start(tree, kind) for kind in kinds]
    assert all(ended(each) == ([12], 0, 1) for each in started)
    assert call(tree, ",".join(kinds)) == ([12] * 3, 3, 0)


def test_code_is_kept_beside_the_package_where_the_given_place_is_no_folder(tree: Path) -> None:
    nothing = tree / "file"
    nothing.write_text("")
    assert call(tree, folder=nothing) == ([12], 0, 1)
    assert call(tree, folder=nothing) == ([12], 1, 0)
    assert [*(tree / "workers" / "kernels" / "__pycache__").glob("loops-*/*.nbc")]


def test_without_a_place_nothing_is_kept(tmp_path: Path) -> None:
    nothing = tmp_path / "file"
    nothing.write_text("")
    assert open_folder([nothing, nothing / "below"], "0") is None


def test_folders_that_nobody_used_for_long_are_removed(tmp_path: Path) -> None:
    first = open_folder([tmp_path], "first")
    assert first is not None and first.is_dir()
    for index in range(10):
        made = open_folder([tmp_path], str(index))
        assert made is not None
        os.utime(made, (index, index))
        assert open_folder([tmp_path], "first") == first
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "loops-7",
        "loops-8",
        "loops-9",
        "loops-first",
    ]
    assert len([*tmp_path.iterdir()]) == MAX_FOLDERS


def test_a_folder_that_vanishes_while_others_are_looked_at_does_no_harm(tmp_path: Path) -> None:
    """As when two processes tidy at once."""
    (tmp_path / "loops-gone").symlink_to(tmp_path / "nowhere")
    for index in range(MAX_FOLDERS + 2):
        made = open_folder([tmp_path, tmp_path / "second"], str(index))
        assert made == tmp_path / f"loops-{index}" and made.is_dir()
        os.utime(made, (index, index))
    assert sum(path.is_dir() for path in tmp_path.iterdir()) == MAX_FOLDERS
    assert not (tmp_path / "second").exists()


def test_the_first_place_that_can_hold_a_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    second = tmp_path / "second"
    assert open_folder([tmp_path / "file", second], "0") == second / "loops-0"
    # One that is there already is found again, and marked as used.
    os.utime(second / "loops-0", (1, 1))
    assert open_folder([second, tmp_path / "third"], "0") == second / "loops-0"
    assert (second / "loops-0").stat().st_mtime > 1


@pytest.mark.parametrize(
    ("chosen", "home", "expected"),
    [
        ("", "/home/a/.cache", ["__pycache__", "sharpcast"]),
        ("/given", "/home/a/.cache", ["given", "__pycache__", "sharpcast"]),
        # A relative path in the variable is to be ignored.
        ("", "relative", ["__pycache__"]),
    ],
)
def test_the_operators_place_comes_first_and_the_users_last(
    monkeypatch: pytest.MonkeyPatch, chosen: str, home: str, expected: list[str]
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", chosen)
    monkeypatch.setenv("XDG_CACHE_HOME", home)
    assert [place.name for place in places()] == expected


MARK = """
import os, sys
from workers.kernels import loop_cache
before = loop_cache.is_filled()
loop_cache.LoopCache.unkept = int(sys.argv[1])
loop_cache.mark_filled()
print(before, loop_cache.is_filled())
"""


def mark(tree: Path, unkept: int, place: Path | None = None) -> list[str]:
    """What a process of its own says before and after it notes that all loops are there."""
    kept = place or tree / "kept"
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(kept), "XDG_CACHE_HOME": str(tree / "home")}
    done = subprocess.run(
        [sys.executable, "-c", MARK, str(unkept)],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    return done.stdout.split()


def test_a_filled_folder_is_known_until_a_file_changes(tree: Path) -> None:
    assert mark(tree, unkept=1) == ["False", "False"]
    assert mark(tree, unkept=0) == ["False", "True"]
    assert mark(tree, unkept=0) == ["True", "True"]
    (tree / "workers" / "bitstream" / "callee.py").write_text(CALLEE.replace("2 *", "3 *"))
    assert mark(tree, unkept=1) == ["False", "False"]


def test_what_has_no_loops_and_gives_them_nothing_does_not_count(tree: Path) -> None:
    before = digest_of(tree)
    (tree / "workers" / "temporal" / "policy.py").write_text("ANSWER = 42\n")
    assert digest_of(tree) == before
    (tree / "workers" / "temporal" / "caller.py").write_text(
        CALLER.replace(
            "from workers.bit", "from workers.temporal.policy import ANSWER\nfrom workers.bit"
        )
    )
    changed = digest_of(tree)
    (tree / "workers" / "temporal" / "policy.py").write_text("ANSWER = 43\n")
    assert before != changed != digest_of(tree)


def test_loops_use_nothing_of_ours_from_outside_of_the_digest() -> None:
    files = loop_files()
    assert len(files) > 8
    for path in files:
        tree = ast.parse(path.read_text())
        foreign = {
            name.asname or name.name
            for node in tree.body
            if isinstance(node, ast.ImportFrom)
            and (node.module or "").split(".")[0] in {"workers", "media", "wire", "models"}
            and ROOT / f"{(node.module or '').replace('.', '/')}.py" not in files
            for name in node.names
        }
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and any(
                isinstance(each, ast.Name) and each.id in {"compiled", "inlined"}
                for each in node.decorator_list
            ):
                body = {
                    each.id
                    for statement in node.body
                    for each in ast.walk(statement)
                    if isinstance(each, ast.Name)
                }
                assert not body & foreign, f"{path.name}: {node.name} uses {body & foreign}"
