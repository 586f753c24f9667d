"""Prometheus texts of several processes, put together into one; no I/O.

A text consists of families: two lines of help and type, then samples. A family may stand in a text
only once, so the samples of all processes go below one pair of lines, told apart by a label. Texts
of OpenMetrics have one line more, which ends them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

PROCESS = "process"
"""The label that names the process of a sample, where there are several."""

_STREAM = re.compile(r'[{,]stream="([^"]*)"')

END = "# EOF\n"
"""The last line of a text in OpenMetrics' form."""


def labelled(text: str, process: int) -> str:
    """Returns a text with the number of its process as one more label of each sample."""
    return "".join(_with_label(line, process) for line in _lines(text))


def _lines(text: str) -> list[str]:
    # Not by `splitlines`, which takes characters for ends of lines that may stand in a label.
    return [f"{line}\n" for line in text.split("\n") if line and f"{line}\n" != END]


def _with_label(line: str, process: int) -> str:
    if line.startswith("#"):
        return line
    label = f'{PROCESS}="{process}"'
    # The name has neither braces nor spaces, so the first of either ends it; what stands in the
    # values of labels comes later.
    name, brace, rest = line.partition("{")
    if not brace or " " in name:
        name, _, value = line.partition(" ")
        return f"{name}{{{label}}} {value}"
    return f"{name}{{{label}{'' if rest.startswith('}') else ','}{rest}"


def without_streams(text: str, hidden: Collection[str]) -> str:
    """Returns a text without the samples of these streams."""
    if not hidden:
        return text
    kept = (line for line in text.split("\n") if not _is_of(line, hidden))
    return "\n".join(kept)


def _is_of(line: str, hidden: Collection[str]) -> bool:
    # A quote within the value of another label stands behind a backslash, so this is the label.
    found = _STREAM.search(line)
    return found is not None and found[1] in hidden


def merged(texts: Iterable[str]) -> str:
    """Returns one text with each family once, in the order in which the families first came, and
    without ``END``.
    """
    families: dict[str, list[str]] = {}
    for text in texts:
        for header, samples in _families(text):
            families.setdefault(header, []).append(samples)
    return "".join(header + "".join(samples) for header, samples in families.items())


def _families(text: str) -> Iterator[tuple[str, str]]:
    """Yields the lines that begin each family, and those of its samples."""
    header, samples = "", ""
    for line in _lines(text):
        if line.startswith("# HELP "):
            if header:
                yield header, samples
            header, samples = line, ""
        elif line.startswith("#"):
            header += line
        else:
            samples += line
    if header:
        yield header, samples
