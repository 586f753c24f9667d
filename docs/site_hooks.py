"""Hooks of ``mkdocs build``: the navigation, pages beside ``docs``, the API, links to the code.

Pages are written for readers of the repository. What lies outside of ``docs`` and is a page of the
site too (README and others) is added as one; links to any other file show its path.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from docs.api_pages import openapi_document, written

ROOT = Path(__file__).parents[1]

OUTSIDE = {
    "README.md": "index.md",
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "wire/PROTOCOL.md": "project/protocol.md",
    "models/zoo/README.md": "project/zoo.md",
}
"""Pages beside ``docs``, by their place in the site."""

SECTIONS: dict[str, tuple[str, ...]] = {
    "Start": ("index.md", "install.md", "upgrade.md"),
    "Publish and watch": (
        *("obs.md", "browsers.md", "cameras.md", "hls.md", "embedding.md", "recording.md"),
    ),
    "Operate": (
        *("operations.md", "keys.md", "monitoring.md", "webhooks.md", "devices.md", "gpu.md"),
        *("redis.md", "tuning.md", "project/security.md", "limitations.md"),
    ),
    "API": ("api.md", "conformance.md"),
    "Measured": (
        *("benchmarks.md", "quality/README.md", "temporal/README.md", "sending/README.md"),
        *("residual/README.md", "split.md", "split/README.md", "team/README.md"),
        *("transport/README.md", "faults.md"),
    ),
    "Nets": ("models.md", "project/zoo.md"),
    "Inside": (
        *("architecture.md", "states.md", "project/protocol.md", "DECISIONS.md", "GLOSSARY.md"),
        *("project/contributing.md", "project/changelog.md"),
    ),
}
"""The navigation; a page that is in none comes last in *Inside*."""

_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")
_IMAGE = re.compile(r"!\[([^\]]*)\]\(docs/([^)\s]+)\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Sets the navigation from the pages that there are."""
    there = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    config.nav = navigation(there | {*OUTSIDE.values()}, [*written(openapi_document())])
    return config


def navigation(there: set[str], api: list[str]) -> list[dict[str, list[str]]]:
    """Returns the sections with the pages that exist, and with those in no section."""
    found = {name: [p for p in pages if p in there] for name, pages in SECTIONS.items()}
    found["API"] += api
    found["Inside"] += sorted(there - {page for pages in found.values() for page in pages})
    return [{name: pages} for name, pages in found.items()]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages beside ``docs`` and those of the API."""
    for source, target in OUTSIDE.items():
        files.append(File.generated(config, target, content=(ROOT / source).read_text()))
    for target, text in written(openapi_document()).items():
        files.append(File.generated(config, target, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Turns links of the repository into links of the site."""
    places = {target: source for source, target in OUTSIDE.items()}
    uri = page.file.src_uri
    if uri in written(openapi_document()):  # has links of the site already
        return markdown
    return relinked(markdown, source=places.get(uri, f"docs/{uri}"), target=uri)


def relinked(markdown: str, *, source: str, target: str) -> str:
    """Returns a page of ``source`` with the links that hold at ``target`` in the site.

    A link to a file that is no page becomes its text.
    """

    def link(found: re.Match[str]) -> str:
        text, path, anchor = found[1], found[2], found[3] or ""
        if "://" in path or path.startswith("mailto:"):
            return found[0]
        meant = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        place = OUTSIDE.get(meant, "")
        if meant.startswith("docs/"):
            place = meant.removeprefix("docs/")
        if not place or not _is_in_site(meant):
            return text
        return f"[{text}]({_from(target, place)}{anchor})"

    pictures = _IMAGE.sub(lambda m: f"![{m[1]}]({_from(target, m[2])})", markdown)
    return _LINK.sub(link, pictures)


def _is_in_site(path: str) -> bool:
    return path in OUTSIDE or ((ROOT / path).is_file() and not path.endswith(".py"))


def _from(page: str, place: str) -> str:
    return posixpath.relpath(place, posixpath.dirname(page) or ".")
