"""``sharpcast enhance``: enhances video files, folders of them, or one still."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from cli.loading import loading

_Inputs = Annotated[
    list[str],
    typer.Argument(metavar="IN", help="Films, globs in quotes, folders; or one IN, OUT."),
]
_Out = Annotated[
    Path | None, typer.Option("--out", help="Folder for all outputs; folders are mirrored there.")
]
_Suffix = Annotated[str, typer.Option("--format", help="mp4, mkv or y4m, with --out.")]
_Preview = Annotated[
    Path | None, typer.Option(help="Write one still of before and after, .png or .webp, no film.")
]
_Encoder = Annotated[
    str,
    typer.Option(help="For .mp4: auto, software, nvenc, qsv, amf, videotoolbox or v4l2m2m."),
]
_Model = Annotated[str, typer.Option(help="Net; default: SHARPCAST_MODEL.")]
_Engine = Annotated[str, typer.Option(help="Engine; default: SHARPCAST_ENGINE.")]
_Strength = Annotated[
    float | None,
    typer.Option(
        min=0, max=1, help="Style, 0 (faithful) to 1 (crisp); default: SHARPCAST_STRENGTH."
    ),
]
_Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what exists.")]
_Json = Annotated[bool, typer.Option("--json", help="Progress and results as lines of JSON.")]


def enhance(
    inputs: _Inputs,
    out: _Out = None,
    suffix: _Suffix = "mp4",
    preview: _Preview = None,
    encoder: _Encoder = "auto",
    model: _Model = "",
    engine: _Engine = "",
    strength: _Strength = None,
    overwrite: _Overwrite = False,
    as_json: _Json = False,
) -> None:
    """Enhance video files: larger by the model's factor, every frame kept.

    Exit status: 0 all done, 1 some failed, 2 wrong use, 130 interrupted.
    """
    # First: the libraries take seconds to load.
    signal.signal(signal.SIGTERM, _interrupt)
    with loading():
        from cli import logs
        from cli.enhance_run import EnhanceRun
        from wire.settings import load_settings
        from workers.transcode.job import FileOptions

    settings = load_settings()
    logs.set_up(_level(settings.log_level), settings.log_format)
    options = FileOptions(
        model=model or settings.model,
        strength=settings.strength if strength is None else strength,
        models_dir=settings.models_dir,
        engine=engine or settings.engine,
        engine_cache=settings.engine_cache,
        precision=settings.precision,
        threads=settings.worker_threads,
        encoder=encoder,
    )
    run = EnhanceRun(options, suffix=suffix, overwrite=overwrite, as_json=as_json)
    raise typer.Exit(run.start(inputs, out=out, preview=preview))


def _level(level: str) -> str:
    # The progress bar redraws its line, and lines of the usual level would break it.
    return "warning" if level == "info" else level


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Ends the work as Ctrl-C does."""
    raise KeyboardInterrupt
