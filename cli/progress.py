"""Progress bar of a file: frames, frames per second, time left."""

from __future__ import annotations

from types import TracebackType

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


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f} fps" if task.speed else "- fps")


class FileProgress:
    """Progress bar on stderr, shown between entry and exit."""

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

    def show(self, done: int, total: int) -> None:
        """Shows the number of finished frames; ``total`` is 0 if it is not known."""
        self._progress.update(self._task, completed=done, total=total or None)

    def say(self, sentences: tuple[str, ...]) -> None:
        """Prints sentences above the bar."""
        for sentence in sentences:
            # No markup: brackets in the name of a file are no style.
            self._progress.console.print(sentence, highlight=False, markup=False, soft_wrap=True)

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
