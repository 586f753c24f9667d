"""The documentation's site: its navigation, links, pages of the API, and a strict build."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mkdocs", reason="mkdocs is not installed: pip install -e .[site]")
pytest.importorskip("material", reason="mkdocs-material is not installed: pip install -e .[site]")

from docs import api_pages, site_hooks
from tests.source_tree import ROOT

DOCUMENT: dict[str, Any] = {
    "paths": {
        "/api/v1/cats/{id}": {
            "get": {
                "description": "One cat.",
                "security": [{"token": []}],
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
                    {"name": "n", "in": "query", "schema": {"anyOf": [{"type": "integer"}]}},
                ],
                "responses": {
                    "200": {
                        "description": "It.",
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Cat"}}
                        },
                    }
                },
            }
        },
        "/healthz": {"get": {"summary": "Health", "responses": {"200": {"description": "Up."}}}},
    },
    "components": {
        "schemas": {
            "Cat": {
                "description": "A cat.",
                "properties": {"names": {"type": "array", "items": {"type": "string"}}},
            }
        }
    },
}


def test_the_navigation_has_pages_that_there_are_and_each_once() -> None:
    nav = site_hooks.navigation({"index.md", "install.md", "new.md"}, ["api/x.md"])
    sections = {name: pages for each in nav for name, pages in each.items()}
    assert sections["Start"] == ["index.md", "install.md"]
    assert sections["API"] == ["api/x.md"]
    assert sections["Inside"] == ["new.md"]
    pages = [page for each in site_hooks.SECTIONS.values() for page in each]
    assert len(set(pages)) == len(pages)


def test_links_of_the_repository_become_links_of_the_site() -> None:
    def shown(text: str, source: str = "docs/api.md", target: str = "api.md") -> str:
        return site_hooks.relinked(text, source=source, target=target)

    assert shown("[a](hls.md#b)") == "[a](hls.md#b)"
    assert shown("[a](../README.md)") == "[a](index.md)"
    assert shown("[`a`](../sharpcast.env.example)") == "`a`"
    assert shown("[a](https://x.example/) [b](#c)") == "[a](https://x.example/) [b](#c)"
    assert shown("[a](docs/api.md)", "README.md", "index.md") == "[a](api.md)"
    picture = "![a](docs/images/watch.png)"
    assert shown(picture, "README.md", "index.md") == "![a](images/watch.png)"
    assert shown("[a](../split.md)", "docs/split/README.md", "split/README.md") == (
        "[a](../split.md)"
    )


def test_a_page_of_the_api_tells_method_path_parameters_and_answers() -> None:
    pages = api_pages.written(DOCUMENT)
    assert set(pages) == {"api/cats.md", "api/server.md", "api/objects.md"}
    page = pages["api/cats.md"]
    for part in (
        "## `GET /api/v1/cats/{id}`",
        "One cat.",
        "Needs a token.",
        "| `id` | path | string |  |",
        "| `n` | query | integer | may be left out |",
        "| 200 | It. | `application/json` [Cat](objects.md#cat) |",
    ):
        assert part in page
    assert "| `names` | list of string |  |" in pages["api/objects.md"]
    assert "Health" in pages["api/server.md"]


def test_every_route_is_on_a_page() -> None:
    document = api_pages.openapi_document()
    text = "\n".join(api_pages.written(document).values())
    for path, operations in document["paths"].items():
        for method in operations:
            assert f"## `{method.upper()} {path}`" in text


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_it_builds_strictly_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr
    # Examples are for servers of users, and are shown as they are.
    pages = [each for each in tmp_path.rglob("*.html") if each.parent.name != "examples"]
    assert len(pages) > 30
    for page in pages:
        text = page.read_text()
        loaded = re.findall(
            r"<(?:script|link|img|iframe)[^>]*(?:src|href)=\"?(https?://[^\s\">]+)", text
        )
        assert loaded == [], page
    assert (tmp_path / "images/watch.png").exists()
    assert 'href="objects.html#' in (tmp_path / "api/whep.html").read_text()
    assert 'href="#stream' in (tmp_path / "api/objects.html").read_text()
    assert not [*tmp_path.rglob("*.py")]
