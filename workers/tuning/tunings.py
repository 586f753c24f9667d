"""The tuning of all streams of a worker: one process, one question at a time."""

from __future__ import annotations

import dataclasses
import importlib.util
import logging
import queue
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from models.tuning.messages import Answer, Request
from workers.tuning.tuner_process import TunerProcess

log = logging.getLogger(__name__)

MAX_WAITING = 8
"""Questions that wait for the process; further ones are refused, and asked again after a rest."""

JOIN_S = 3.0
"""Seconds for the thread to end."""

_NEEDED = ("torch", "onnx")


@dataclasses.dataclass(frozen=True, slots=True)
class _Asked:
    request: Request
    pictures: list[bytes]
    answered: Callable[[Answer], None]


class Tunings:
    """Owns the process, the thread that asks it, and the folder of the tuned nets."""

    def __init__(self, process: TunerProcess | None = None) -> None:
        self.refused = 0
        "Questions that found the queue full."
        self.failed = 0
        "Questions that got no answer but a fault; their streams ask again after a rest."
        self.folder = Path(tempfile.mkdtemp(prefix="sharpcast-tuning-"))
        self._process = process or TunerProcess()
        self._waiting: queue.Queue[_Asked | None] = queue.Queue(MAX_WAITING)
        self._count = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="tuning", daemon=True)
        self._thread.start()

    def name(self, model: str) -> str:
        """Returns a name for a tuned net that no other one has here."""
        with self._lock:
            self._count += 1
            return f"{model}.tuned-{self._count}"

    def ask(
        self, request: Request, pictures: list[bytes], answered: Callable[[Answer], None]
    ) -> bool:
        """Asks for a net to be tuned or judged; ``answered`` is called on another thread.

        False if too much waits already.
        """
        try:
            self._waiting.put_nowait(_Asked(request, pictures, answered))
        except queue.Full:
            self.refused += 1
            return False
        return True

    def pause(self, is_paused: bool) -> None:
        """Suspends the process while the worker's streams need the time."""
        self._process.pause(is_paused)

    def forget(self, name: str) -> None:
        """Removes the files of a tuned net; a net that runs does not need them."""
        shutil.rmtree(self.folder / name, ignore_errors=True)

    def close(self) -> None:
        """Ends thread and process and removes the folder. Calling it twice is harmless."""
        self._process.close()
        if self._thread.is_alive():
            # Whoever waits is not answered any more.
            while not self._waiting.empty():
                self._waiting.get_nowait()
            self._waiting.put(None)
            self._thread.join(JOIN_S)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self) -> None:
        try:
            while (asked := self._waiting.get()) is not None:
                answer = self._process.ask(asked.request, asked.pictures)
                if answer.fault:
                    self.failed += 1
                    log.info(
                        "no net was tuned (%d so far): %s",
                        self.failed,
                        answer.fault,
                        extra={"action": "tuning_failed"},
                    )
                asked.answered(answer)
        finally:
            self._process.end()


def obstacle() -> str:
    """Returns why nothing can be tuned on this installation, as a sentence; empty if it can."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if not missing:
        return ""
    return f"Tuning needs {' and '.join(missing)}: pip install 'sharpcast[torch]'."
