"""Ends files whose writer died: what is whole of them is kept, with length and index. Blocking."""

from __future__ import annotations

import contextlib
import fcntl

import msgspec

from app.recording.containers import CONTAINERS
from app.recording.file_facts import FileFacts
from app.recording.folder import Folder, StoredFile, write_facts
from app.recording.recorded_file import finish
from app.recording.tidy_faults import TidyFaults


def repair(folder: Folder, faults: TidyFaults) -> int:
    """Ends all files that nobody writes and that were not ended; returns their number.

    ``faults`` takes those that are damaged, or that this process may not change.
    """
    repaired = 0
    for stored in folder.stored():
        facts = folder.facts(stored.stream, stored.name)
        if facts is not None and facts.ended:
            continue
        try:
            repaired += _repair(folder, stored, facts)
        except (OSError, ValueError) as error:
            # It stays as it is: somebody may still read something of it.
            faults.note(f"{stored.stream}/{stored.name}", "repaired", error)
    return repaired


def _repair(folder: Folder, stored: StoredFile, facts: FileFacts | None) -> bool:
    container = CONTAINERS[stored.parts.suffix]
    path = folder.root / stored.stream / stored.name
    with contextlib.suppress(BlockingIOError), open(path, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Without its facts it may be a file of somebody else: then it is listed, and not changed.
        if facts is None:
            return False
        length_us = finish(file, container)
        ended = msgspec.structs.replace(facts, ended=True, length_us=length_us)
        write_facts(path, ended)
        return True
    return False
