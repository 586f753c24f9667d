"""Store of compiled plans on disk, so that a worker compiles a net once and not at every start."""

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
"""Files in the store; the least recently used one goes first."""

_MAGIC = b"SCPLAN1\n"
_SUFFIX = ".plan"


@dataclasses.dataclass(frozen=True, slots=True)
class PlanKey:
    """Everything that a plan depends on."""

    net: str
    "sha256 of the net's file; empty for a refittable plan, which serves every net of its structure"
    structure: str
    "Digest of the graph without its weights."
    shapes: Shapes
    gpu: Gpu
    precision: str

    @property
    def family(self) -> str:
        """Digest of all fields but the net: the same for all nets of one structure."""
        text = json.dumps(dataclasses.asdict(dataclasses.replace(self, net="")), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    @property
    def file_name(self) -> str:
        """Name of the plan's file; it has hexadecimal digits and letters only."""
        # 24 hexadecimal digits are 96 bits: short enough for a name. A collision is found by the
        # whole key in the file.
        return f"{self.family}-{self.net[:24] or 'any'}{_SUFFIX}"

    @property
    def for_any(self) -> PlanKey:
        """Key of the refittable plan of this structure."""
        return dataclasses.replace(self, net="")

    def encode(self) -> bytes:
        """Encodes the key as it stands in the file."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True).encode()


def encode(key: PlanKey, plan: bytes) -> bytes:
    """Encodes a file: magic, length of the key (4 bytes, big endian), key, sha256, plan."""
    head = key.encode()
    return b"".join(
        (_MAGIC, len(head).to_bytes(4, "big"), head, hashlib.sha256(plan).digest(), plan)
    )


def parse(key: PlanKey, data: bytes) -> bytes:
    """Returns the plan in a file's bytes. Raises BadPlan if it is damaged or of another key."""
    if data[: len(_MAGIC)] != _MAGIC:
        raise BadPlan("it does not begin as a plan does")
    start = len(_MAGIC) + 4
    length = int.from_bytes(data[len(_MAGIC) : start], "big")
    head, digest = data[start : start + length], data[start + length : start + length + 32]
    # Before the checksum: a length that was damaged gives another head, whatever it says.
    if head != key.encode():
        raise BadPlan("it was made for something else")
    plan = data[start + length + 32 :]
    if hashlib.sha256(plan).digest() != digest:
        raise BadPlan("its bytes were changed or cut off")
    return plan


class PlanStore:
    """A folder of plans.

    Files that cannot be read or written are logged; the net is then compiled again.
    """

    def __init__(self, folder: Path | None, *, max_plans: int = MAX_PLANS) -> None:
        """Opens a folder; None stores nothing."""
        self._folder = folder
        self._max_plans = max_plans

    def get(self, key: PlanKey) -> bytes | None:
        """Reads a plan; None if there is none. A damaged file is removed."""
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
            # It would be damaged at the next start too.
            self.drop(key)
            return None
        with contextlib.suppress(OSError):
            # The time of the last use decides which plan goes first; on a read-only disk nothing is
            # dropped either.
            os.utime(path)
        return plan

    def put(self, key: PlanKey, plan: bytes) -> None:
        """Stores a plan; its file appears only when it is complete."""
        path = self._path(key)
        if path is None:
            return
        try:
            # Plans hold code for the GPU, so no other user may write into this folder.
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, encode(key, plan))
            self._forget_oldest(path.parent)
        except OSError as error:
            self._say(f"{path.name} cannot be kept: {error.strerror}")

    def drop(self, key: PlanKey) -> None:
        """Removes a plan that cannot be used."""
        path = self._path(key)
        if path is not None:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def has_relative(self, key: PlanKey) -> bool:
        """Returns True if another net of this structure has a plan for the same GPU and shapes."""
        if self._folder is None or not self._folder.is_dir():
            return False
        names = {path.name for path in self._folder.glob(f"{key.family}-*{_SUFFIX}")}
        return bool(names - {key.file_name})

    def _path(self, key: PlanKey) -> Path | None:
        return None if self._folder is None else self._folder / key.file_name

    def _forget_oldest(self, folder: Path) -> None:
        dated = []
        for path in folder.glob(f"*{_SUFFIX}"):
            # Another process may have removed the file meanwhile.
            with contextlib.suppress(FileNotFoundError):
                dated.append((path.stat().st_mtime_ns, path))
        for _, path in sorted(dated)[: max(0, len(dated) - self._max_plans)]:
            path.unlink(missing_ok=True)

    def _say(self, text: str) -> None:
        log.warning("kept plans: %s", text, extra={"action": "plan_trouble"})
