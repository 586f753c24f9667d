"""``sharpcast enhance``: enhances a video file."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import CliError

if TYPE_CHECKING:
    from workers.transcode.job import FileReport


def enhance(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Video to read.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Video to write.")],
    model: Annotated[str, typer.Option(help="Net; default: SHARPCAST_MODEL.")] = "",
    engine: Annotated[str, typer.Option(help="Engine; default: SHARPCAST_ENGINE.")] = "",
    strength: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Style, 0 (faithful) to 1 (crisp); default: SHARPCAST_STRENGTH."
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
) -> None:
    """Enhance a video file: larger by the model's factor, every frame kept."""
    from cli import logs
    from cli.progress import FileProgress
    from wire.settings import load_settings
    from workers.transcode.job import enhance_file, partial_of

    settings = load_settings()
    logs.set_up(_level(settings.log_level), settings.log_format)
    with _naming(partial_of(target)), FileProgress() as progress:
        report = enhance_file(
            source,
            target,
            model=model or settings.model,
            strength=settings.strength if strength is None else strength,
            models_dir=settings.models_dir,
            engine=engine or settings.engine,
            engine_cache=settings.engine_cache,
            precision=settings.precision,
            threads=settings.worker_threads,
            on_losses=progress.say,
            on_progress=progress.show,
            overwrite=overwrite,
        )
    print(_summary(target, report))
    for note in report.notes:
        print(note)


def _level(level: str) -> str:
    # The progress bar redraws its line, and lines of the usual level would break it.
    return "warning" if level == "info" else level


@contextlib.contextmanager
def _naming(partial: Path) -> Iterator[None]:
    """Names the unfinished file where the block ends early. Raises CliError for known errors."""
    from workers.errors import WorkerError

    # An earlier run may have left such a file, which this one must not name as its own.
    before = _stamp(partial)
    try:
        yield
    except (WorkerError, OSError) as error:
        raise CliError(f"{error}{_kept(partial, before)}") from error
    except KeyboardInterrupt:
        print(f"Interrupted.{_kept(partial, before)}", file=sys.stderr)
        raise


def _stamp(partial: Path) -> tuple[int, int] | None:
    """Returns time and size of the unfinished file, which change with it; None without a file."""
    try:
        status = partial.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _kept(partial: Path, before: tuple[int, int] | None) -> str:
    """Returns a sentence that names the unfinished file; empty if this run did not write to it.

    ``before`` is the file's stamp at the beginning of the run.
    """
    if _stamp(partial) in (None, before):
        return ""
    return f" What was finished is in {partial}."


def _summary(target: Path, report: FileReport) -> str:
    rate = report.frames / report.wall_s if report.wall_s else 0.0
    return (
        f"{target}: {report.frames} frames of {report.width}x{report.height} in "
        f"{report.wall_s:.1f} s ({rate:.1f} fps) by {report.model} on {report.engine}"
    )
