"""No codec is named in code outside ``media`` and a few tables: whoever adds one adds it there.

Names count in identifiers and in texts; comments and docstrings may cite a standard. Benchmarks and
the training of nets choose codecs to measure and to train with, and are not asked.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.source_tree import ROOT

PACKAGES = ("app", "wire", "workers", "cli", "models")

TABLES = {
    "cli/conformance/offers.py": "what a browser offers",
    "cli/publisher/codecs.py": "what FFmpeg's WHIP muxer takes",
    "models/training/codec.py": "encoders that training clips are sent through",
    "static/js/net/codecs.js": "the order in which pages offer codecs",
    "workers/bitstream/parsers.py": "our own bitstream parsers, by codec",
    "workers/encode/registry.py": "encoders, by codec",
    "workers/transcode/file_encoder.py": "encoders of files, in hardware and in software",
}
"""Files that hold a table of codecs, with what the table says."""

PLUG_INS = (
    "cli/publisher/h264_units.py",
    "workers/bitstream/vp8",
    "workers/encode/vp8.py",
    "workers/encode/x264.py",
)
"""What those tables name: each begins the paths of one codec's files."""

_NAME = re.compile(
    r"(?<![a-z0-9])(h\.?264|avc|vp8|vp9|av1|opus|dav1d)(?![a-z0-9])"
    r"|lib(x264|vpx|opus|aom|dav1d|svtav1)|(?<![a-z0-9])(vp8|vp9|x264|av1|h264)(?=[A-Z_])",
    re.IGNORECASE,
)
_SETTINGS = {"x264_preset"}
"""Names of settings that go to one encoder by its own words."""

_JS_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\\])//[^\n]*", re.DOTALL)


def is_excused(path: str) -> bool:
    return path in TABLES or path.startswith(PLUG_INS)


def _docstrings(tree: ast.Module) -> set[int]:
    """Identities of string expressions that stand alone."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def words(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, text) of every identifier and string constant."""
    docstrings = _docstrings(tree)
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in docstrings:
                yield line, node.value
            continue
        for field in ("id", "attr", "arg", "name", "asname", "module"):
            text = getattr(node, field, None)
            if isinstance(text, str):
                yield line, text


def faults_of(path: str, text: str) -> list[str]:
    if path.endswith(".js"):
        code = _JS_COMMENT.sub(lambda found: "\n" * found[0].count("\n"), text)
        found = list(enumerate(code.splitlines(), 1))
    else:
        found = list(words(ast.parse(text)))
    return [
        f"{path}:{line} names a codec: {word.strip()[:60]}"
        for line, word in found
        if _NAME.search(word) and word not in _SETTINGS
    ]


def test_codecs_are_named_in_media_and_the_tables_alone() -> None:
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    paths += sorted((ROOT / "static" / "js").rglob("*.js"))
    relative = {path.relative_to(ROOT).as_posix(): path for path in paths}
    faults = [
        fault
        for name, path in relative.items()
        if not is_excused(name)
        for fault in faults_of(name, path.read_text())
    ]
    assert faults == []


def test_every_excuse_is_needed() -> None:
    for name in TABLES:
        assert faults_of(name, (ROOT / name).read_text()), f"{name} names no codec any more"
    for start in PLUG_INS:
        paths = [path for each in ROOT.glob(f"{start}*") for path in (each, *each.rglob("*.py"))]
        files = [path for path in paths if path.is_file()]
        assert any(faults_of(path.name, path.read_text()) for path in files), start
    code = "".join(
        path.read_text() for package in PACKAGES for path in (ROOT / package).rglob("*.py")
    )
    assert all(name in code for name in _SETTINGS)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "if codec is Codec.VP9: pass"),
        ("a.py", "NAMES = {'h264': 1}"),
        ("a.py", "from media import vp8"),
        ("a.py", "x = make('libx264')"),
        ("a.py", "class Vp8Reader: pass"),
        ("a.py", "def read_h264(): pass"),
        ("a.py", "print(f'{x} is no H.264')"),
        ("a.js", "if (mime === 'video/AV1') return;"),
    ],
)
def test_a_name_is_found(path: str, text: str) -> None:
    assert faults_of(path, text)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", '"""Reads H.264 (RFC 6184)."""\nx = 1  # VP8 has none'),
        ("a.py", "preset = settings.x264_preset"),
        ("a.py", "place = 'wav1'"),
        ("a.js", "/** `H264`, VP8 */ let x = 'https://a/';"),
    ],
)
def test_comments_and_settings_are_no_fault(path: str, text: str) -> None:
    assert not faults_of(path, text)
