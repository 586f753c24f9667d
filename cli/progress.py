"""Progress of files on the terminal, or as lines of JSON for programs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

_EVENT_PERIOD_S = 0.5
"""Time between two lines of JSON about one file."""


class ProgressView(Protocol):
    """Shows the work to a user or a program."""

    def begin(self, source: Path) -> None:
        """Shows that a file begins."""

    def show(self, figures: dict[str, Any], *, now: float) -> None:
        """Shows the figures of ``EnhanceReport.show``."""

    def say(self, sentences: tuple[str, ...]) -> None:
        """Shows sentences about the file."""

    def end(self, event: str, **facts: Any) -> None:
        """Shows how a file, or all of them, ended; ``text`` says it in words."""


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        fps, speed = task.fields.get("fps"), task.fields.get("speed")
        told = "- fps" if fps is None else f"{fps:.1f} fps"
        return Text(told if speed is None else f"{told}, {speed:.2f} x real time")


class FileProgress:
    """Progress bar on stderr, shown between entry and exit; results go to stdout."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._task = self._progress.add_task("enhancing", total=None)

    def begin(self, source: Path) -> None:
        """Shows that a file begins."""
        self._progress.reset(self._task, total=None, description="enhancing")

    def show(self, figures: dict[str, Any], *, now: float) -> None:
        """Shows the number of finished frames, speed and time left."""
        many = figures["files"] > 1
        words = f"enhancing {figures['file']}/{figures['files']}" if many else "enhancing"
        self._progress.update(
            self._task,
            description=words,
            completed=figures["frames"],
            total=figures["frames_total"],
            fps=figures["fps"],
            speed=figures["speed"],
        )

    def say(self, sentences: tuple[str, ...]) -> None:
        """Prints sentences above the bar."""
        for sentence in sentences:
            # No markup: brackets in the name of a file are no style.
            self._progress.console.print(sentence, highlight=False, markup=False, soft_wrap=True)

    def end(self, event: str, **facts: Any) -> None:
        """Prints a result to stdout, a failure to stderr; nothing without a text."""
        if event == "failed":
            self.say((f"sharpcast: {facts['text']}",))
        elif facts.get("text"):
            print(facts["text"], flush=True)

    def __enter__(self) -> FileProgress:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()


class JsonProgress:
    """One JSON object a line on stdout, each with an ``event``."""

    def __init__(self) -> None:
        self._source = ""
        self._last_s = -_EVENT_PERIOD_S

    def begin(self, source: Path) -> None:
        """Writes that a file begins."""
        self._source, self._last_s = str(source), -_EVENT_PERIOD_S
        self._write("begin")

    def show(self, figures: dict[str, Any], *, now: float) -> None:
        """Writes the figures, twice a second at most."""
        if now - self._last_s >= _EVENT_PERIOD_S:
            self._last_s = now
            self._write("progress", **figures)

    def say(self, sentences: tuple[str, ...]) -> None:
        """Writes each sentence about the file."""
        for sentence in sentences:
            self._write("note", text=sentence)

    def end(self, event: str, **facts: Any) -> None:
        """Writes how a file, or all of them, ended."""
        if event in ("summary", "interrupted"):
            self._source = ""
        self._write(event, **facts)

    def _write(self, event: str, **facts: Any) -> None:
        of_file = {"source": self._source} if self._source else {}
        sys.stdout.write(json.dumps({"event": event, **of_file, **facts}) + "\n")
        sys.stdout.flush()

    def __enter__(self) -> JsonProgress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is left to end."""
