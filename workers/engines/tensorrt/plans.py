"""Compiled plans on disk, so that a worker compiles a net once and not at every start."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import logging
import os
from pathlib import Path

from workers.engines.tensorrt.gpu_api import Gpu, Shapes
from workers.errors import BadPlan
from workers.runtime.atomic_file import write_whole

log = logging.getLogger(__name__)

MAX_PLANS = 64
"""Files kept; the one not used for longest goes first."""

_MAGIC = b"SCPLAN1\n"
_SUFFIX = ".plan"


@dataclasses.dataclass(frozen=True, slots=True)
class PlanKey:
    """All that a plan depends on."""

    net: str
    "sha256 of the net's file; empty for a refittable plan, which serves every net of its structure"
    structure: str
    "Digest of the graph without its weights."
    shapes: Shapes
    gpu: Gpu
    precision: str

    @property
    def family(self) -> str:
        """The same for all nets of one structure: a digest of all but the net."""
        text = json.dumps(dataclasses.asdict(dataclasses.replace(self, net="")), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    @property
    def file_name(self) -> str:
        """Of the plan's file; says nothing that a file name cannot hold."""
        return f"{self.family}-{self.net[:24] or 'any'}{_SUFFIX}"

    @property
    def for_any(self) -> PlanKey:
        """The key of the refittable plan of this structure."""
        return dataclasses.replace(self, net="")

    def encode(self) -> bytes:
        """As it stands in the file."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True).encode()


def encode(key: PlanKey, plan: bytes) -> bytes:
    """Magic, length of the key (4 bytes, big endian), key, sha256 of the plan, plan."""
    head = key.encode()
    return b"".join(
        (_MAGIC, len(head).to_bytes(4, "big"), head, hashlib.sha256(plan).digest(), plan)
    )


def parse(key: PlanKey, data: bytes) -> bytes:
    """The plan in a file's bytes. Raises BadPlan if it is damaged or another key's."""
    if data[: len(_MAGIC)] != _MAGIC:
        raise BadPlan("it does not begin as a plan does")
    start = len(_MAGIC) + 4
    length = int.from_bytes(data[len(_MAGIC) : start], "big")
    head, digest = data[start : start + length], data[start + length : start + length + 32]
    if head != key.encode():
        raise BadPlan("it was made for something else")
    plan = data[start + length + 32 :]
    if hashlib.sha256(plan).digest() != digest:
        raise BadPlan("its bytes were changed or cut off")
    return plan


class PlanStore:
    """A folder of plans. What cannot be read or written is said in the log; then the net is
    compiled again, and nothing else is lost.
    """

    def __init__(self, folder: Path | None, *, most: int = MAX_PLANS) -> None:
        """None keeps nothing."""
        self._folder = folder
        self._most = most

    def get(self, key: PlanKey) -> bytes | None:
        """The plan, or None. A damaged file is removed."""
        path = self._path(key)
        if path is None:
            return None
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._say(f"{path.name} cannot be read: {error.strerror}")
            return None
        try:
            plan = parse(key, data)
        except BadPlan as error:
            self._say(f"{path.name} is not used: {error}")
            self.drop(key)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return plan

    def put(self, key: PlanKey, plan: bytes) -> None:
        """Keeps a plan: the file's name appears when it is whole, never before."""
        path = self._path(key)
        if path is None:
            return
        try:
            # Plans hold code for the GPU: nobody else may put one there.
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, encode(key, plan))
            self._forget_oldest(path.parent)
        except OSError as error:
            self._say(f"{path.name} cannot be kept: {error.strerror}")

    def drop(self, key: PlanKey) -> None:
        """Forgets a plan that turned out to be of no use."""
        path = self._path(key)
        if path is not None:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def has_relative(self, key: PlanKey) -> bool:
        """True if another net of the same structure was compiled for the same GPU and shapes."""
        if self._folder is None or not self._folder.is_dir():
            return False
        names = {path.name for path in self._folder.glob(f"{key.family}-*{_SUFFIX}")}
        return bool(names - {key.file_name})

    def _path(self, key: PlanKey) -> Path | None:
        return None if self._folder is None else self._folder / key.file_name

    def _forget_oldest(self, folder: Path) -> None:
        dated = []
        for path in folder.glob(f"*{_SUFFIX}"):
            # Another process may have removed it meanwhile.
            with contextlib.suppress(FileNotFoundError):
                dated.append((path.stat().st_mtime_ns, path))
        for _, path in sorted(dated)[: max(0, len(dated) - self._most)]:
            path.unlink(missing_ok=True)

    def _say(self, text: str) -> None:
        log.warning("kept plans: %s", text, extra={"action": "plan_trouble"})
