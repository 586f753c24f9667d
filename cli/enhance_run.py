"""Work of ``sharpcast enhance``: one file after the other; a broken one stops no other."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from cli.enhance_report import EnhanceReport
from cli.errors import CliError, WrongUse
from cli.file_batch import FileTask, list_tasks
from cli.progress import FileProgress, JsonProgress
from workers.errors import FileFailed, WorkerError
from workers.transcode.file_encoder import NAMES
from workers.transcode.job import (
    FileEnhancer,
    FileOptions,
    FileReport,
    JobProgress,
    partial_of,
)
from workers.transcode.output import FORMATS, format_for
from workers.transcode.preview import check_still

DONE, SOME_FAILED, INTERRUPTED = 0, 1, 130
"""Exit statuses; 2 is wrong use, as of all commands."""


class EnhanceRun:
    """One call of the command. Its methods return the exit status and raise WrongUse."""

    def __init__(
        self, options: FileOptions, *, suffix: str, overwrite: bool, as_json: bool
    ) -> None:
        self._options = options
        self._suffix = suffix
        self._overwrite = overwrite
        self._as_json = as_json
        self._before: tuple[int, int] | None = None

    def start(self, inputs: Sequence[str], *, out: Path | None, preview: Path | None) -> int:
        """Does what the words of the command line ask for."""
        if self._options.encoder not in NAMES:
            known = ", ".join(NAMES)
            raise WrongUse(f"--encoder: {self._options.encoder!r} is none of {known}.")
        if preview is not None:
            return self.still(inputs, preview)
        return self.one(inputs) if out is None else self.many(inputs, out)

    def one(self, inputs: Sequence[str]) -> int:
        """Enhances IN to OUT; what was finished of a file that failed is kept beside it."""
        if len(inputs) != 2:
            raise WrongUse("Give IN and OUT, or any number of inputs and --out FOLDER.")
        source, target = map(Path, inputs)
        if source.is_dir() or target.is_dir():
            return self.many(inputs[:1], target)
        _check(format_for, target)
        if target.exists() and not self._overwrite:
            raise CliError(f"{target} exists already.")
        return self._run([FileTask(source, target)], keeps_partial=True)

    def many(self, inputs: Sequence[str], out: Path) -> int:
        """Enhances all inputs into a folder; those that are there already are skipped."""
        ending = f".{self._suffix.lstrip('.').lower()}"
        if ending not in FORMATS:
            known = ", ".join(each.lstrip(".") for each in FORMATS)
            raise WrongUse(f"--format: {self._suffix!r} is none of {known}.")
        if out.exists() and not out.is_dir():
            raise WrongUse(f"--out: {out} is no folder.")
        return self._run(list_tasks(inputs, out, ending), keeps_partial=False)

    def still(self, inputs: Sequence[str], path: Path) -> int:
        """Writes a still of before and after."""
        if len(inputs) != 1:
            raise WrongUse("--preview takes one input.")
        _check(check_still, path)
        if path.exists() and not self._overwrite:
            raise CliError(f"{path} exists already.")
        with FileEnhancer(self._options) as enhancer:
            try:
                made = enhancer.still(Path(inputs[0]), path)
            except (WorkerError, OSError) as error:
                raise CliError(str(error)) from error
        view = JsonProgress() if self._as_json else FileProgress()
        view.end(
            "still",
            text=f"{path}: {made.width}x{made.height}, of the picture at {made.at_s:.1f} s",
            target=str(path),
            width=made.width,
            height=made.height,
            at_s=round(made.at_s, 3),
        )
        return DONE

    def _run(self, tasks: Sequence[FileTask], *, keeps_partial: bool) -> int:
        report = EnhanceReport(len(tasks))
        view = JsonProgress() if self._as_json else FileProgress()
        with FileEnhancer(self._options) as enhancer, view:
            for task in tasks:
                try:
                    self._enhance(enhancer, task, report, view, keeps_partial=keeps_partial)
                except KeyboardInterrupt:
                    kept = ""
                    if keeps_partial:
                        kept = _kept(task.target, self._before) or " No picture was finished yet."
                    view.end("interrupted", text="", **report.summary)
                    print(f"Interrupted.{kept}", file=sys.stderr)
                    return INTERRUPTED
        view.end("summary", text=_summary(report), **report.summary)
        return SOME_FAILED if report.failed else DONE

    def _enhance(
        self,
        enhancer: FileEnhancer,
        task: FileTask,
        report: EnhanceReport,
        view: FileProgress | JsonProgress,
        *,
        keeps_partial: bool,
    ) -> None:
        """Enhances one file and says how it ended. Raises CliError where all would fail."""
        view.begin(task.source)
        if task.target.exists() and not self._overwrite:
            report.end("skipped")
            view.end("skipped", text=f"{task.target}: skipped", target=str(task.target))
            return
        report.begin()
        self._before, is_whole = _stamp(partial_of(task.target)), False
        try:
            task.target.parent.mkdir(parents=True, exist_ok=True)
            made = enhancer.enhance(
                task.source,
                task.target,
                overwrite=self._overwrite,
                on_losses=view.say,
                on_progress=partial(_show, report, view),
            )
            is_whole = True
        except (FileFailed, OSError) as error:
            report.end("failed")
            text = f"{error}{_kept(task.target, self._before) if keeps_partial else ''}"
            view.end("failed", text=text, target=str(task.target))
            return
        except WorkerError as error:
            # Net or engine: it would be the same with every other file.
            raise CliError(str(error)) from error
        finally:
            if not is_whole and not keeps_partial:
                partial_of(task.target).unlink(missing_ok=True)
        report.end("done")
        view.end("done", text=_sentence(task.target, made), **_facts(task.target, made))


def _check(known: Callable[[Path], object], path: Path) -> None:
    """Raises WrongUse for a name whose ending is none that can be written."""
    try:
        known(path)
    except FileFailed as error:
        raise WrongUse(str(error)) from error


def _show(report: EnhanceReport, view: FileProgress | JsonProgress, progress: JobProgress) -> None:
    now = time.monotonic()
    view.show(report.show(progress.frames, progress.total, fps=progress.rate, now=now), now=now)


def _facts(target: Path, made: FileReport) -> dict[str, Any]:
    return {
        "target": str(target),
        "frames": made.frames,
        "width": made.width,
        "height": made.height,
        "wall_s": round(made.wall_s, 2),
        "model": made.model,
        "engine": made.engine,
    }


def _sentence(target: Path, made: FileReport) -> str:
    rate = made.frames / made.wall_s if made.wall_s else 0.0
    said = (
        f"{target}: {made.frames} frames of {made.width}x{made.height} in "
        f"{made.wall_s:.1f} s ({rate:.1f} fps) by {made.model} on {made.engine}"
    )
    return "\n".join((said, *made.notes))


def _summary(report: EnhanceReport) -> str:
    total = report.done + report.skipped + report.failed
    if total < 2:
        return ""
    return f"{report.done} enhanced, {report.skipped} skipped, {report.failed} failed"


def _stamp(unfinished: Path) -> tuple[int, int] | None:
    """Returns time and size of the unfinished file, which change with it; None without a file."""
    try:
        status = unfinished.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _kept(target: Path, before: tuple[int, int] | None) -> str:
    """Returns a sentence that names the unfinished file; empty if this run did not write to it.

    ``before`` is the file's stamp at the beginning of the run.
    """
    unfinished = partial_of(target)
    if _stamp(unfinished) in (None, before):
        return ""
    return f" What was finished is in {unfinished}."
