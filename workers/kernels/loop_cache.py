"""The folder that compiled loops are kept in, named by all that their machine code depends on.

numba compares what it kept with the file of the function alone, so that a loop which calls a loop
of another file would stay in use after a change there. Here one folder holds the code of all loops.
Its name is a digest of every file with loops, of the files whose constants those files use, of
Python, numba and LLVM, and of the processor. A change in any of them leads to another folder; an
unchanged tree finds its own again, also after a copy or a checkout.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import logging
import os
import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding
import numba
from numba.core.caching import CompileResultCacheImpl, FunctionCache

__all__ = [
    "MAX_FOLDERS",
    "LoopCache",
    "is_filled",
    "loop_files",
    "mark_filled",
    "open_folder",
    "places",
]

log = logging.getLogger(__name__)

MAX_FOLDERS = 4
"""Folders that one place keeps, the one in use included. A folder holds about 3 MB; four let an
upgrade and a rollback, or a few checkouts that share the user's cache, find their code again.
"""

# Files are read as text and searched. They cannot be imported for that, since each loop asks for
# the folder while its own module is being imported.
_ROOT = Path(__file__).parents[2]
_PACKAGES = ("kernels", "media", "temporal", "bitstream", "team")
_PREFIX = "loops-"
_FILLED = "filled"
"""File in a folder that says that it has the code of all loops."""
_LOOP = re.compile(r"^@(?:compiled|inlined)\b", re.MULTILINE)
_IMPORT = re.compile(rf"^from (workers\.(?:{'|'.join(_PACKAGES)})\.\w+) import", re.MULTILINE)


def loop_files(root: Path = _ROOT) -> list[Path]:
    """Returns the files below ``root`` that the machine code is made from: those with loops, and
    those of the same packages that they import, since numba freezes constants into the code.
    """
    texts = {
        path: path.read_text(encoding="utf-8")
        for package in _PACKAGES
        for path in (root / "workers" / package).glob("*.py")
    }
    found: set[Path] = set()
    waiting = [path for path, text in texts.items() if _LOOP.search(text)]
    while waiting:
        path = waiting.pop()
        found.add(path)
        imported = (root / f"{name.replace('.', '/')}.py" for name in _IMPORT.findall(texts[path]))
        waiting += [each for each in imported if each in texts and each not in found]
    return sorted(found)


def digest_of(root: Path = _ROOT) -> str:
    """Returns 16 hexadecimal digits for the loops below ``root`` on this machine."""
    # The features count beside the processor's name: a hypervisor may hide instructions of a
    # processor whose name it shows.
    made = hashlib.sha256()
    features = llvmlite.binding.get_host_cpu_features().flatten()
    for part in (
        sys.version,
        numba.__version__,
        llvmlite.__version__,
        llvmlite.binding.get_host_cpu_name(),
        features,
    ):
        # The zero byte ends a part, so that no two lists of parts give the same text.
        made.update(f"{part}\0".encode())
    for path in loop_files(root):
        made.update(f"{path.relative_to(root)}\0".encode())
        made.update(hashlib.sha256(path.read_bytes()).digest())
    return made.hexdigest()[:16]


def places() -> list[Path]:
    """Returns where folders may be, the best first: the operator's NUMBA_CACHE_DIR, beside the
    package, the user's cache.
    """
    chosen: str = numba.config.CACHE_DIR  # type: ignore[attr-defined]
    given = [Path(chosen)] if chosen else []
    # The XDG base directory specification says that relative paths in its variables are to be
    # ignored.
    users = os.path.expanduser(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    own = [Path(users) / "sharpcast"] if os.path.isabs(users) else []
    return [*given, Path(__file__).parent / "__pycache__", *own]


def open_folder(roots: Iterable[Path], digest: str) -> Path | None:
    """Returns the first folder of that digest that is there or can be made, None without any. One
    that cannot be written to serves as well: an image may bring its code along.
    """
    for root in roots:
        folder = root / f"{_PREFIX}{digest}"
        try:
            if not folder.is_dir():
                folder.mkdir(parents=True, exist_ok=True)
                # Only a process that adds a folder looks for old ones, so an unchanged tree starts
                # without a look at the others.
                _tidy(root)
        except OSError:
            continue
        try:
            # The modification time of a folder is the time of its last start; ``_tidy`` goes by it.
            os.utime(folder)
        except OSError:
            log.debug("%s cannot be marked as used", folder)
        return folder
    return None


def _tidy(root: Path) -> None:
    """Removes the folders that were unused for longest. A process that still uses one has its code
    in memory, and makes the folder again when it compiles more.
    """
    dated = []
    for folder in root.glob(f"{_PREFIX}*"):
        # Another process may remove a folder between the listing and the look at its time.
        with contextlib.suppress(OSError):
            dated.append((folder.stat().st_mtime, folder))
    # The folder that was made just now is the newest and never goes.
    for _, folder in sorted(dated, reverse=True)[MAX_FOLDERS:]:
        shutil.rmtree(folder, ignore_errors=True)


@functools.cache
def _own() -> tuple[Path | None, str, frozenset[str]]:
    """The folder of this process, its digest, and the files whose loops may be kept in it."""
    digest = digest_of()
    folder = open_folder(places(), digest)
    if folder is None:
        log.warning("compiled loops cannot be kept", extra={"action": "loops_not_kept"})
    return folder, digest, frozenset(str(path) for path in loop_files())


def is_filled() -> bool:
    """True where all loops were compiled into this process's folder before."""
    folder = _own()[0]
    return folder is not None and (folder / _FILLED).exists()


