"""Common parts of the benchmarks that write a page of ``docs``."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.grid import say

__all__ = ["page_parser", "write_page"]


def page_parser(name: str, description: str) -> argparse.ArgumentParser:
    """Returns the parser of ``python -m benchmarks.NAME``, which writes ``docs/NAME``."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}",
        description=description,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--out", type=Path, default=Path("docs") / name)
    return parser


def write_page(folder: Path, text: str) -> None:
    """Writes the page of a folder, whose pictures are there already."""
    (folder / "README.md").write_text(text)
    say(f"wrote {folder / 'README.md'}")
