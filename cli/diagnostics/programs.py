"""Checks of what the server calls: encoders, inference engines; and the browser of the tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Set

import av

from cli.diagnostics.finding import Finding, fault, good, note
from media.codec_table import TABLE
from wire.settings import Settings
from workers.engines.registry import UNVERIFIED, engine_reasons

_ENCODERS = {
    each.encoder: f"{each.title} output" if each.kind == "video" else "sound of publish"
    for each in TABLE
    if each.encoder
}


def check_encoders(_: Settings) -> Iterator[Finding]:
    """Looks for every encoder that the tables of codecs name."""
    return encoders(av.codec.codecs_available)


def encoders(available: Set[str]) -> Iterator[Finding]:
    """Compares the encoders of the tables with those that PyAV has."""
    for name, purpose in _ENCODERS.items():
        if name in available:
            yield good(f"encoder {name}", purpose)
        else:
            yield fault(
                f"encoder {name}",
                f"PyAV is built without it: no {purpose}",
                "Install PyAV's own wheel, which has all of them: "
                "`pip install --force-reinstall --only-binary av av`.",
            )


def check_engines(_: Settings) -> Iterator[Finding]:
    """Tells which inference engines can be used."""
    for name, reason in engine_reasons().items():
        detail = reason or "usable"
        if name in UNVERIFIED:
            detail += "; this engine has not run on hardware yet"
        is_good = not reason and name not in UNVERIFIED
        yield (good if is_good else note)(f"engine {name}", detail)


def check_browser(_: Settings) -> Iterator[Finding]:
    """Looks for the browser of the tests."""
    if shutil.which("chromium"):
        yield good("chromium", "the browser tests can run")
    else:
        yield note("chromium", "not installed; only the browser tests need it")