def mark_filled() -> None:
    """Notes that this process left all loops in the folder, if it did."""
    folder = _own()[0]
    if folder is not None and not LoopCache.unkept:
        with contextlib.suppress(OSError):
            (folder / _FILLED).touch()


class _Locator:
    """Tells numba the folder; the digest stands in for the time stamp of the function's file."""

    def __init__(self, function: Any, path: str) -> None:
        self._py_file = path
        self._line = function.__code__.co_firstlineno
        folder, self._digest, _ = _own()
        self._folder = str(folder)

    @classmethod
    def from_function(cls, function: Any, path: str) -> _Locator:
        """numba's way to make one."""
        return cls(function, path)

    def get_cache_path(self) -> str:
        """Returns the folder."""
        return self._folder

    def get_source_stamp(self) -> str:
        """Returns what must be equal for an entry to be used."""
        return self._digest

    def get_disambiguator(self) -> str:
        """Returns what tells functions of one name in one file apart."""
        return str(self._line)

    def ensure_cache_path(self) -> None:
        """Makes the folder, which another process may have tidied away."""
        os.makedirs(self._folder, exist_ok=True)


class _Entry(CompileResultCacheImpl):
    _locator_classes = [_Locator]


class LoopCache(FunctionCache):
    """The kept code of one loop."""

    _impl_class = _Entry
    unkept = 0
    "Codes of this process that could not be kept."

    @classmethod
    def of(cls, function: Any) -> LoopCache | None:
        """Returns the cache of a function; None where its code cannot be kept, because there is no
        folder or the digest does not cover its file.
        """
        folder, _, files = _own()
        kept = folder is not None and os.path.abspath(function.__code__.co_filename) in files
        return cls(function) if kept else None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keeps the code of one signature. numba reads the index, adds to it and writes it back:
        two processes that do so at once would give one file's name to two signatures, so they take
        turns. Where the folder cannot be written to, this process alone has the code.
        """
        path = Path(self.cache_path)
        try:
            path.mkdir(parents=True, exist_ok=True)
            # flock belongs to the open file: it ends with the block, and also where the process is
            # killed.
            with (path / "lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                super().save_overload(sig, data)  # type: ignore[no-untyped-call]
        except OSError as error:
            LoopCache.unkept += 1
            log.debug("a compiled loop is not kept: %s", error)
