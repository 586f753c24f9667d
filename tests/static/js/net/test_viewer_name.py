"""The random name of a page's viewer (``net/viewer-name.js``)."""

from __future__ import annotations

import re

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_a_page_has_one_name_that_the_server_takes(run: Run) -> None:
    names = await run("net/viewer-name", "return [m.VIEWER_NAME, m.VIEWER_NAME];")
    assert names[0] == names[1] and re.fullmatch(r"[A-Za-z0-9_-]{12}", names[0])


@pytest.mark.parametrize(
    ("endpoint", "before"),
    [
        ("whep/cam", "whep/cam?viewer="),
        ("/whep/cam?rendition=source", "/whep/cam?rendition=source&viewer="),
        ("https://else.example/whep/cam", "https://else.example/whep/cam?viewer="),
    ],
)
async def test_it_stands_in_the_query_of_an_endpoint(run: Run, endpoint: str, before: str) -> None:
    found = await run("net/viewer-name", "return m.withViewerName(given);", endpoint)
    assert found.startswith(before)
    assert found.removeprefix(before) == await run("net/viewer-name", "return m.VIEWER_NAME;")


async def test_nothing_is_kept_in_the_browser(run: Run) -> None:
    body = "return [localStorage.length, sessionStorage.length, document.cookie];"
    assert await run("net/viewer-name", body) == [0, 0, ""]
